// Every case: search, filter, sort, and one case in full, which has an address of its own.

const SHOWN = 140;         // characters of an answer in a row
const MOST_CHOICES = 50;   // a slice with more values is an id
const GLYPHS = { lost: "regressed", won: "pass", unchanged: "", "not measured": "not_measured" };

function glyph(state) {
  if (!GLYPHS[state]) return "";
  const made = name => document.createElementNS("http://www.w3.org/2000/svg", name);
  const svg = made("svg"), use = made("use");
  svg.setAttribute("class", `glyph ${GLYPHS[state]}`);
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#g-${GLYPHS[state]}`);
  svg.append(use);
  return svg;
}

function number(value) {
  return value === null ? "–" : String(value).replace("-", "−");
}

function address(parts) {
  return "#case=" + parts.filter((part, at) => at < 3 || part !== "data").map(encodeURIComponent).join("/");
}

// Suite, task, case and origin of an address; nothing where it is none of ours.
function named(hash) {
  try {
    const [suite, task, sample, origin = "data"] = hash.slice("#case=".length).split("/").map(decodeURIComponent);
    return [suite, task, sample, origin];
  } catch {
    return [];
  }
}

class Browser {
  constructor(section, rows) {
    this.rows = rows;
    this.arms = rows.index.arms;
    this.form = section.querySelector("fieldset");
    this.told = section.querySelector("output");
    this.full = section.querySelector(".full");
    this.opened = -1;
    this.key = "state";
    this.falling = false;
    this.choices();
    const root = section.querySelector("[role=grid]");
    root.style.setProperty("--arms", this.arms.length);
    this.grid = new Grid(root, [
      { name: "State", key: "state", kind: "is" },
      { name: "Task and scorer", key: "task", kind: "of" },
      { name: "Case", key: "case", kind: "id" },
      ...this.arms.map(({ name, role }, at) => ({ name: line(name, 40), title: role, key: at, kind: "num" })),
      { name: "Answer of the candidate", kind: "says" },
    ], {
      draw: (node, row) => this.draw(node, row),
      open: (row, focus) => this.open(row, focus),
      sort: key => this.sort(key),
    });
    this.form.addEventListener("input", event => {
      if (event.target.name === "candidate") this.sort(this.key, this.falling);
      else this.filter();
    });
    this.full.addEventListener("keydown", event => { if (event.key === "Escape") root.focus(); });
    window.addEventListener("hashchange", () => this.visit());
    this.sort("state", false);
    section.hidden = false;
    this.grid.paint();
    this.visit();
  }

  get candidate() {
    return this.rows.index.candidates[this.form.elements.candidate?.value ?? 0];
  }

  // Place of the candidate among the arms.
  get place() {
    return this.arms.findIndex(({ name, role }) => role === "candidate" && name === this.candidate);
  }

  choices() {
    const { index } = this.rows, fields = this.form.elements;
    const values = { state: index.states, task: [], origin: new Set(), slice: new Map() };
    for (const task of index.tasks) {
      values.task.push(`${task.suite} ${task.task}`);
      task.origin.values.forEach(value => values.origin.add(value));
      for (const slice of task.slices) {
        const known = values.slice.get(slice.name) ?? new Set();
        values.slice.set(slice.name, known);
        slice.values.forEach(value => value && known.add(value));
      }
    }
    const option = (text, value) => new Option(line(text, 60), value);
    fields.state.append(...values.state.map((state, at) => option(state, at)));
    fields.task.append(...values.task.map((task, at) => option(task, at)));
    fields.origin.append(...[...values.origin].map(origin => option(origin, origin)));
    for (const [name, known] of values.slice) {
      if (known.size > MOST_CHOICES) continue;
      const group = document.createElement("optgroup");
      group.label = line(name, 60);
      group.append(...[...known].sort().map(value => option(value, JSON.stringify([name, value]))));
      fields.slice.append(group);
    }
    for (const name of ["task", "origin", "slice"]) {
      fields[name].closest("label").hidden = fields[name].querySelectorAll("option").length <= 2;
    }
  }

