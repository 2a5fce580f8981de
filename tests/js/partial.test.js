// Partial rendering: which frames are asked for, and where they go.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { PartialRendering } from "../../rwae/ui/assets/lib/partial.js";
import { pass, randomClip, randomNumbers, stopTime } from "./helpers.js";

// A sheet whose pixels are the codes themselves.
class FakeSheet {
  constructor(rows, writable = false) {
    Object.assign(this, { rows, writable });
  }

  writableRow(row, frames) {
    return new FakeSheet([this.rows[row].slice(0, frames)], true);
  }

  paste(other, columns) {
    columns.forEach((column, n) => {
      this.rows[0][column] = other.rows[0][n];
    });
  }
}

const frames = ({ static: who, dynamic }) => dynamic.map((row) => JSON.stringify([who, row]));
const decode = async (clips, exact) => ({ sheet: new FakeSheet(clips.map(frames)), exact });

let inSight;
let rendering;
let clip;

beforeEach(() => {
  stopTime();
  inSight = [0];
  clip = randomClip(randomNumbers(1));
  rendering = new PartialRendering(decode, true, () => inSight);
  rendering.keep(clip, new FakeSheet([frames(clip), frames(clip)]), 1);
});

const withFrame = (codes, frame) => ({
  ...codes,
  dynamic: codes.dynamic.map((row, n) => (n === frame ? [7, 7] : row)),
});

const shown = () => rendering.sheet.rows[rendering.row];

async function render(codes, exact = false) {
  const answer = await rendering.ask(codes, exact);
  return { answer, more: rendering.take(answer, codes) };
}

test("a change of one frame asks for that frame alone", async () => {
  const edited = withFrame(clip, 2);
  const { answer, more } = await render(edited);
  assert.deepEqual(answer.frames, [2]);
  assert.ok(!more);
  assert.deepEqual(shown(), frames(edited));
});

test("the example that is drawn over stays as it was", async () => {
  const { sheet } = rendering;
  const before = structuredClone(sheet.rows);
  await render(withFrame(clip, 2));
  assert.deepEqual(sheet.rows, before);
});

test("of several outdated frames the one in sight comes first, then the others", async () => {
  inSight = [3];
  const edited = { ...clip, static: [1, 2, 3] };
  const first = await render(edited);
  assert.deepEqual(first.answer.frames, [3]);
  assert.ok(first.more);
  const second = await render(edited);
  assert.deepEqual(second.answer.frames, [0, 1, 2]);
  assert.ok(!second.more);
  assert.deepEqual(shown(), frames(edited));
});

test("in a long drag no frame falls far behind", async () => {
  const counts = [];
  for (let n = 0; n < 30; n += 1) {
    const { answer } = await render({ ...clip, static: [n, n, n] });
    counts.push(answer.frames.length);
    await pass(20);
  }
  assert.ok(counts.filter((count) => count === 1).length > 15);
  assert.ok(counts.filter((count) => count === 4).length >= 3);
});

test("frames that come along with every second move were asked for least recently", async () => {
  rendering.spare = () => 2;
  const asked = [];
  for (let n = 0; n < 6; n += 1) {
    const { answer } = await render({ ...clip, static: [n, n, n] });
    asked.push(answer.frames);
    await pass(20);
  }
  assert.deepEqual(asked, [[0], [0, 1, 2], [0], [0, 3, 1], [0], [0, 2, 3]]);
});

test("an exact picture is decoded in one piece", async () => {
  const edited = withFrame(clip, 2);
  const { answer, more } = await render(edited, true);
  assert.equal(answer.frames, null);
  assert.ok(!more);
  assert.deepEqual(shown(), frames(edited));
});

test("a model whose frames depend on each other is decoded whole", async () => {
  rendering.independent = false;
  const { answer } = await render(withFrame(clip, 2));
  assert.equal(answer.frames, null);
});

test("a clip that did not change asks for nothing", async () => {
  const { answer, more } = await render(structuredClone(clip));
  assert.deepEqual(answer.frames, []);
  assert.equal(answer.sheet, undefined);
  assert.ok(!more);
});

test("a clip of another length is decoded whole", async () => {
  const longer = randomClip(randomNumbers(2), 6);
  const { answer, more } = await render(longer);
  assert.equal(answer.frames, null);
  assert.ok(!more);
  assert.deepEqual(shown(), frames(longer));
});

test("frames that come when the clip has another length are asked for again", async () => {
  const edited = withFrame(clip, 2);
  const late = await rendering.ask(edited, false);
  const longer = randomClip(randomNumbers(2), 6);
  await render(longer);
  assert.equal(rendering.take(late, edited), true, "more has to be asked for");
  assert.deepEqual(shown(), frames(longer), "what is shown stays");
});
