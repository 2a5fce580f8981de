// Codes as a file: what a page without a server saves and opens.

import assert from "node:assert/strict";
import { test } from "node:test";
import { packCodesFile, readCodesFile } from "../../rwae/ui/assets/lib/codesfile.js";
import { randomClip, randomNumbers } from "./helpers.js";

const draw = randomNumbers(5);
const clips = [randomClip(draw), randomClip(draw)].map(({ static: who, dynamic }) => ({
  static: who.map(Math.fround),
  dynamic: dynamic.map((row) => row.map(Math.fround)),
}));
const model = { name: "m", weights: "abc", clips };

test("what is read are the numbers that were saved", () => {
  assert.deepEqual(readCodesFile(packCodesFile(clips, model), model), { clips });
});

test("the header ends at a multiple of eight bytes", () => {
  const bytes = packCodesFile(clips, model);
  assert.equal(new DataView(bytes.buffer).getUint32(0, true) % 8, 0);
});

test("codes of another model or of other weights are refused, and what is no file of codes", () => {
  const bytes = packCodesFile(clips, model);
  assert.match(readCodesFile(bytes, { ...model, name: "n" }).error, /another model/);
  assert.match(readCodesFile(bytes, { ...model, weights: "d" }).error, /another model/);
  const sizes = { ...model, clips: [{ static: [0], dynamic: [[0]] }] };
  const large = packCodesFile([{ ...clips[0], static: [1, 2, 11] }], model);
  const broken = [
    readCodesFile(bytes, sizes),
    readCodesFile(large, model),
    readCodesFile(bytes.slice(0, -4), model),
    readCodesFile(new Uint8Array(), model),
    readCodesFile(new TextEncoder().encode("a text and no codes"), model),
  ];
  for (const { error } of broken) assert.match(error, /holds no codes/);
});
