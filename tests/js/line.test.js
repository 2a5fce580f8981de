// How good the pictures of a drag are on a slow line.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Line } from "../../rwae/ui/assets/lib/line.js";

const after = (...times) => {
  const line = new Line();
  times.forEach((time) => {
    line.note(time);
  });
  return line.quality;
};

test("a fast line, and one that nothing is known of, get the usual quality", () => {
  assert.equal(after(), null);
  assert.equal(after(-3, 20, 60), null);
});

test("the slower the line, the lower the quality, never below what the server takes", () => {
  const qualities = [200, 400, 900, 60_000].map((time) => after(time));
  assert.deepEqual(
    qualities,
    [...qualities].sort((a, b) => b - a),
  );
  assert.ok(qualities.every((quality) => quality >= 30 && quality < 92));
});

test("one late answer changes little, and a line that recovers gets its quality back", () => {
  assert.equal(after(20, 20, 20, 400), null);
  assert.equal(after(2000, ...Array(12).fill(30)), null);
});
