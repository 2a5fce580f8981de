// A sprite sheet on the page: its exact pixels, which cells are given, drawn or missing, and what
// was corrected. Cells have numbers, counted row by row.

import { listed } from "./format.js";

export const SIDE = 64; // pixels of a cell
export const COLUMNS = 13; // cells of a row of the layout
export const CELL_BYTES = SIDE * SIDE * 4;
const WIDTH = COLUMNS * SIDE;
const MOST_COLOURS = 96; // that are offered for painting
const UNSURE = 128; // of 255: a pixel of less confidence is as likely wrong as right

export const numberOf = (row, column) => row * COLUMNS + column;

export const rowOf = (number) => Math.floor(number / COLUMNS);

// Copies the pixels of a cell out of those of a sheet.
function readCell(pixels, number) {
  const cell = new Uint8ClampedArray(CELL_BYTES);
  eachLine(number, (from, to) => cell.set(pixels.subarray(from, from + 4 * SIDE), to));
  return cell;
}

// Copies the pixels of a cell into those of a sheet.
function writeCell(pixels, number, cell) {
  eachLine(number, (to, from) => pixels.set(cell.subarray(from, from + 4 * SIDE), to));
}

// Where each line of a cell begins in a sheet, and in the cell.
function eachLine(number, use) {
  const [row, column] = [rowOf(number), number % COLUMNS];
  for (let line = 0; line < SIDE; line += 1) {
    use(4 * ((row * SIDE + line) * WIDTH + column * SIDE), 4 * SIDE * line);
  }
}

const holdsAnything = (cell) => {
  for (let at = 3; at < CELL_BYTES; at += 4) if (cell[at]) return true;
  return false;
};

// Pixels of a cell on those of another one; translucent ones are mixed as the page mixes them.
export function layCell(above, below) {
  const mixed = below.slice();
  for (let at = 0; at < mixed.length; at += 4) {
    const [top, under] = [above[at + 3] / 255, below[at + 3] / 255];
    const alpha = top + under * (1 - top);
    for (let c = 0; top > 0 && c < 3; c += 1) {
      mixed[at + c] = (above[at + c] * top + below[at + c] * under * (1 - top)) / alpha;
    }
    mixed[at + 3] = 255 * alpha;
  }
  return mixed;
}

export class SpriteSheet {
  // rows: of the layout, {key, action, direction, columns, cycle}. pixels: RGBA bytes.
  constructor(rows, pixels) {
    Object.assign(this, { rows, given: pixels, whole: pixels.slice() });
    this.drawn = new Map(); // by the number of a cell: {draft, confidence}
    this.corrected = new Map(); // and what a corrected cell was before
    this.wanted = []; // keys of the rows that were completed; null for all
    this.pending = 0; // corrections since the sheet was completed
    this.filled = new Set(this.numbers().filter((n) => holdsAnything(readCell(pixels, n))));
  }

  // All that this sheet is, for `restored`: JSON values, and `pictures` as bytes.
  snapshot() {
    const before = { given: this.given.slice(), whole: this.whole.slice() };
    this.corrected.forEach(({ given, whole }, number) => {
      writeCell(before.given, number, given);
      writeCell(before.whole, number, whole);
    });
    return {
      pictures: [this.given, this.whole, before.given, before.whole, this.confidence ?? []],
      drawn: [...this.drawn],
      corrected: [...this.corrected].map(([number, { drawn }]) => [number, drawn]),
      wanted: this.wanted,
      pending: this.pending,
    };
  }

  static restored(rows, { pictures, drawn, corrected, wanted, pending }) {
    const [given, whole, givenBefore, wholeBefore, confidence] = pictures;
    const sheet = new SpriteSheet(rows, given);
    const before = ([number, record]) => [
      number,
      {
        given: readCell(givenBefore, number),
        whole: readCell(wholeBefore, number),
        drawn: record,
      },
    ];
    Object.assign(sheet, { whole, confidence, wanted, pending, drawn: new Map(drawn) });
    sheet.corrected = new Map(corrected.map(before));
    return sheet;
  }

