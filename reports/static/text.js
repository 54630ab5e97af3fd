"use strict";
// Text from models and data as nodes: nothing in it is hidden, nothing in it is markup.
// The rules are those of visible.py and differences.py.

const HIDDEN = "\\p{Cc}\\p{Cf}\\p{Cn}\\p{Co}\\p{Cs}\\p{Zl}\\p{Zp}\\p{Zs}" +
  "\\u034f\\u115f\\u1160\\u17b4\\u17b5\\u2800\\u3164\\uffa0" +
  "\\u180b-\\u180d\\u180f\\ufe00-\\ufe0f\\u{e0100}-\\u{e01ef}";
const UNSEEN = new RegExp(
  `\\n|(?<![^\\n]) +| +(?![^\\n])| {2,}|(?:(?![ \\n])[${HIDDEN}])+` +
  "|(?<=[\\p{Mn}\\p{Me}]{2})[\\p{Mn}\\p{Me}]+", "gu");
const NAMES = { "\t": "⇥", "\0": "⟨NUL⟩", "\x07": "⟨BEL⟩", "\b": "⟨BS⟩", "\r": "⟨CR⟩", "\x1b": "⟨ESC⟩" };
const LONGEST_DIFFERENCE = 1_000_000;

// [{text, mark}]: mark where it stands for something that cannot be seen.
function pieces(text) {
  const found = [];
  let start = 0;
  for (const { 0: unseen, index } of text.matchAll(UNSEEN)) {
    if (index > start) found.push({ text: text.slice(start, index), mark: false });
    if (unseen === "\n") {
      found.push({ text: "↵", mark: true }, { text: "\n", mark: false });
    } else if (unseen[0] === " ") {
      found.push({ text: "·".repeat(unseen.length), mark: true });
    } else {
      for (const char of unseen) {
        const code = char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
        found.push({ text: NAMES[char] ?? `⟨U+${code}⟩`, mark: true });
      }
    }
    start = index + unseen.length;
  }
  if (start < text.length) found.push({ text: text.slice(start), mark: false });
  return found;
}

// On one line, at most so many characters.
function line(text, limit) {
  const shown = pieces(text.slice(0, limit)).filter(piece => piece.text !== "\n");
  return shown.map(piece => piece.text).join("") + (text.length > limit ? "…" : "");
}

function words(text) {
  return pieces(text).flatMap(({ text, mark }) => mark ? [{ text, mark }]
    : text.match(/[\p{L}\p{M}\p{N}_]+|\s+|[^\p{L}\p{M}\p{N}_\s]/gu).map(word => ({ text: word, mark })));
}

// For each word of either side, whether the other has it not: a longest common subsequence.
function changes(one, other) {
  const same = (a, b) => a.text === b.text && a.mark === b.mark;
  let head = 0, tail = 0;
  const most = Math.min(one.length, other.length);
  while (head < most && same(one[head], other[head])) head++;
  while (tail < most - head && same(one[one.length - 1 - tail], other[other.length - 1 - tail])) tail++;
  const a = one.slice(head, one.length - tail), b = other.slice(head, other.length - tail);
  const left = one.map((_, at) => at >= head && at < head + a.length);
  const right = other.map((_, at) => at >= head && at < head + b.length);
  if (a.length * b.length > LONGEST_DIFFERENCE) return [left, right];
  const width = b.length + 1;
  const longest = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      longest[i * width + j] = same(a[i], b[j]) ? 1 + longest[(i + 1) * width + j + 1]
        : Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
    }
  }
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (same(a[i], b[j])) left[head + i++] = right[head + j++] = false;
    else if (longest[(i + 1) * width + j] >= longest[i * width + j + 1]) i++;
    else j++;
  }
  return [left, right];
}

function element(tag, ...content) {
  const [name, ...classes] = tag.split(".");
  const node = document.createElement(name);
  if (classes.length) node.className = classes.join(" ");
  node.append(...content);
  return node;
}

function drawn(list) {
  return list.map(({ text, mark }) => mark ? element("i", text) : text);
}

function said(text) {
  return element("bdi.said", ...(text ? drawn(pieces(text)) : [element("i", "empty")]));
}

// Both texts, with the words that only one of them has inside <del> and <ins>. Texts that have
// no word in common are shown as they are: there is nothing to find in them.
function compared(reference, candidate) {
  const sides = [words(reference), words(candidate)];
  const marks = changes(...sides);
  const kept = sides[0].some(({ text, mark }, at) => !mark && !marks[0][at] && text.trim());
  if (!kept) return [said(reference), said(candidate)];
  return sides.map((list, side) => {
    const node = element("bdi.said");
    for (let start = 0, end = 0; start < list.length; start = end) {
      while (end < list.length && marks[side][end] === marks[side][start]) end++;
      const run = drawn(list.slice(start, end));
      node.append(...(marks[side][start] ? [element(side ? "ins" : "del", ...run)] : run));
    }
    return list.length ? node : said("");
  });
}
