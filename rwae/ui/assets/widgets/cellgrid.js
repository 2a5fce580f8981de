// The cells of a sprite sheet, row by row: what each of them is, and which one is chosen.

import { COLUMNS, numberOf, SIDE, title } from "../lib/spritesheet.js";
import { make } from "./dom.js";

// How each status is named in the legend, in its order; also what marks a cell by a sign.
const STATUSES = {
  given: "given",
  corrected: "corrected by you",
  drawn: "drawn",
  draft: "draft",
  missing: "missing",
};

export class CellGrid {
  // rows: of the layout. choose(row, number): a cell was chosen, or with null a whole row.
  constructor(root, legend, rows, choose) {
    Object.assign(this, { legend, rows, choose, buttons: new Map(), chosen: null, playing: null });
    this.strips = rows.map((row, n) => this.#strip(row, n));
    const actions = [...new Set(rows.map(({ action }) => action))];
    root.replaceChildren(
      ...actions.map((action) => {
        const group = make("section", "rw-sprite-action", { "aria-label": action });
        const own = this.strips.filter((_, n) => rows[n].action === action);
        group.append(make("h3", "", {}, title(action)), ...own.map(({ node }) => node));
        return group;
      }),
    );
    root.addEventListener("keydown", (event) => this.#onKey(event));
  }

  #strip({ key, direction, columns }, row) {
    const node = make("div", "rw-sprite-row", { role: "group", "aria-label": title(key) });
    const name = make("button", "rw-sprite-name", { type: "button", tabindex: -1 }, direction);
    name.setAttribute("aria-label", `Play ${key}`);
    name.addEventListener("click", () => this.choose(row, null));
    const cells = make("div", "rw-sprite-cells");
    const canvas = make("canvas", "rw-ground", { width: columns * SIDE, height: SIDE });
    canvas.style.gridColumnEnd = columns + 1;
    cells.append(canvas);
    for (let column = 0; column < columns; column += 1) {
      const number = numberOf(row, column);
      const button = make("button", "rw-sprite-cell", { type: "button", tabindex: -1 });
      button.style.gridColumn = column + 1;
      button.addEventListener("click", () => this.choose(row, number));
      this.buttons.set(number, { button, row, column });
      cells.append(button);
    }
    if (columns < COLUMNS) cells.append(noCell(columns));
    node.append(name, cells);
    return { node, name, context: canvas.getContext("2d"), columns };
  }

  // Draws all cells, or only those that are given.
  show(sheet, givenOnly) {
    this.buttons.forEach(({ button, row, column }, number) => {
      const pixels = new ImageData(sheet.cell(number, givenOnly), SIDE, SIDE);
      this.strips[row].context.putImageData(pixels, column * SIDE, 0);
      const status = sheet.status(number);
      const drawn = status === "drawn" || status === "draft";
      button.dataset.status = givenOnly && drawn ? "missing" : status;
      const label = `${this.rows[row].key}, cell ${column + 1}: ${STATUSES[status]}`;
      button.setAttribute("aria-label", label);
    });
    this.#showLegend(sheet.counts());
  }

  #showLegend(counts) {
    const entries = Object.entries(STATUSES).filter(([status]) => counts[status]);
    this.legend.replaceChildren(
      ...entries.map(([status, words]) => {
        const sample = make("span", "rw-sprite-cell", { "data-status": status });
        return legendEntry(sample, `${words} ${counts[status]}`);
      }),
      legendEntry(make("span", "rw-sprite-none"), "no cell in the layout"),
    );
  }

  // Marks the row that plays and the cell that is chosen, which alone is reached by the Tab key.
  mark(row, chosen) {
    this.strips.forEach(({ node }, n) => {
      node.toggleAttribute("data-playing", n === row);
    });
    const reached = chosen ?? numberOf(row, 0);
    this.buttons.forEach(({ button }, number) => {
      button.tabIndex = number === reached ? 0 : -1;
      button.setAttribute("aria-pressed", String(number === chosen));
    });
    this.reached = reached;
  }

  // Marks the cell that the player shows just now.
  follow(number) {
    if (this.playing === number) return;
    this.buttons.get(this.playing)?.button.removeAttribute("data-now");
    this.buttons.get(number)?.button.setAttribute("data-now", "");
    this.playing = number;
  }

  scrollTo(number) {
    this.buttons.get(number).button.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  #onKey(event) {
    const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    const step = steps[event.key];
    if (!step || !event.target.matches(".rw-sprite-cell")) return;
    event.preventDefault();
    const { row, column } = this.buttons.get(this.reached);
    const next = Math.min(this.rows.length - 1, Math.max(0, row + step[0]));
    const last = this.rows[next].columns - 1;
    const number = numberOf(next, Math.min(last, Math.max(0, column + step[1])));
    this.choose(next, number);
    this.buttons.get(number).button.focus({ preventScroll: true });
    this.scrollTo(number);
  }
}

function legendEntry(sample, words) {
  const entry = make("li", "");
  sample.setAttribute("aria-hidden", "true");
  entry.append(sample, words);
  return entry;
}

// Where the layout has no cells.
function noCell(columns) {
  const node = make("span", "rw-sprite-none", { title: "The layout has no cells here." });
  node.style.gridColumn = `${columns + 1} / -1`;
  return node;
}
