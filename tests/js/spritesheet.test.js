// A sprite sheet on the page: what each cell is, corrections, painting, and bytes that travel.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Painting } from "../../rwae/ui/assets/lib/painting.js";
import { SheetDraft } from "../../rwae/ui/assets/lib/sheetdraft.js";
import {
  CELL_BYTES,
  cellWords,
  layCell,
  numberOf,
  packBytes,
  SpriteSheet,
  summary,
  unpackText,
} from "../../rwae/ui/assets/lib/spritesheet.js";

const ROWS = [
  { key: "walk, front", action: "walk", direction: "front", columns: 3, cycle: [1, 2] },
  { key: "hurt, front", action: "hurt", direction: "front", columns: 2, cycle: [0, 1] },
];
const [STAND, STEP, LAST] = [0, 1, 2].map((column) => numberOf(0, column));
const FALL = numberOf(1, 0);
const RED = [255, 0, 0, 255];

const filled = (colour) => Uint8ClampedArray.from({ length: CELL_BYTES }, (_, n) => colour[n % 4]);

// The first cell of walking is given.
function sheet() {
  const made = new SpriteSheet(ROWS, new Uint8ClampedArray(2 * 13 * CELL_BYTES));
  made.correct(STAND, filled(RED));
  return new SpriteSheet(ROWS, made.given);
}

// The report of a completion that drew everything else; the last cell of walking is a draft.
function report() {
  const drawn = { status: "drawn", confidence: 0.9 };
  const walk = [{ status: "given" }, drawn, { status: "draft", confidence: 0.5 }];
  return { rows: { "walk, front": walk, "hurt, front": [drawn, drawn] } };
}

function completed() {
  const made = sheet();
  const whole = made.given.slice();
  const confidence = new Uint8Array(2 * 13 * 64 * 64).fill(255);
  made.take({ pixels: whole, report: report(), confidence });
  return made;
}

test("a sheet that begins anew keeps what is given and corrected", () => {
  const made = completed();
  made.correct(STEP, filled([0, 255, 0, 255]));
  made.restart();
  assert.deepEqual(made.counts(), { given: 1, corrected: 1, drawn: 0, draft: 0, missing: 3 });
  assert.deepEqual([...made.cell(STEP).slice(0, 4)], [0, 255, 0, 255]);
  assert.ok(made.canComplete());
});

test("a cell lies on another one as pictures do", () => {
  const over = (above) => [...layCell(filled(above), filled(RED)).slice(0, 4)];
  assert.deepEqual(over([1, 2, 3, 255]), [1, 2, 3, 255]);
  assert.deepEqual(over([1, 2, 3, 0]), RED);
  assert.deepEqual(over([0, 0, 255, 51]), [204, 0, 51, 255]);
});

test("each cell is given, missing, drawn or a draft", () => {
  assert.deepEqual(sheet().counts(), { given: 1, corrected: 0, drawn: 0, draft: 0, missing: 4 });
  const made = completed();
  assert.deepEqual(made.counts(), { given: 1, corrected: 0, drawn: 3, draft: 1, missing: 0 });
  assert.deepEqual(made.counts(1), { given: 0, corrected: 0, drawn: 2, draft: 0, missing: 0 });
  assert.equal(made.status(LAST), "draft");
  assert.match(cellWords(made, LAST), /50 %/);
});

test("a cell is put where it belongs and read back exactly", () => {
  const made = sheet();
  const cell = Uint8ClampedArray.from({ length: CELL_BYTES }, (_, n) => n % 251);
  made.correct(FALL, cell);
  assert.deepEqual(made.cell(FALL), cell);
  assert.deepEqual(made.cell(FALL, true), cell);
  assert.deepEqual(made.cell(STAND), filled(RED));
  assert.equal(made.given.filter(Boolean).length, CELL_BYTES / 2 + cell.filter(Boolean).length);
});

test("a correction counts as given, asks for another completion, and is taken back", () => {
  const made = completed();
  made.correct(LAST, filled(RED));
  assert.equal(made.status(LAST), "corrected");
  assert.match(summary(made), /complete again/);
  made.correct(LAST, filled([0, 0, 9, 255]));
  made.takeBack(LAST);
  assert.equal(made.status(LAST), "draft");
  assert.equal(made.cell(LAST).some(Boolean), false);
});

test("a drawn cell is cleared, and so is a given one, which can be taken back", () => {
  const made = completed();
  made.clear(STEP);
  assert.equal(made.status(STEP), "missing");
  assert.equal(made.corrected.size, 0);
  made.clear(STAND);
  assert.equal(made.status(STAND), "missing");
  made.takeBack(STAND);
  assert.equal(made.status(STAND), "given");
  assert.deepEqual(made.cell(STAND), filled(RED));
});