  // The numbers of all cells that the layout has.
  numbers() {
    return this.rows.flatMap((_, row) => this.numbersOf(row));
  }

  numbersOf(row) {
    return Array.from({ length: this.rows[row].columns }, (_, column) => numberOf(row, column));
  }

  // The pixels of a cell, of the given cells alone or of all.
  cell(number, givenOnly = false) {
    return readCell(givenOnly ? this.given : this.whole, number);
  }

  // "corrected", "given", "draft", "drawn" or "missing".
  status(number) {
    if (this.filled.has(number)) return this.corrected.has(number) ? "corrected" : "given";
    const drawn = this.drawn.get(number);
    if (drawn) return drawn.draft ? "draft" : "drawn";
    return "missing";
  }

  // How many cells have each status, of all or of one row.
  counts(row = null) {
    const counts = { given: 0, corrected: 0, drawn: 0, draft: 0, missing: 0 };
    (row === null ? this.numbers() : this.numbersOf(row)).forEach((number) => {
      counts[this.status(number)] += 1;
    });
    return counts;
  }

  // The rows to complete when one more is asked for, or all with null: keys, or null for all.
  rowsWith(key) {
    if (key === null || this.wanted === null) return null;
    return [...new Set([...this.wanted, key])];
  }

  // Whether cells were changed that the last completion did not know.
  get outdated() {
    return this.pending > 0 && this.drawn.size > 0;
  }

  // Whether a completion of a row, or with null of all, could draw anything that is not there yet.
  canComplete(row = null) {
    const { missing } = this.counts(row);
    const tried = this.wanted === null || this.wanted.includes(this.rows[row]?.key);
    return missing > 0 && (!tried || this.outdated);
  }

  // What stays missing after all was completed: directions, such as "back", and an action that has
  // one direction alone.
  get undrawn() {
    if (this.wanted !== null || this.outdated) return [];
    const rows = this.rows.filter((_, row) => this.counts(row).missing);
    const alone = (action) => this.rows.filter((row) => row.action === action).length === 1;
    const names = rows.map(({ action, direction }) => (alone(action) ? action : direction));
    return [...new Set(names)];
  }

  // Forgets what was drawn; the given cells and the corrected ones stay.
  restart() {
    this.whole = this.given.slice();
    this.drawn.clear();
    Object.assign(this, { wanted: [], pending: 0 });
  }

  // What a completion of some rows made: the pixels, its report (see
  // `rwae.sheets.Completion.report`), and a byte of confidence for each pixel, cell by cell.
  take({ pixels, report, confidence }, rows = null) {
    this.whole = pixels;
    this.confidence = confidence;
    this.wanted = rows;
    this.pending = 0;
    this.drawn.clear();
    this.rows.forEach(({ key }, row) => {
      report.rows[key].forEach(({ status, confidence }, column) => {
        if (status !== "drawn" && status !== "draft") return;
        this.drawn.set(numberOf(row, column), { draft: status === "draft", confidence });
      });
    });
  }

  // The points of a drawn cell that are as likely wrong as right: [x, y].
  unsure(number) {
    if (!this.drawn.has(number)) return [];
    const first = number * SIDE * SIDE;
    const cell = this.confidence.subarray(first, first + SIDE * SIDE);
    const alpha = this.cell(number);
    const points = [...cell.keys()].filter((at) => cell[at] < UNSURE && alpha[4 * at + 3]);
    return points.map((at) => [at % SIDE, Math.floor(at / SIDE)]);
  }

  // Puts a person's own pixels into a cell, which counts as given from now on. Transparent ones
  // make it missing.
  correct(number, cell) {
    if (!this.corrected.has(number)) {
      this.corrected.set(number, {
        given: readCell(this.given, number),
        whole: readCell(this.whole, number),
        drawn: this.drawn.get(number),
      });
    }
    this.#put(number, cell, cell);
    this.drawn.delete(number);
    this.pending += 1;
  }

