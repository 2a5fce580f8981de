// Links: what goes in comes out, and damage is noticed.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ComparisonMemory,
  comparisonLink,
  defaultComparison,
  fileSource,
  firstPair,
  parseComparisonLink,
} from "../../rwae/ui/assets/lib/comparison.js";
import {
  clipLink,
  DEFAULT_RECIPE,
  parseClipLink,
  parseSampleLink,
  parseSwapLink,
  sampleLink,
  swapLink,
} from "../../rwae/ui/assets/lib/link.js";
import { randomClip, randomNumbers } from "./helpers.js";

const MODEL = { name: "one", weights: "0123" };
const SIZES = { static: 3, dynamic: 2 };

// As the model computes: numbers of 32 bits.
const rounded = ({ static: who, dynamic }) => ({
  static: who.map(Math.fround),
  dynamic: dynamic.map((row) => row.map(Math.fround)),
});

test("a clip comes back from its link to the last bit", () => {
  for (let seed = 1; seed < 20; seed += 1) {
    const codes = rounded(randomClip(randomNumbers(seed), 1 + (seed % 9)));
    const hash = clipLink(MODEL, codes);
    assert.match(hash, /^#clip=[A-Za-z0-9_-]+$/);
    assert.deepEqual(parseClipLink(hash, MODEL, SIZES), { codes });
  }
});

test("any changed, missing or added character of a clip's link is noticed", () => {
  const hash = clipLink(MODEL, randomClip(randomNumbers(1)));
  const start = "#clip=".length;
  for (let n = start; n < hash.length; n += 1) {
    const other = hash[n] === "A" ? "B" : "A";
    const changed = `${hash.slice(0, n)}${other}${hash.slice(n + 1)}`;
    const parsed = parseClipLink(changed, MODEL, SIZES);
    // The last character has bits that stand for nothing.
    if (n < hash.length - 1) assert.ok(parsed.error, `character ${n}`);
    assert.ok(parseClipLink(hash.slice(0, n), MODEL, SIZES).error, `cut at ${n}`);
  }
  assert.ok(parseClipLink(`${hash}AAAA`, MODEL, SIZES).error);
  assert.ok(parseClipLink("#clip=%3Cscript%3E", MODEL, SIZES).error);
});

test("a link of another model or of other weights is told from a damaged one", () => {
  const hash = clipLink(MODEL, randomClip(randomNumbers(1)));
  const damaged = parseClipLink(hash.slice(0, -8), MODEL, SIZES).error;
  for (const other of [
    { ...MODEL, name: "two" },
    { ...MODEL, weights: "4567" },
  ]) {
    const { error } = parseClipLink(hash, other, SIZES);
    assert.ok(error);
    assert.notEqual(error, damaged);
  }
});

test("numbers that the server refuses are refused here", () => {
  const codes = randomClip(randomNumbers(1));
  for (const value of [11, -11, NaN, Infinity]) {
    const bad = { ...codes, static: [value, 0, 0] };
    assert.ok(parseClipLink(clipLink(MODEL, bad), MODEL, SIZES).error);
  }
});

test("an address without a clip is no error", () => {
  for (const hash of ["", "#", "#sample&who=1", "#clip"]) {
    assert.deepEqual(parseClipLink(hash, MODEL, SIZES), {});
  }
});

test("a recipe comes back from its link", () => {
  const recipes = [
    DEFAULT_RECIPE,
    { ...DEFAULT_RECIPE, whoSeed: 999999, motionSeed: 0, oneWho: true, temperature: 0.35 },
    { ...DEFAULT_RECIPE, oneMotion: true, action: 2 },
  ];
  for (const recipe of recipes) assert.deepEqual(parseSampleLink(sampleLink(recipe), 3), recipe);
  assert.equal(parseSampleLink("#clip=AAAA", 3), null);
});

test("a recipe that does not fit the model is refused", () => {
  for (const fields of [
    "who=1",
    "who=x&motion=1",
    "who=-1&motion=1",
    "who=1.5&motion=1",
    "who=1000000&motion=1",
    "who=1&motion=1&temperature=9",
    "who=1&motion=1&temperature=x",
    "who=1&motion=1&action=4",
    "who=1&motion=1&action=0",
  ]) {
    assert.equal(parseSampleLink(`#sample&${fields}`, 3), undefined, fields);
  }
});

const clips = Array.from({ length: 6 }, (_, n) => randomClip(randomNumbers(n + 1)));
const HOME = { name: "one", clips };
const KNOWN = [
  { name: "one", group: "a", scores: [{ key: "swap", share: 0.9 }] },
  { name: "two", group: "a", scores: [{ key: "swap", share: 0.8 }] },
  { name: "three", group: "a", scores: [{ key: "swap", share: 0.1 }] },
  { name: "far", group: "b", scores: [] },
];

test("a comparison comes back from its link", () => {
  const usual = { ...defaultComparison(HOME), names: ["one", "two"] };
  const comparisons = [
    usual,
    { ...usual, who: "draw", whoseed: 7, how: "drawn", howseed: 9, temperature: 0.55 },
    { ...usual, how: "own", shifts: [-1.25, 0, 3] },
    { ...usual, names: ["three", "one", "two"] },
  ];
  for (const comparison of comparisons) {
    const hash = comparisonLink(comparison);
    assert.deepEqual(parseComparisonLink(hash, HOME, KNOWN), { found: comparison });
  }
});

test("a comparison's link that was cut or changed is noticed", () => {
  const hash = comparisonLink({ ...defaultComparison(HOME), names: ["one", "two"] });
  const fields = hash.split("&");
  for (let n = 1; n < fields.length - 1; n += 1) {
    assert.ok(parseComparisonLink(fields.slice(0, n + 1).join("&"), HOME, KNOWN).error);
  }
  for (const [from, to] of [
    ["who=example-1", "who=example-99"],
    ["who=example-1", "who=own"],
    ["look=0", "look=30"],
    ["temperature=1", "temperature=9"],
    ["beside=two", "beside=one"],
    ["beside=two", "beside=far"],
    ["beside=two", "beside=nobody"],
  ]) {
    assert.ok(hash.includes(from));
    assert.ok(parseComparisonLink(hash.replace(from, to), HOME, KNOWN).error, to);
  }
});

test("a visitor's own clip is in no link", () => {
  const own = { ...defaultComparison(HOME), names: ["one"], whoclip: fileSource({ name: "x" }) };
  assert.equal(comparisonLink(own), null);
  assert.ok(comparisonLink({ ...own, who: "draw" }));
  assert.notEqual(fileSource({ name: "x" }).key, fileSource({ name: "x" }).key);
});

test("a model stands first beside the one whose swaps score most unlike its own", () => {
  const group = KNOWN.slice(0, 3);
  const names = firstPair(group, group[0]).map(({ name }) => name);
  assert.deepEqual(names, ["one", "three"]);
  assert.equal(firstPair(KNOWN.slice(3), KNOWN[3]).length, 1);
});

test("a comparison stays while one of its clips is open, and not for another model", () => {
  const memory = new ComparisonMemory();
  const model = (name) => ({ name, clips, linked: true });
  const first = memory.start(model("one"), KNOWN, "").comparison;
  first.shifts = [1, 0, 0];
  memory.keepWhileOpened("two");
  assert.deepEqual(memory.start(model("two"), KNOWN, "").comparison.shifts, [1, 0, 0]);
  assert.deepEqual(memory.start(model("one"), KNOWN, "").comparison.shifts, [1, 0, 0]);
  const other = memory.start(model("two"), KNOWN, "").comparison;
  assert.equal(other.home.name, "two");
  assert.deepEqual(other.shifts, [0, 0, 0]);
});

test("the two clips of a swap come back from its link", () => {
  const [a, b] = [1, 2].map((seed) => rounded(randomClip(randomNumbers(seed), 4)));
  const hash = swapLink(MODEL, a, b, 5);
  assert.deepEqual(parseSwapLink(hash, MODEL, SIZES), { clips: [a, b], size: 5 });
  assert.equal(parseSwapLink(hash.replace("size=5", "size=9"), MODEL, SIZES).size, 2);
  assert.deepEqual(parseSwapLink("#clip=AAAA", MODEL, SIZES), {});
  assert.ok(parseSwapLink(hash.slice(0, -3), MODEL, SIZES).error);
  assert.ok(parseSwapLink("#swap&size=2", MODEL, SIZES).error);
  assert.ok(parseSwapLink(hash, { ...MODEL, weights: "9" }, SIZES).error);
});
