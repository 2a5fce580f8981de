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

  paste(other, places) {
    for (const [from, to] of places) this.rows[0][to] = other.rows[0][from];
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

// What a move asked for: the frames in sight, and those that follow.
async function move(codes) {
  const answer = await rendering.ask(codes, false);
  rendering.take(answer, codes);
  const later = await answer.later;
  if (later) rendering.take(later, codes);
  return [answer.frames, later?.frames ?? []];
}

test("frames beside those in sight were asked for least recently", async () => {
  rendering.spare = () => 2;
  const asked = [];
  for (let n = 0; n < 3; n += 1) asked.push(await move({ ...clip, static: [n, n, n] }));
  const last = { ...clip, static: [2, 2, 2] };
  assert.deepEqual(asked, [
    [[0], [1, 2]],
    [[0], [3, 1]],
    [[0], [2, 1]],
  ]);
  assert.deepEqual(await move(last), [[3], []], "what is missing at the end");
  assert.deepEqual(shown(), frames(last));
});

test("others are under way once at a time, and do not replace newer frames", async () => {
  rendering.spare = () => 3;
  const gates = [];
  const held = (clips, exact) =>
    new Promise((resolve) => {
      gates.push(() => resolve(decode(clips, exact)));
    });
  rendering.decode = held;
  const [before, after] = [1, 2].map((n) => ({ ...clip, static: [n, n, n] }));
  const asking = rendering.ask(before, false);
  gates[0]();
  const first = await asking;
  rendering.take(first, before);
  inSight = [1];
  const next = rendering.ask(after, false);
  assert.equal(gates.length, 3, "one in sight, the others, another one in sight");
  gates[2]();
  rendering.take(await next, after);
  gates[1]();
  rendering.take(await first.later, before);
  const [was, is] = [frames(before), frames(after)];
  assert.deepEqual(shown(), [was[0], is[1], was[2], was[3]]);
});

test("pixels that a browser drew are exact already", async () => {
  rendering.decode = async (clips) => ({ ...(await decode(clips)), local: true });
  const edited = { ...clip, static: [1, 2, 3] };
  await render(edited);
  assert.equal((await render(edited, true)).answer.frames, null, "not all were drawn by it yet");
  assert.deepEqual((await render(edited, true)).answer.frames, []);
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