  // By a column; the same once more turns it round. What has no value comes last either way.
  sort(key, falling = key === this.key && !this.falling) {
    Object.assign(this, { key, falling });
    const { rows } = this, value = this.values(key), keys = new Float64Array(rows.count);
    for (let row = 0; row < rows.count; row++) {
      const found = value(row);
      keys[row] = found === null ? Infinity : falling ? -found : found;
    }
    this.order = Uint32Array.from(keys.keys()).sort((a, b) => keys[a] - keys[b] || a - b);
    this.grid.sorted(key, falling);
    this.filter();
  }

  values(key) {
    const { rows } = this;
    if (key === "state") return row => rows.index.states.indexOf(rows.state(row, this.candidate));
    if (key === "task") return row => rows.task[row];
    if (key === "case") return row => this.ranks()[row];
    return row => this.score(row, key);
  }

  // Of an arm, by the scorer that says most about the candidate; null where there is none.
  score(row, arm) {
    const { task, at } = this.rows.of(row), scorer = this.rows.scorer(row, this.place, this.candidate);
    return task.scores[arm][scorer]?.[at] ?? null;
  }

  ranks() {
    if (!this.ranked) {
      const { rows } = this, name = row => rows.of(row).task.samples[rows.of(row).at];
      const names = Array.from({ length: rows.count }, (_, row) => [name(row), row]);
      names.sort(([one], [other]) => one < other ? -1 : one > other ? 1 : 0);
      this.ranked = new Uint32Array(rows.count);
      names.forEach(([, row], rank) => { this.ranked[row] = rank; });
    }
    return this.ranked;
  }

  filter() {
    const { rows } = this, { search, state, task, origin, slice } = this.form.elements;
    const wanted = lower(search.value), [name, value] = slice.value ? JSON.parse(slice.value) : [];
    const kept = wanted ? rows.matching(wanted) : new Uint8Array(rows.count).fill(1);
    if (state.value) rows.keep(kept, one => [one.states[this.candidate], Number(state.value)]);
    if (task.value) rows.keep(kept, (_, number) => number === Number(task.value));
    if (origin.value) rows.keep(kept, ({ origin: of }) => [of.codes, of.values.indexOf(origin.value)]);
    if (name) {
      rows.keep(kept, ({ slices }) => {
        const of = slices.find(one => one.name === name);
        return of && [of.codes, of.values.indexOf(value)];
      });
    }
    const shown = this.order.filter(row => kept[row]);
    this.told.textContent = `${shown.length.toLocaleString("en")} of ${rows.count.toLocaleString("en")} cases` +
      (wanted && !rows.texts ? ", texts not read yet" : "");
    this.grid.show(shown);
  }

  draw(node, row) {
    const { rows } = this, { task, at } = rows.of(row), state = rows.state(row, this.candidate);
    const texts = rows.texts, [is, of, id, ...rest] = node.children, says = rest.pop();
    is.className = `is ${GLYPHS[state]}`;
    is.replaceChildren(glyph(state), ` ${state}`);
    const scorer = task.scorers[rows.scorer(row, this.place, this.candidate)];
    of.textContent = line(`${[task.task, scorer].filter(Boolean).join(".")} ${task.suite}`, 120);
    id.textContent = line(task.samples[at], 80);
    rest.forEach((cell, arm) => { cell.textContent = number(this.score(row, arm)); });
    says.textContent = texts ? line(texts.answer(row, this.place) ?? "–", SHOWN) : "…";
  }

  // The texts are there: what is shown may show them.
  read(blob) {
    this.rows.read(blob);
    if (this.form.elements.search.value) this.filter();
    this.grid.paint();
    if (this.opened >= 0) this.open(this.opened);
  }

  open(row, focus = false) {
    const { rows, full } = this, { task, at } = rows.of(row), state = rows.state(row, this.candidate);
    this.opened = row;
    const here = address([task.suite, task.task, task.samples[at], rows.origin(row)]);
    if (location.hash !== here) history.replaceState(null, "", here);
    const link = element("a", element("code", line(task.samples[at], 80)));
    link.href = here;
    const about = [rows.origin(row), ...rows.slices(row).map(([name, value]) => `${name} ${value}`)];
    full.className = `full flip ${GLYPHS[state]}`;
    full.replaceChildren(
      element("h3", glyph(state), " ", element("span", state), ` ${line(`${task.suite} ${task.task}`, 160)} `,
        link, element("small", line(about.join(" · "), 400))),
      ...(rows.texts ? this.texts(row) : [element("p.muted", "Its texts are being read.")]));
    full.hidden = false;
    if (focus) full.focus({ preventScroll: true });
    full.scrollIntoView({ block: "nearest" });
  }