  // Makes a cell missing. A drawn one is only taken away.
  clear(number) {
    if (this.filled.has(number)) this.correct(number, new Uint8ClampedArray(CELL_BYTES));
    if (this.drawn.delete(number)) this.pending += 1;
    writeCell(this.whole, number, readCell(this.given, number));
  }

  // Takes a correction back: the cell is what it was before the first one.
  takeBack(number) {
    const before = this.corrected.get(number);
    this.corrected.delete(number);
    this.#put(number, before.given, before.whole);
    if (before.drawn) this.drawn.set(number, before.drawn);
    this.pending += 1;
  }

  #put(number, given, whole) {
    writeCell(this.given, number, given);
    writeCell(this.whole, number, whole);
    if (holdsAnything(given)) this.filled.add(number);
    else this.filled.delete(number);
  }

  // The frames of a row in playing order: numbers of cells that hold something. A row of which
  // only the first cell of walking is there shows that one, and so does one where it is chosen.
  frames(row, givenOnly = false, chosen = null) {
    const shown = (number) => this.filled.has(number) || (!givenOnly && this.drawn.has(number));
    const cycle = this.rows[row].cycle.map((column) => numberOf(row, column)).filter(shown);
    if (cycle.includes(chosen) || (cycle.length && (chosen === null || !shown(chosen))))
      return cycle;
    return this.numbersOf(row).filter(shown);
  }

  // The colours of the given cells, the most frequent first: [red, green, blue, alpha].
  palette() {
    const counts = new Map();
    this.filled.forEach((number) => {
      const words = new Uint32Array(readCell(this.given, number).buffer);
      words.forEach((word) => {
        if (word >>> 24) counts.set(word, (counts.get(word) ?? 0) + 1);
      });
    });
    return [...counts]
      .sort(([, a], [, b]) => b - a)
      .slice(0, MOST_COLOURS)
      .map(([word]) => [...new Uint8Array(Uint32Array.of(word).buffer)]);
  }
}

const cells = (count) => `${count} ${count === 1 ? "cell" : "cells"}`;

// What is there and what to do next, in a sentence or two.
export function summary(sheet) {
  const { given, corrected, drawn, draft, missing } = sheet.counts();
  const sentences = [];
  const first = draft === 1 ? ", 1 is a draft: look at that first" : drafts(draft);
  if (drawn + draft) sentences.push(`${cells(drawn + draft)} drawn${first}.`);
  else if (!missing) sentences.push("Every cell is given: nothing is missing.");
  else sentences.push(`${given + corrected} of ${cells(sheet.numbers().length)} given.`);
  if (sheet.outdated) sentences.push("You changed cells: complete again to use them.");
  const { undrawn } = sheet;
  if (undrawn.length) {
    const many = missing === 1 ? "1 cell stays" : `${missing} cells stay`;
    const what = listed(undrawn);
    sentences.push(`${many} missing (${what}): too little is given to draw that.`);
  }
  return sentences.join(" ");
}

const drafts = (count) => (count ? `, ${count} are drafts: look at those first` : "");

// What a person reads of one cell.
export function cellWords(sheet, number) {
  const status = sheet.status(number);
  const { confidence } = sheet.drawn.get(number) ?? {};
  const sure = `about ${Math.round(100 * confidence)} % of its pixels should be right`;
  return {
    given: "Given: it stays as it is.",
    corrected: "Corrected by you: it counts as given.",
    drawn: `Drawn: ${sure}.`,
    draft: `A draft: ${sure}. Look at it.`,
    missing: "Missing.",
  }[status];
}

// "walk, front" as people read it: "Walk, front".
export const title = (key) => key[0].toUpperCase() + key.slice(1);

// Pixels as they travel between the page and the server: compressed by zlib, as text in answers.

const through = async (bytes, stream) =>
  new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());

export const packBytes = (bytes) => through(bytes, new CompressionStream("deflate"));

export const packText = async (bytes) =>
  btoa(Array.from(await packBytes(bytes), (byte) => String.fromCharCode(byte)).join(""));

// From the text of an answer.
export const unpackText = (text) =>
  through(
    Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)),
    new DecompressionStream("deflate"),
  );
