// Codes, the coordinates they are shown in, edits of the motion, and locks: laws.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CODE_LIMIT,
  copyCodes,
  interpolateCodes,
  sameCodes,
  sizesOf,
} from "../../rwae/ui/assets/lib/codes.js";
import {
  Basis,
  byFactor,
  directionName,
  directionValue,
  mainDirections,
  shiftCode,
} from "../../rwae/ui/assets/lib/directions.js";
import { Locks } from "../../rwae/ui/assets/lib/locks.js";
import {
  extend,
  freeze,
  pingPong,
  pingPongLength,
  reverse,
  smooth,
} from "../../rwae/ui/assets/lib/motion.js";
import { close, randomClip, randomNumbers } from "./helpers.js";

test("a copy of codes is equal and shares nothing", () => {
  const codes = randomClip(randomNumbers(1));
  const copy = copyCodes(codes);
  assert.ok(sameCodes(codes, copy));
  copy.dynamic[1][0] += 1;
  assert.ok(!sameCodes(codes, copy));
});

test("codes of different lengths are not the same", () => {
  const codes = randomClip(randomNumbers(1));
  assert.ok(!sameCodes(codes, { ...codes, dynamic: codes.dynamic.slice(1) }));
  assert.ok(!sameCodes(codes, { ...codes, static: codes.static.slice(1) }));
});

test("interpolation ends at both clips, and each kind of code has its own fraction", () => {
  const draw = randomNumbers(2);
  const [a, b] = [randomClip(draw), randomClip(draw)];
  assert.deepEqual(interpolateCodes(a, b, 0), a);
  assert.ok(close(interpolateCodes(a, b, 1).dynamic, b.dynamic));
  const swapped = interpolateCodes(a, b, 0, 1);
  assert.deepEqual(swapped.static, a.static);
  assert.ok(close(swapped.dynamic, b.dynamic));
  const [half] = interpolateCodes(a, b, 0.5).static;
  assert.ok(Math.abs(half - (a.static[0] + b.static[0]) / 2) < 1e-12);
});

// A basis whose read and write directions belong together: read = write^-1.
function slantedBasis() {
  const mean = [0.5, -0.25];
  return new Basis({
    mean,
    read: [
      [1, 1],
      [0, 1],
    ],
    write: [
      [1, 0],
      [-1, 1],
    ],
    share: [0.9, 0.001],
  });
}

test("a coordinate that is set reads back, and the others stay", () => {
  const basis = slantedBasis();
  const code = [0.3, 0.7];
  const other = basis.coordinate(code, 1);
  basis.set(code, 0, 2.5);
  assert.ok(Math.abs(basis.coordinate(code, 0) - 2.5) < 1e-12);
  assert.ok(Math.abs(basis.coordinate(code, 1) - other) < 1e-12);
});

test("a coordinate that is there already changes no digit", () => {
  const basis = slantedBasis();
  const code = [0.1 + 0.2, 0.7];
  const before = [...code];
  basis.set(code, 0, basis.coordinate(code, 0) + 1e-7);
  assert.deepEqual(code, before);
});

test("no edit of a coordinate leaves the range that the server takes", () => {
  const code = [9, 9];
  slantedBasis().set(code, 0, 1000);
  assert.ok(code.every((value) => Math.abs(value) <= CODE_LIMIT));
  assert.ok(shiftCode([9], [[5]], [3]).every((value) => value === CODE_LIMIT));
});

test("a coordinate that was set is not set again, whose basis is rounded", () => {
  const { mean, read, write } = slantedBasis();
  const rounded = write.map((row) => row.map((w) => w * (1 + 7e-6)));
  const basis = new Basis({ mean, read, write: rounded });
  const code = [...mean];
  basis.set(code, 0, 6); // while a hand moves a slider, and once more when it lets it go
  const moved = [...code];
  basis.set(code, 0, 6);
  assert.deepEqual(code, moved);
});

test("the plain numbers are their own coordinates", () => {
  const basis = Basis.identity(3, [false, true, false]);
  assert.deepEqual(
    [0, 1, 2].map((axis) => basis.coordinate([4, 5, 6], axis)),
    [4, 5, 6],
  );
});

test("main directions that explain next to nothing are left out, but one stays", () => {
  assert.equal(mainDirections(slantedBasis()).size, 1);
  assert.equal(mainDirections(new Basis({ ...slantedBasis(), share: [0.001, 0.001] })).size, 1);
});

