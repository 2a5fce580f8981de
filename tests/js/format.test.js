// Numbers as the page writes them, factors by which frames are enlarged, examples for programs.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  listed,
  MAX_SEED,
  megabytes,
  parseSeed,
  percent,
  randomPair,
  signed,
} from "../../rwae/ui/assets/lib/format.js";
import { fittingFactor, isEven, wholeFactor } from "../../rwae/ui/assets/lib/scale.js";
import { snippets } from "../../rwae/ui/assets/lib/snippets.js";

test("numbers are written as people read them", () => {
  assert.equal(percent(0.004), "< 1 %");
  assert.equal(percent(0.226), "23 %");
  assert.equal(signed(-1.5), "\u22121.50");
  assert.equal(signed(-0.001), "+0.00");
  assert.equal(megabytes(20 * 2 ** 20), "20");
  assert.equal(megabytes(1.25 * 2 ** 20), "1.3");
  assert.equal(listed(["a"]), "a");
  assert.equal(listed(["a", "b", "c"]), "a, b and c");
});

test("a seed that was typed becomes one that can be used", () => {
  for (const [typed, used] of [
    ["7", 7],
    ["2.6", 3],
    ["-5", 0],
    ["1e9", MAX_SEED],
    ["", 0],
    ["x", 0],
  ]) {
    assert.equal(parseSeed(typed), used, typed);
  }
});

test("a random pair is two different numbers, if there are two", () => {
  for (let n = 0; n < 200; n += 1) {
    const [one, other] = randomPair(3);
    assert.ok(one !== other && [one, other].every((k) => k >= 0 && k < 3));
  }
  assert.deepEqual(randomPair(1), [0, 0]);
});

test("pixels are enlarged to whole device pixels, and photographs to the room", () => {
  assert.equal(wholeFactor(300, 64, 8, 1), 4);
  assert.equal(wholeFactor(300, 64, 8, 2), 4.5);
  assert.equal(wholeFactor(3000, 64, 8, 1), 8);
  assert.equal(wholeFactor(10, 64, 8, 1), 1);
  assert.equal(wholeFactor(192, 128, 8, 1), 1.5);
  assert.ok(isEven(4.5, 2));
  assert.ok(!isEven(4.5, 1));
});

test("a fitting factor is never more than the room", () => {
  for (const room of [20, 50, 63, 64, 100, 127, 129, 500]) {
    assert.ok(fittingFactor(room, 64, 6, 1) * 64 <= room + 1e-9, `${room}`);
  }
  assert.equal(fittingFactor(90, 64, 6, 1), 90 / 64, "a small tile takes the room");
  assert.equal(fittingFactor(130, 64, 6, 1), 2);
});

test("the examples for programs name the page and the model", () => {
  for (const mcp of [true, false]) {
    const [python, shell, protocol] = snippets("http://host/x", "mine", mcp);
    for (const { code } of [python, shell]) {
      assert.ok(code.includes("http://host/x") && code.includes("mine"));
    }
    if (mcp) assert.ok(JSON.parse(protocol.code).mcpServers["rwae-studio"].url);
  }
});
