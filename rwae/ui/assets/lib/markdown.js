// Markdown as nodes of the page: what a model's card is written in. Nothing of it becomes HTML by
// being read as such, no picture is fetched, and links lead to the web alone, so that a card from
// anywhere is safe to show.

import { make } from "../widgets/dom.js";

const LONG_TABLE = 8; // rows of three cells or more, beyond which a table is folded

// The nodes of a text, in a fragment.
export function markdown(source) {
  const fragment = new DocumentFragment();
  const lines = source.replace(/<!--[\s\S]*?-->/g, "").split("\n");
  while (lines.length) {
    const kind = BLOCKS.find(({ starts }) => starts.test(lines[0]));
    kind.take(lines, fragment);
  }
  return fragment;
}

// Takes the lines off the top that belong together.
function takeWhile(lines, belongs) {
  const end = lines.findIndex((line, n) => n > 0 && !belongs(line));
  return lines.splice(0, end < 0 ? lines.length : end);
}

const OTHER = /^(#{1,6}\s|\s*(```|~~~|\|))/; // what ends a paragraph without an empty line
const ITEM = /^ {0,3}(?:[-*+]|\d{1,9}[.)])\s+/;

const BLOCKS = [
  { starts: /^\s*$/, take: (lines) => lines.shift() },
  {
    starts: /^\s*(```|~~~)/,
    take(lines, parent) {
      const fence = lines.shift().trim().slice(0, 3);
      const end = lines.findIndex((line) => line.trim().startsWith(fence));
      const pre = make("pre", "rw-code", { tabindex: "0" });
      const code = make("code", "");
      code.textContent = lines.splice(0, end < 0 ? lines.length : end).join("\n");
      lines.shift();
      pre.append(code);
      parent.append(pre);
    },
  },
  {
    starts: /^#{1,6}\s/,
    take(lines, parent) {
      const [, marks, words] = lines.shift().match(/^(#+)\s+(.*?)\s*#*$/);
      // The name of the model is a heading of the second level: these are below it.
      const heading = make(`h${Math.min(6, Math.max(3, marks.length + 1))}`, "");
      inline(words, heading);
      parent.append(heading);
    },
  },
  {
    starts: /^ {0,3}([-*_])( *\1){2,} *$/,
    take(lines, parent) {
      lines.shift();
      parent.append(make("hr", ""));
    },
  },
  {
    starts: /^\s*\|/,
    take: (lines, parent) => {
      parent.append(table(takeWhile(lines, (line) => /^\s*\|/.test(line))));
    },
  },
  {
    starts: ITEM,
    take(lines, parent) {
      const list = make(/^ {0,3}\d/.test(lines[0]) ? "ol" : "ul", "");
      while (lines.length && ITEM.test(lines[0])) {
        const item = make("li", "");
        const words = takeWhile(lines, (line) => line.trim() && !ITEM.test(line));
        inline(words.join(" ").replace(ITEM, ""), item);
        list.append(item);
        while (!lines[0]?.trim() && ITEM.test(lines[1] ?? "")) lines.shift();
      }
      parent.append(list);
    },
  },
  {
    starts: /^/,
    take(lines, parent) {
      const plain = (line) => line.trim() && !OTHER.test(line) && !ITEM.test(line);
      const words = takeWhile(lines, plain);
      const paragraph = make("p", "");
      inline(words.map((line) => line.replace(/^ {0,3}> ?/, "")).join(" "), paragraph);
      parent.append(paragraph);
    },
  },
];

// A table of lines with pipes; a long one is folded, and a wide one moves sideways by itself.
function table(lines) {
  const [head, rule, ...body] = lines.map(cells);
  const ruled = rule?.every((cell) => /^:?-+:?$/.test(cell));
  if (!ruled) body.unshift(...(rule ? [rule] : []));
  const right = (n) => (ruled && /^-+:$/.test(rule[n] ?? "") ? "rw-figure" : "");
  const node = make("table", "rw-table");
  const add = (row, place, tag) => {
    const line = place.insertRow();
    const alone = row.length > 1 && row.slice(1).every((words) => !words);
    (alone ? row.slice(0, 1) : row).forEach((words, n) => {
      const cell = make(n === 0 ? "th" : tag, right(n));
      if (alone) cell.colSpan = row.length;
      inline(words, cell);
      line.append(cell);
    });
  };
  if (head.some(Boolean)) add(head, node.createTHead(), "th");
  const place = node.createTBody();
  body.forEach((row) => {
    add(row, place, "td");
  });
  return boxed(node, head, body.length);
}

function boxed(node, head, rows) {
  const wide = make("div", "rw-wide");
  if (head.length > 2) {
    const moving = { tabindex: "0", role: "region", "aria-label": "Table" };
    Object.entries(moving).forEach(([name, value]) => {
      wide.setAttribute(name, value);
    });
  }
  wide.append(node);
  if (head.length < 3 || rows <= LONG_TABLE) return wide;
  const folded = make("details", "rw-more");
  const summary = make("summary", "");
  inline(head[0] || `A table of ${rows} rows`, summary);
  folded.append(summary, wide);
  return folded;
}

const cells = (line) =>
  line
    .trim()
    .replace(/^\||\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));

// Text with code, bold, emphasis and links; a picture becomes what it says instead of itself. The
// lengths are bounded, so that no text takes long to read.
const INLINE = new RegExp(
  [
    /(`{1,3})([^`]{1,300})\1/, // code
    /!\[([^\]]{0,300})\]\([^)]{0,600}\)/, // a picture
    /\[([^\]]{1,300})\]\(([^)\s]{1,600})[^)]{0,200}\)/, // a link
    /<(https?:\/\/[^>\s]{1,600})>/, // an address
    /\*\*([^*]{1,600})\*\*/, // bold
    /\*([^*\s][^*]{0,600})\*/, // emphasis
  ]
    .map(({ source }) => source)
    .join("|"),
  "g",
);

function inline(words, parent) {
  let rest = 0;
  for (const found of words.matchAll(INLINE)) {
    const [whole, , code, picture, label, target, bare, bold, leaning] = found;
    parent.append(words.slice(rest, found.index));
    rest = found.index + whole.length;
    if (picture !== undefined) parent.append(picture);
    else if (code !== undefined) {
      parent.append(Object.assign(make("code", ""), { textContent: code }));
    } else if (label ?? bare) parent.append(anchor(label ?? bare, target ?? bare));
    else {
      const node = make(bold === undefined ? "em" : "strong", "");
      inline(bold ?? leaning, node);
      parent.append(node);
    }
  }
  parent.append(words.slice(rest));
}

function anchor(label, target) {
  const node = /^https?:\/\//i.test(target)
    ? make("a", "", { href: target, target: "_blank", rel: "noopener noreferrer" })
    : make("span", "");
  node.textContent = label.replace(/[*`]/g, "");
  return node;
}