  texts(row) {
    const { rows: { texts }, place } = this, against = this.against(row);
    const prompt = texts.prompt(row), target = texts.target(row);
    if (prompt === null) return [element("p.muted", "The texts of this case are in the history, not on this page.")];
    const answers = this.arms.map((_, arm) => texts.answer(row, arm));
    const sides = new Map();
    if (against >= 0 && answers[place] !== null && answers[against] !== null) {
      const [reference, candidate] = compared(answers[against], answers[place]);
      sides.set(against, reference).set(place, candidate);
    }
    const wide = answers.some(text => text?.length > 160);
    const list = element(wide ? "dl.answers.wide" : "dl.answers");
    if (target !== null) list.append(this.entry("target", "target", said(target)));
    // Side by side, the two that are compared come first.
    const order = wide ? [...sides.keys(), ...answers.keys()] : [...answers.keys()];
    for (const arm of new Set(order)) {
      const text = answers[arm];
      const { name, role } = this.arms[arm], note = texts.note(row, arm);
      const spoken = text === null ? element("span.muted", "no answer") : sides.get(arm) ?? said(text);
      const beside = note && element(note === "failed" ? "span.fault" : "span.muted", ` ${note}`);
      const title = role === name ? [line(name, 80)] : [line(name, 80), element("small", ` ${role}`)];
      list.append(this.entry(role, title, ...this.mark(row, arm), spoken, beside, this.scores(row, arm)));
    }
    return [element(wide ? "div.sides.wide" : "div.sides", element("div.prompt", said(prompt)), list)];
  }

  entry(role, title, ...content) {
    const dt = element("dt", ...[title].flat()), dd = element("dd", ...content);
    return element(`div.answer.${role}`, dt, dd);
  }

  // Right or wrong, where every scorer says the same.
  mark(row, arm) {
    const { task, at } = this.rows.of(row), marks = new Set(task.scores[arm].map(values => values[at]));
    marks.delete(null);
    const [mark] = marks;
    if (marks.size !== 1 || (mark !== 0 && mark !== 1)) return [];
    return [glyph(mark ? "won" : "lost"), element("span.unseen", mark ? "right" : "wrong"), " "];
  }

  scores(row, arm) {
    const { task, at } = this.rows.of(row), values = task.scores[arm];
    const told = task.scorers.map((scorer, place) => [scorer, values[place][at]]);
    return element("span.scores", ...told.filter(([, value]) => value !== null)
      .map(([scorer, value]) => element("span", `${line(scorer, 80)}\u00a0${number(value)}`)));
  }

  against(row) {
    return this.rows.of(row).task.against[this.candidate] ?? -1;
  }

  // To the case of the address, if it names one.
  visit() {
    if (!location.hash.startsWith("#case=")) return;
    const row = this.rows.find(...named(location.hash));
    if (row < 0) {
      this.told.textContent = "The address of this page names a case that is not on it.";
    } else if (row !== this.opened) {
      const at = this.grid.shown.indexOf(row);
      if (at >= 0) this.grid.go(at);
      this.open(row, true);
    }
  }
}

async function browse() {
  const section = document.getElementById("browse");
  if (!section) return;
  try {
    const browser = new Browser(section, new Rows(JSON.parse(await unpacked("index"))));
    document.querySelectorAll("[data-case]").forEach(code => {
      const link = element("a", ...code.childNodes);
      link.href = code.dataset.case;
      code.append(link);
    });
    document.querySelectorAll(".scripted").forEach(node => { node.hidden = false; });
    if (document.readyState === "loading") {
      await new Promise(done => document.addEventListener("DOMContentLoaded", done));
    }
    browser.read(await unpacked("texts"));
    section.dataset.read = "";
  } catch (error) {
    section.replaceChildren(element("p.fault", `The cases cannot be shown here: ${error.message}`));
    section.hidden = false;
    throw error;
  }
}

browse();