test("named directions are grouped by attribute and keep their rows together", () => {
  const names = [
    { factor: "hair", value: "red" },
    { factor: "top", value: "0" },
    { factor: "hair", value: "3" },
  ];
  const rows = [[1], [2], [3]];
  const groups = byFactor({ mean: [0], read: rows, write: rows, names });
  assert.deepEqual(
    groups.map(({ factor, basis }) => [factor, basis.read.flat(), basis.names.length]),
    [
      ["hair", [1, 3], 2],
      ["top", [2], 1],
    ],
  );
  assert.deepEqual(names.map(directionName), ["hair: red", "top 0", "hair 3"]);
  assert.deepEqual(names.map(directionValue), ["red", "top 0", "hair 3"]);
  assert.equal(directionName({ factor: "bottomwear", value: "red" }), "trousers: red");
});

test("edits of the motion leave the static code and the clip they are given", () => {
  const codes = randomClip(randomNumbers(3));
  const before = copyCodes(codes);
  const longer = { ...codes, dynamic: [...codes.dynamic, [7, 7], [8, 8]] };
  const edits = [(c) => freeze(c, 2), reverse, pingPong, smooth, (c) => extend(c, longer)];
  for (const edit of edits) assert.deepEqual(edit(codes).static, codes.static);
  assert.ok(sameCodes(codes, before));
});

test("freeze repeats one frame, and reverse undoes itself", () => {
  const codes = randomClip(randomNumbers(4));
  assert.ok(freeze(codes, 1).dynamic.every((row) => row === codes.dynamic[1]));
  assert.deepEqual(reverse(reverse(codes)), codes);
  assert.deepEqual(reverse(codes).dynamic[0], codes.dynamic.at(-1));
});

test("ping-pong shows the ends once and has the length that is promised", () => {
  const rows = (length) => Array.from({ length }, (_, n) => [n]);
  for (const frames of [1, 2, 3, 8]) {
    const { dynamic } = pingPong({ static: [], dynamic: rows(frames) });
    assert.equal(dynamic.length, pingPongLength(frames));
  }
  const { dynamic } = pingPong({ static: [], dynamic: rows(4) });
  assert.deepEqual(dynamic.flat(), [0, 1, 2, 3, 2, 1]);
});

test("smoothing keeps constants and straight lines, and evens out a spike", () => {
  const clip = (...values) => ({ static: [], dynamic: values.map((value) => [value]) });
  assert.deepEqual(smooth(clip(3, 3, 3)), clip(3, 3, 3));
  assert.deepEqual(
    smooth(clip(0, 1, 2, 3))
      .dynamic.slice(1, -1)
      .flat(),
    [1, 2],
  );
  assert.deepEqual(smooth(clip(0, 4, 0)).dynamic.flat(), [1, 2, 1]);
});

test("a longer clip begins with the frames on the page", () => {
  const codes = { static: [1], dynamic: [[1], [2]] };
  const drawn = { static: [1], dynamic: [[1.0001], [2.0001], [3], [4]] };
  assert.deepEqual(extend(codes, drawn).dynamic, [[1], [2], [3], [4]]);
});

test("locked coordinates of two bases stay, and the others are free", () => {
  const draw = randomNumbers(5);
  const row = (n) => Array.from({ length: n }, draw);
  const rows = (m, n) => Array.from({ length: m }, () => row(n));
  const slanted = new Basis({ mean: row(5), read: rows(2, 5), write: rows(2, 5) });
  const plain = Basis.identity(5);
  const locks = new Locks();
  const locked = [
    [slanted, 0],
    [plain, 3],
    [slanted, 1],
    [plain, 0],
  ];
  for (const lock of locked) locks.toggle(...lock);
  const before = { static: [], dynamic: rows(3, 5) };
  const kept = locks.keep(before, { static: [], dynamic: rows(7, 5) });
  const change = (basis, axis) =>
    Math.max(
      ...kept.dynamic.map((code, frame) =>
        Math.abs(basis.coordinate(code, axis) - basis.coordinate(before.dynamic[frame % 3], axis)),
      ),
    );
  for (const lock of locked) assert.ok(change(...lock) < 1e-6);
  assert.ok(change(plain, 1) > 1e-3);
  locks.toggle(plain, 0);
  assert.ok(!locks.has(plain, 0));
  assert.ok(locks.has(plain, 3));
});

test("without a lock every edit passes as it is", () => {
  const draw = randomNumbers(6);
  const [before, after] = [randomClip(draw), randomClip(draw)];
  assert.equal(new Locks().keep(before, after), after);
});

test("a clip says how many numbers its codes have", () => {
  assert.deepEqual(sizesOf({ static: [1, 2, 3], dynamic: [[1, 2]] }), { static: 3, dynamic: 2 });
});
