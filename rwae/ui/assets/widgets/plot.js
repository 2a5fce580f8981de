// Scores as a plot: a line from 0 to 100 % for each question, and as a table of the same numbers.

import { make } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const TINTS = { who: "rw-tint-who", motion: "rw-tint-motion", both: "" };
// The marks of what the model is compared with, in the order of the legend.
const MARKS = [
  ["circle", { r: 4 }],
  ["rect", { x: -3.5, y: -3.5, width: 7, height: 7 }],
  ["path", { d: "M0-4.5 4.5 3.5H-4.5z" }],
  ["path", { d: "M0-5 5 0 0 5-5 0z" }],
  ["path", { d: "M-4-4 4 4M-4 4 4-4" }],
];
const MEAN_MARK = { x: -1.25, y: -9, width: 2.5, height: 18, rx: 1 };
const RUN_MARK = { r: 4.5 }; // of one training
const LINE_HEIGHT = "36%"; // where the line is, and the model's marks
const BELOW_LINE = "80%"; // where what it is compared with is: neither ever hides the other
const QUARTERS = [0, 0.25, 0.5, 0.75, 1];

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

// The sample standard deviation, of two values at least.
function standardDeviation(values) {
  const centre = mean(values);
  const squares = values.map((value) => (value - centre) ** 2);
  return Math.sqrt(squares.reduce((sum, value) => sum + value, 0) / (values.length - 1));
}

const scoreText = (value, isShare) =>
  isShare ? `${(100 * value).toFixed(1)} %` : value.toFixed(2);

function appendSvg(parent, tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  Object.entries(attributes).forEach(([name, value]) => {
    node.setAttribute(name, value);
  });
  parent.append(node);
  return node;
}

// A mark at a share of the width; the nested svg moves the origin there.
function appendMark(parent, at, [tag, attributes], className, y = "50%") {
  const origin = { x: `${100 * at}%`, y, overflow: "visible", "aria-hidden": "true" };
  return appendSvg(appendSvg(parent, "svg", origin), tag, { ...attributes, class: className });
}

const comparedWith = (measures) => [
  ...new Set(measures.flatMap(({ beside }) => Object.keys(beside))),
];

// The legend and a row for each measure that can be plotted.
export function plotScores({ measures, seeds }) {
  const plotted = measures.filter((measure) => measure.plotted);
  const names = comparedWith(plotted);
  const axis = make("p", "rw-axis-words rw-number", { "aria-hidden": "true" });
  axis.append(...["0", "50", "100 %"].map((words) => make("span", "", {}, words)));
  const rows = plotted.map((measure) => measureRow(measure, names));
  return [legend(names, seeds.length), ...rows, axis];
}

function legend(names, trainings) {
  const list = make("ul", "rw-legend");
  const entry = (words, mark, className) => {
    const item = make("li", "");
    const picture = appendSvg(item, "svg", { width: 12, height: 14, "aria-hidden": "true" });
    appendMark(picture, 0.5, mark, className);
    item.append(words);
    list.append(item);
  };
  if (trainings > 1) entry("mean", ["rect", MEAN_MARK], "rw-mean");
  const runs = trainings > 1 ? "each training" : "this model";
  entry(runs, ["circle", RUN_MARK], "rw-run");
  names.forEach((name, n) => {
    entry(name, MARKS[n % MARKS.length], "rw-rival");
  });
  return list;
}

function measureRow({ title, asks, part, values, beside }, names) {
  const row = make("figure", `rw-measure ${TINTS[part] ?? ""}`);
  const caption = make("figcaption", "");
  caption.append(make("b", "", {}, title), make("span", "", {}, asks));
  const number = make("span", "rw-number", {}, scoreText(mean(values), true));
  const label = rowLabel(values, beside);
  const picture = appendSvg(row, "svg", { role: "img", "aria-label": label, height: 30 });
  QUARTERS.forEach((at) => {
    appendMark(picture, at, ["path", { d: "M0-13V13" }], "rw-grid-line");
  });
  const line = { x1: 0, x2: "100%", y1: LINE_HEIGHT, y2: LINE_HEIGHT, class: "rw-base-line" };
  appendSvg(picture, "line", line);
  names.forEach((name, n) => {
    if (!(name in beside)) return;
    appendMark(picture, beside[name], MARKS[n % MARKS.length], "rw-rival", BELOW_LINE);
  });
  if (values.length > 1) {
    appendMark(picture, mean(values), ["rect", MEAN_MARK], "rw-mean", LINE_HEIGHT);
  }
  values.forEach((value) => {
    appendMark(picture, value, ["circle", RUN_MARK], "rw-run", LINE_HEIGHT);
  });
  row.prepend(caption, number);
  return row;
}

// What a screen reader says of a row.
function rowLabel(values, beside) {
  const runs = values.map((value) => scoreText(value, true)).join(" and ");
  const average =
    values.length > 1 ? `${scoreText(mean(values), true)} on average, ${runs}` : runs;
  const others = Object.entries(beside).map(
    ([name, value]) => `${name}: ${scoreText(value, true)}`,
  );
  return [`This model: ${average}`, ...others].join("; ");
}

// All that is known, also what no plot from 0 to 100 % can show.
export function scoreTable({ measures }) {
  const names = comparedWith(measures);
  const table = make("table", "rw-table");
  const line = (cells, isHead) => {
    const row = table.insertRow();
    cells.forEach((words, n) => {
      const heading = isHead || n === 0;
      const cell = make(heading ? "th" : "td", n ? "rw-figure" : "", {}, words);
      if (heading) cell.scope = isHead ? "col" : "row";
      row.append(cell);
    });
  };
  line(["", "this model", ...names], true);
  measures.forEach(({ title, values, share, beside }) => {
    const others = names.map((name) => (name in beside ? scoreText(beside[name], share) : "-"));
    line([title, meanText(values, share), ...others], false);
  });
  return table;
}

// "60.0 ± 14.1 %": the mean and the standard deviation over the trainings.
function meanText(values, isShare) {
  const number = (value) => (isShare ? (100 * value).toFixed(1) : value.toFixed(2));
  const deviation = values.length > 1 ? ` ± ${number(standardDeviation(values))}` : "";
  return `${number(mean(values))}${deviation}${isShare ? " %" : ""}`;
}
