// What pack.py packed. The index first; the texts, most of the page, when they are there.

async function unpacked(id) {
  const coded = atob(document.getElementById(id).textContent);
  const bytes = new Uint8Array(coded.length);
  for (let at = 0; at < coded.length; at++) bytes[at] = coded.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

// In lower case and of the same length, so that places in one are places in the other:
// "İ" is the one letter that grows.
function lower(text) {
  return text.replaceAll("\u0130", "i").toLowerCase();
}

// Rows by number, over all tasks.
class Rows {
  constructor(index) {
    this.index = index;
    this.count = index.tasks.reduce((sum, task) => sum + task.samples.length, 0);
    this.task = new Uint16Array(this.count);
    this.starts = [];
    let at = 0;
    index.tasks.forEach((task, number) => {
      this.starts.push(at);
      this.task.fill(number, at, at += task.samples.length);
    });
    this.lines = new Finder(Array.from({ length: this.count }, (_, row) => this.line(row)));
    this.texts = null;
  }

  of(row) {
    const number = this.task[row];
    return { task: this.index.tasks[number], at: row - this.starts[number] };
  }

  line(row) {
    const { task, at } = this.of(row);
    const slices = task.slices.map(({ values, codes }) => values[codes[at]]);
    return [task.suite, task.task, task.samples[at], this.origin(row), ...slices].join(" ");
  }

  origin(row) {
    const { task, at } = this.of(row);
    return task.origin.values[task.origin.codes[at]];
  }

  slices(row) {
    const { task, at } = this.of(row);
    return task.slices.map(({ name, values, codes }) => [name, values[codes[at]]]).filter(([, value]) => value);
  }

  state(row, candidate) {
    const { task, at } = this.of(row);
    return this.index.states[task.states[candidate]?.[at] ?? this.index.states.length - 1];
  }

  // Of the scorers of a case: by which it was lost or won, or else the first that has a score.
  scorer(row, arm, candidate) {
    const { task, at } = this.of(row), against = task.scores[task.against[candidate]];
    const sign = { lost: -1, won: 1 }[this.state(row, candidate)];
    let best = task.scores[arm].findIndex(values => values[at] !== null), most = 0;
    if (!sign || !against) return best;
    task.scores[arm].forEach((values, scorer) => {
      const gap = sign * (values[at] - against[scorer][at]);
      if (values[at] !== null && against[scorer][at] !== null && gap > most) [best, most] = [scorer, gap];
    });
    return best;
  }

  find(suite, name, sample, origin) {
    for (const [number, task] of this.index.tasks.entries()) {
      if (task.suite !== suite || task.task !== name) continue;
      for (let at = task.samples.indexOf(sample); at >= 0; at = task.samples.indexOf(sample, at + 1)) {
        if (this.origin(this.starts[number] + at) === origin) return this.starts[number] + at;
      }
    }
    return -1;
  }

  read(blob) {
    const head = blob.indexOf("\n");
    this.texts = new Texts(JSON.parse(blob.slice(0, head)), blob.slice(head + 1), this);
  }

  // Keep only what is chosen: of each task all, none, or the rows with a code in a column.
  keep(kept, choose) {
    this.index.tasks.forEach((task, number) => {
      const start = this.starts[number], chosen = choose(task, number);
      if (chosen === true) return;
      if (!chosen) kept.fill(0, start, start + task.samples.length);
      else chosen[0].forEach((code, at) => { if (code !== chosen[1]) kept[start + at] = 0; });
    });
  }

  // 1 for every row that has the text in its line or, once they are read, in its texts.
  matching(wanted) {
    const found = new Uint8Array(this.count);
    this.lines.mark(wanted, found);
    this.texts?.mark(wanted, found);
    return found;
  }
}

// Texts of rows, one after another: which rows contain something.
class Finder {
  constructor(lines) {
    this.starts = new Uint32Array(lines.length + 1);
    lines.forEach((text, row) => { this.starts[row + 1] = this.starts[row] + text.length + 1; });
    this.text = lower(lines.join("\n"));
  }

  mark(wanted, found) {
    mark(this.text, this.starts, wanted, found);
  }
}

function mark(text, starts, wanted, found) {
  let row = 0;
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, starts[row])) {
    while (starts[row + 1] <= at) row++;
    found[row++] = 1;
    if (row >= found.length) return;
  }
}

class Texts {
  constructor(lengths, text, rows) {
    this.text = text;
    this.lower = lower(text);
    this.lengths = lengths;
    this.width = rows.count ? lengths.length / rows.count : 0;
    this.starts = new Uint32Array(lengths.length + 1);
    this.rows = new Uint32Array(rows.count + 1);
    lengths.forEach((length, at) => { this.starts[at + 1] = this.starts[at] + Math.max(length, 0) + 1; });
    for (let row = 0; row <= rows.count; row++) this.rows[row] = this.starts[row * this.width];
  }

  mark(wanted, found) {
    mark(this.lower, this.rows, wanted, found);
  }

  get(row, place) {
    const at = row * this.width + place;
    return this.lengths[at] < 0 ? null : this.text.slice(this.starts[at], this.starts[at] + this.lengths[at]);
  }

  prompt(row) { return this.get(row, 0); }
  target(row) { return this.get(row, 1); }
  answer(row, arm) { return this.get(row, 2 + 2 * arm); }
  note(row, arm) { return this.get(row, 3 + 2 * arm); }
}
