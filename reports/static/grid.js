// Any number of rows, of which only those in sight are in the document.

const ROW = 32;            // pixels, as in report.css
const TALLEST = 15e6;      // browsers draw nothing further down than about this

class Grid {
  // `draw(node, row)` fills the cells of a row; `open(row)` shows it in full. A column with a key
  // can be sorted by.
  constructor(root, columns, { draw, open, sort }) {
    Object.assign(this, { root, draw, open, columns, shown: [], active: 0 });
    this.pool = [];
    this.head = element("div.tr.th", ...columns.map(({ name, title, key, kind }) => {
      if (key === undefined) return this.cell("columnheader", kind, name);
      const button = element("button", name);
      Object.assign(button, { type: "button", title: title ?? "" });
      button.addEventListener("click", () => sort(key));
      return this.cell("columnheader", kind, button);
    }));
    this.head.setAttribute("role", "row");
    this.head.setAttribute("aria-rowindex", "1");
    this.body = element("div.rows");
    root.replaceChildren(this.group("thead", this.head), this.group("tbody", this.body));
    root.setAttribute("aria-colcount", columns.length);
    root.addEventListener("scroll", () => this.paint(), { passive: true });
    root.addEventListener("keydown", event => this.key(event));
    new ResizeObserver(() => this.paint()).observe(root);
  }

  group(name, child) {
    const node = element(`div.${name}`, child);
    node.setAttribute("role", "rowgroup");
    return node;
  }

  cell(role, kind, ...content) {
    const node = element(`div.${kind}`, ...content);
    node.setAttribute("role", role);
    return node;
  }

  sorted(key, falling) {
    this.columns.forEach((column, at) => {
      if (column.key === undefined) return;
      const way = column.key !== key ? "none" : falling ? "descending" : "ascending";
      this.head.children[at].setAttribute("aria-sort", way);
    });
  }

  // Show these rows, from the top.
  show(rows) {
    this.shown = rows;
    this.active = 0;
    this.root.setAttribute("aria-rowcount", rows.length + 1);
    this.root.scrollTop = 0;
    this.paint();
  }

  get fit() {
    return Math.max(1, Math.floor((this.root.clientHeight - this.head.offsetHeight) / ROW));
  }

  // The first row in sight, and where it is drawn. A list that is too tall for a browser is drawn
  // shorter than it is: its bar moves through it proportionally.
  get first() {
    const count = this.shown.length, tall = count * ROW, top = this.root.scrollTop;
    if (tall <= TALLEST) {
      const first = Math.min(Math.floor(top / ROW), count);
      return [first, first * ROW];
    }
    return [Math.min(Math.floor(top / this.room * (count - this.fit)), count - this.fit), top];
  }

  // How far it scrolls.
  get room() {
    return Math.max(1, this.root.scrollHeight - this.root.clientHeight);
  }

  paint() {
    this.body.parentNode.style.height = `${Math.min(this.shown.length * ROW, TALLEST)}px`;
    const [first, top] = this.first;
    this.body.style.transform = `translateY(${top}px)`;
    const wanted = Math.min(this.fit + 2, this.shown.length - first);
    while (this.pool.length < wanted) this.pool.push(this.blank(this.pool.length));
    this.body.replaceChildren(...this.pool.slice(0, wanted));
    for (let at = 0; at < wanted; at++) this.fill(this.pool[at], first + at);
    const active = this.pool.slice(0, wanted).find(node => node.at === this.active);
    if (active) this.root.setAttribute("aria-activedescendant", active.id);
    else this.root.removeAttribute("aria-activedescendant");
  }

  blank(number) {
    const node = element("div.tr", ...this.columns.map(({ kind }) => this.cell("gridcell", kind)));
    node.id = `row-${number}`;
    node.setAttribute("role", "row");
    node.addEventListener("click", () => { this.active = node.at; this.paint(); this.open(this.row); });
    return node;
  }

  fill(node, at) {
    node.at = at;
    node.setAttribute("aria-rowindex", at + 2);
    node.setAttribute("aria-selected", at === this.active);
    this.draw(node, this.shown[at]);
  }

  get row() {
    return this.shown[this.active];
  }

  go(at) {
    this.active = Math.max(0, Math.min(at, this.shown.length - 1));
    const [first] = this.first, count = this.shown.length;
    let wanted = null;
    if (this.active < first) wanted = this.active;
    else if (this.active >= first + this.fit) wanted = this.active - this.fit + 1;
    if (wanted !== null && count * ROW <= TALLEST) this.root.scrollTop = wanted * ROW;
    else if (wanted !== null) {
      // Half a row more, lest rounding ends on the row before.
      this.root.scrollTop = (wanted + 0.5) / (count - this.fit) * this.room;
    }
    this.paint();
  }

  key(event) {
    const steps = {
      ArrowDown: 1, ArrowUp: -1, PageDown: this.fit, PageUp: -this.fit,
      Home: -this.shown.length, End: this.shown.length,
    };
    if (event.target !== this.root || !this.shown.length) return;
    if (event.key in steps) this.go(this.active + steps[event.key]);
    else if (event.key === "Enter") this.open(this.row, true);
    else return;
    event.preventDefault();
  }
}
