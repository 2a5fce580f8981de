// A visitor's clip: choices, the kinds of files, and the clips that a character is learned from.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  encodeRequest,
  middleSquare,
  movedBox,
  rowTable,
  switched,
  trimmed,
} from "../../rwae/ui/assets/lib/choices.js";
import { kindOfFile, OwnClips, originalOf } from "../../rwae/ui/assets/lib/clipfile.js";
import { candidates, learn } from "../../rwae/ui/assets/lib/learning.js";
import { Runner } from "../../rwae/ui/assets/lib/runner.js";

test("a switch turns a rule off and on again", () => {
  const off = switched({ first: 2 }, { key: "background", on: true });
  assert.deepEqual(off, { first: 2, background: "keep" });
  assert.equal(switched(off, { key: "background", on: false }).background, "auto");
  assert.equal(switched({}, { key: "align", on: true }).align, false);
  assert.equal(switched({}, { key: "repeat", on: false }).repeat, true);
});

test("a chosen part or range is taken back, and what was not chosen has no switch", () => {
  assert.equal(switched({ crop: [0, 0, 0.5, 0.5] }, { key: "crop", on: true }).crop, null);
  assert.deepEqual(switched({}, { key: "crop", on: true }).crop, [0, 0, 1, 1]);
  const back = switched({ first: 3, last: 9 }, { key: "trim", on: true });
  assert.deepEqual(back, { first: null, last: null });
  assert.equal(switched({}, { key: "trim", on: true }), null);
  assert.equal(switched({}, { key: "thin", on: true }), null);
});

test("a range of all frames is no choice", () => {
  assert.deepEqual(trimmed({ align: false }, 0, 9, 10), { align: false, first: null, last: null });
  assert.deepEqual(trimmed({}, 2, 9, 10), { first: 2, last: 9 });
});

test("a box stays within the picture and keeps a size", () => {
  const near = (a, b) => a.every((value, n) => Math.abs(value - b[n]) < 1e-9);
  assert.ok(near(movedBox([0.1, 0.1, 0.5, 0.5], "move", -0.5, 0.9), [0, 0.6, 0.4, 1]));
  assert.ok(near(movedBox([0.1, 0.1, 0.5, 0.5], "rb", 0.9, -0.9), [0.1, 0.1, 1, 0.15]));
  assert.ok(near(movedBox([0.1, 0.1, 0.5, 0.5], "lt", 0.9, 0.1), [0.45, 0.2, 0.5, 0.5]));
  assert.ok(near(middleSquare(200, 100), [0.25, 0, 0.75, 1]));
});

test("the rows of a sheet are a table with gaps", () => {
  const row = (action, direction) => ({ key: `${action}, ${direction}`, action, direction });
  const table = rowTable([row("walk", "front"), row("walk", "back"), row("hurt", null)]);
  assert.deepEqual(table.actions, ["walk", "hurt"]);
  assert.deepEqual(table.directions, ["front", "back", ""]);
  assert.equal(table.at("hurt", "front"), null);
  assert.equal(table.at("walk", "back").key, "walk, back");
});

test("the file and the choices are sent together", () => {
  const file = new File(["x"], "a.gif");
  const { binary, data } = encodeRequest(file, { row: "walk, front" });
  assert.ok(binary && data.file === file);
  assert.deepEqual(JSON.parse(data.choices), { row: "walk, front" });
});

test("a saved character is told from codes by what it holds", async () => {
  const header = '{"__metadata__":{"kind":"learned character"}}';
  assert.equal(await kindOfFile(new File([header], "a.safetensors")), "learned");
  assert.equal(await kindOfFile(new File(["{}"], "A.SafeTensors")), "codes");
  assert.equal(await kindOfFile(new File([header], "a.gif")), "clip");
});

test("all trained rows of a sheet are learned, and other clips where they are chosen", () => {
  const rows = [
    { key: "walk, front", trained: true, given: "A" },
    { key: "walk, back", trained: false, given: null },
    { key: "slash, front", trained: true, given: "B" },
  ];
  const list = candidates({ name: "s.png", given: "A", rows, row: "walk, front" }, [
    { name: "other.gif", strip: "C" },
    { name: "the same", strip: "B" },
  ]);
  assert.deepEqual(
    list.map(({ strip, chosen }) => [strip, chosen]),
    [
      ["A", true],
      ["B", true],
      ["C", false],
    ],
  );
});

test("what was wanted is taken once, and copies share the clips of their original", () => {
  const clips = new OwnClips();
  clips.wanted = { file: 1 };
  assert.deepEqual(clips.takeWanted(), { file: 1 });
  assert.equal(clips.takeWanted(), null);
  clips.keep("a", "A", "sprites~token");
  clips.keep("b", "B", "digits");
  assert.equal(originalOf("sprites~token"), "sprites");
  assert.deepEqual(
    clips.givenTo("sprites").map(({ name }) => name),
    ["a"],
  );
});

test("a job is followed to its end, and an error of its start is told", async () => {
  const states = [{ step: 0 }, { step: 5 }, { done: true, name: "m~t" }];
  const requests = [];
  const server = {
    learn_start: async (request) => {
      requests.push(request);
      return { job: "j" };
    },
    learn_state: async () => states.shift(),
  };
  const seen = [];
  const { signal } = new AbortController();
  const hooks = { signal, started: () => {}, show: ({ step }) => seen.push(step) };
  assert.equal((await learn(server, ["A"], { drafts: ["B"] }, hooks)).name, "m~t");
  assert.deepEqual(seen, [0, 5]);
  assert.deepEqual(requests, [{ clips: ["A"], drafts: ["B"] }]);
  const busy = { learn_start: async () => ({ error: "busy" }) };
  assert.equal((await learn(busy, ["A"], { drafts: [] }, hooks)).error, "busy");
  assert.equal((await learn(server, ["A"], { error: "late" }, hooks)).error, "late");
  assert.equal(requests.length, 1);
});

// A model beside others, which was given a file with some fit.
function judgedPeer(known) {
  const answer = (value) => ({
    clips: [[{ factor: "hair", static: true, value, confidence: 0.99 }]],
  });
  const own = { clips: [{}], given: "strip", fit: { known, sentence: "worse" } };
  return {
    name: "m",
    judged: true,
    reads: () => true,
    codesOf: async () => own,
    judge: async () => answer("red"),
    judgeGiven: async () => answer("green"),
  };
}

test("a file that the model knows is judged by its own frames, and no other gets a verdict", async () => {
  const source = { key: "file 1", file: {} };
  const given = { who: source, how: source, swept: false };
  for (const moved of [false, true]) {
    const runner = new Runner({
      peers: () => [],
      server: {},
      shifts: () => [],
      show() {},
      state() {},
    });
    const ask = (peer) => runner.judge({ peer, given, moved, clips: [{}] });
    const { rows, unknown } = await ask(judgedPeer(false));
    assert.equal(rows, undefined);
    assert.equal(unknown.sentence, "worse");
    runner.references.clear();
    const known = await ask(judgedPeer(true));
    assert.equal(known.rows[0].state, moved ? "free" : "changed");
  }
});