test("pixels that are as likely wrong as right are told of drawn cells alone", () => {
  const made = completed();
  made.whole.fill(255);
  made.confidence[LAST * 64 * 64 + 64 * 3 + 5] = 90;
  made.confidence[STAND * 64 * 64] = 0;
  assert.deepEqual(made.unsure(LAST), [[5, 3]]);
  assert.deepEqual(made.unsure(STAND), []);
});

test("a row plays what is there, and standing only where nothing else is", () => {
  assert.deepEqual(sheet().frames(0), [STAND]);
  assert.deepEqual(completed().frames(0), [STEP, LAST]);
  assert.deepEqual(completed().frames(0, true), [STAND]);
  assert.deepEqual(completed().frames(0, false, STAND), [STAND, STEP, LAST]);
  assert.deepEqual(sheet().frames(1), []);
});

test("all is completed once, and again after a change", () => {
  const made = sheet();
  assert.ok(made.canComplete() && made.canComplete(1));
  const unable = report();
  unable.rows["hurt, front"][1] = { status: "missing" };
  made.take({ pixels: made.given.slice(), report: unable }, made.rowsWith("hurt, front"));
  assert.ok(made.canComplete() && !made.canComplete(1));
  assert.deepEqual(made.rowsWith("walk, front"), ["hurt, front", "walk, front"]);
  made.take({ pixels: made.given.slice(), report: unable }, made.rowsWith(null));
  assert.ok(!made.canComplete() && !made.canComplete(1));
  assert.equal(made.rowsWith("walk, front"), null);
  assert.match(summary(made), /1 cell stays missing \(hurt\): too little/);
  made.clear(FALL);
  assert.ok(made.outdated && made.canComplete(1));
});

test("a summary says how many cells are drafts", () => {
  assert.equal(summary(sheet()), "1 of 5 cells given.");
  assert.equal(summary(completed()), "4 cells drawn, 1 is a draft: look at that first.");
});

test("the palette holds the colours of the given cells, the most frequent first", () => {
  const made = sheet();
  const other = filled([0, 0, 0, 0]);
  other.set([1, 2, 3, 255]);
  made.correct(FALL, other);
  assert.deepEqual(made.palette(), [RED, [1, 2, 3, 255]]);
});

test("a stroke is one step, has no gaps and stays inside", () => {
  const painting = new Painting(new Uint8ClampedArray(CELL_BYTES));
  painting.begin();
  painting.paint(0, 0, RED);
  painting.paint(70, 35, RED);
  for (let x = 0; x < 64; x += 1) {
    const column = Array.from({ length: 64 }, (_, y) => painting.at(x, y)[3]);
    assert.ok(column.some(Boolean), `column ${x}`);
  }
  painting.undo();
  assert.equal(painting.pixels.some(Boolean), false);
  assert.ok(!painting.canUndo && painting.canRedo);
  painting.redo();
  assert.deepEqual(painting.at(0, 0), RED);
  painting.replace(new Uint8ClampedArray(CELL_BYTES));
  assert.deepEqual(painting.at(0, 0), [0, 0, 0, 0]);
  painting.undo();
  assert.deepEqual(painting.at(0, 0), RED);
});

test("bytes come back as they were packed", async () => {
  const bytes = Uint8Array.from({ length: 70_000 }, (_, n) => (n * n) % 253);
  const text = btoa(String.fromCharCode(...(await packBytes(bytes)).slice()));
  assert.deepEqual(await unpackText(text), bytes);
});

test("a sheet is the same after a reload, and its corrections can be taken back", async () => {
  const made = completed();
  made.correct(LAST, filled(RED));
  const kept = new Map();
  const storage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (...pair) => kept.set(...pair),
  };
  const words = { name: "hero.png", below: ["idle"] };
  await new SheetDraft(storage, ROWS).write({ sheet: made, body: sheet(), words });
  const again = await new SheetDraft(storage, ROWS).read();
  assert.deepEqual(again.words, words);
  assert.deepEqual(again.body.counts(), sheet().counts());
  assert.deepEqual(again.sheet.counts(), made.counts());
  assert.deepEqual(again.sheet.whole, new Uint8Array(made.whole));
  again.sheet.takeBack(LAST);
  assert.deepEqual(again.sheet.counts(), completed().counts());
});

test("a full or damaged storage keeps no sheet", async () => {
  const full = {
    setItem: () => {
      throw new Error("full");
    },
    removeItem: () => {},
    getItem: () => "{",
  };
  await new SheetDraft(full, ROWS).write({ sheet: sheet(), body: null, words: {} });
  assert.equal(await new SheetDraft(full, ROWS).read(), null);
  assert.equal(await new SheetDraft(null, ROWS).read(), null);
});
