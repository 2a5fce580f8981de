// Scores as a plot: a line from 0 to 100 % for each question, and as a table of the same numbers.

const SVG = "http://www.w3.org/2000/svg";
const TINTS = { who: "rw-tint-who", motion: "rw-tint-motion", both: "" };
// The marks of what stands beside the model, in the order of the legend.
const MARKS = [
  ["circle", { r: 4 }],
  ["rect", { x: -3.5, y: -3.5, width: 7, height: 7 }],
  ["path", { d: "M0-4.5 4.5 3.5H-4.5z" }],
  ["path", { d: "M0-5 5 0 0 5-5 0z" }],
];

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

// The sample standard deviation, of two values at least.
function deviation(values) {
  const centre = mean(values);
  const squares = values.map((value) => (value - centre) ** 2);
  return Math.sqrt(squares.reduce((sum, value) => sum + value, 0) / (values.length - 1));
}

const written = (value, share) => (share ? `${(100 * value).toFixed(1)} %` : value.toFixed(2));

function draw(parent, tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  Object.entries(attributes).forEach(([name, value]) => node.setAttribute(name, value));
  parent.append(node);
  return node;
}

// A mark at a share of the width; the nested svg moves the origin there. The model stands on the
// line and what it is compared with hangs below, so that neither ever hides the other.
function mark(parent, at, tag, attributes, names, y = "50%") {
  const origin = { x: `${100 * at}%`, y, overflow: "visible", "aria-hidden": "true" };
  const place = draw(parent, "svg", origin);
  return draw(place, tag, { ...attributes, class: names });
}

// The legend and a row for each measure that can be plotted.
function plotScores({ measures, seeds }) {
  const plotted = measures.filter((measure) => measure.plotted);
  const names = [...new Set(plotted.flatMap(({ beside }) => Object.keys(beside)))];
  const axis = make("p", "rw-axis-words rw-number", { "aria-hidden": "true" });
  ["0", "50", "100 %"].forEach((words) => {
    const word = make("span", "");
    word.textContent = words;
    axis.append(word);
  });
  return [legend(names, seeds.length), ...plotted.map((one) => measureRow(one, names)), axis];
}

function legend(names, trainings) {
  const list = make("ul", "rw-legend");
  const entry = (words, tag, attributes, style) => {
    const item = make("li", "");
    const picture = draw(item, "svg", { width: 12, height: 14, "aria-hidden": "true" });
    mark(picture, 0.5, tag, attributes, style);
    item.append(words);
    list.append(item);
  };
  if (trainings > 1) entry("mean", "rect", MEAN, "rw-mean");
  entry(trainings > 1 ? "each training" : "this model", "circle", { r: 4.5 }, "rw-run");
  names.forEach((name, n) => entry(name, ...MARKS[n % MARKS.length], "rw-rival"));
  return list;
}

const LINE = "36%"; // of the height
const QUARTERS = [0, 0.25, 0.5, 0.75, 1];
const MEAN = { x: -1.25, y: -9, width: 2.5, height: 18, rx: 1 };

function measureRow({ title, asks, part, values, beside }, names) {
  const row = make("figure", `rw-measure ${TINTS[part] ?? ""}`);
  const caption = make("figcaption", "");
  Object.entries({ b: title, span: asks }).forEach(([tag, words]) => {
    const line = make(tag, "");
    line.textContent = words;
    caption.append(line);
  });
  const number = make("span", "rw-number");
  number.textContent = written(mean(values), true);
  const words = spoken(values, beside);
  const picture = draw(row, "svg", { role: "img", "aria-label": words, height: 30 });
  QUARTERS.forEach((at) => mark(picture, at, "path", { d: "M0-13V13" }, "rw-grid-line"));
  draw(picture, "line", { x1: 0, x2: "100%", y1: LINE, y2: LINE, class: "rw-base-line" });
  names.forEach((name, n) => {
    if (name in beside) mark(picture, beside[name], ...MARKS[n % MARKS.length], "rw-rival", "80%");
  });
  if (values.length > 1) mark(picture, mean(values), "rect", MEAN, "rw-mean", LINE);
  values.forEach((value) => mark(picture, value, "circle", { r: 4.5 }, "rw-run", LINE));
  row.prepend(caption, number);
  return row;
}

function spoken(values, beside) {
  const runs = values.map((value) => written(value, true)).join(" and ");
  const average = values.length > 1 ? `${written(mean(values), true)} on average, ${runs}` : runs;
  const others = Object.entries(beside).map(([name, value]) => `${name}: ${written(value, true)}`);
  return [`This model: ${average}`, ...others].join("; ");
}

// All that is known, also what no plot from 0 to 100 % can show.
function tableOfScores({ measures }) {
  const names = [...new Set(measures.flatMap(({ beside }) => Object.keys(beside)))];
  const table = make("table", "rw-table");
  const line = (cells, head) => {
    const row = table.insertRow();
    cells.forEach((words, n) => {
      const cell = make(head || n === 0 ? "th" : "td", n ? "rw-figure" : "");
      if (head || n === 0) cell.scope = head ? "col" : "row";
      cell.textContent = words;
      row.append(cell);
    });
  };
  line(["", "this model", ...names], true);
  measures.forEach(({ title, values, share, beside }) => {
    const spread = values.length > 1
      ? ` ± ${share ? (100 * deviation(values)).toFixed(1) : deviation(values).toFixed(2)}` : "";
    const average = share
      ? `${(100 * mean(values)).toFixed(1)}${spread} %` : `${mean(values).toFixed(2)}${spread}`;
    const others = names.map((name) => (name in beside ? written(beside[name], share) : "-"));
    line([title, average, ...others], false);
  });
  return table;
}
