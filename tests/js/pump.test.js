// The pump and calls of the server: latest wins, order, deadlines.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Pump } from "../../rwae/ui/assets/lib/pump.js";
import {
  ask,
  DEADLINE,
  decodeInBatches,
  serverOf,
  upload,
} from "../../rwae/ui/assets/lib/server.js";
import { Stills } from "../../rwae/ui/assets/lib/stills.js";
import { pass, stopTime, wait } from "./helpers.js";

beforeEach(stopTime);

// A pump whose server takes times[value] milliseconds; it notes what is asked, shown and told.
function makePump(times, options) {
  const log = { asked: [], shown: [], states: [] };
  const send = async (value, exact) => {
    log.asked.push(exact ? `${value} exactly` : value);
    if (times[value] === Infinity) return new Promise(() => {});
    await wait(times[value] ?? 10);
    if (value === "bad") throw new Error(value);
    return {};
  };
  const show = (_, value) => {
    log.shown.push(value);
  };
  const state = (busy, error) => log.states.push([busy, error]);
  return { pump: new Pump(send, show, state, options), log };
}

test("the newest value is sent next, and the last one once more, exactly", async () => {
  const { pump, log } = makePump({});
  pump.push("first");
  for (const value of ["between", "also between", "last"]) pump.push(value);
  await pass(1000);
  assert.deepEqual(log.asked, ["first", "last", "last exactly"]);
  assert.deepEqual(log.shown, ["first", "last", "last"]);
  assert.deepEqual(log.states.at(-1), [false, null]);
});

test("a cancelled value never comes back", async () => {
  const { pump, log } = makePump({});
  pump.push("cancelled");
  await pass(5);
  pump.cancel();
  await pass(1000);
  assert.deepEqual(log.shown, []);
  assert.deepEqual(log.states.at(-1), [false, null]);
});

test("a value after a cancel does not wait for what was cancelled", async () => {
  const { pump, log } = makePump({ hangs: Infinity });
  pump.push("hangs");
  await pass(5);
  pump.cancel();
  pump.push("next");
  await pass(15);
  assert.deepEqual(log.shown, ["next"]);
});

test("a failure is told in a sentence and stops nothing", async () => {
  const { pump, log } = makePump({});
  pump.push("bad");
  await pass(100);
  const [busy, error] = log.states.at(-1);
  assert.equal(busy, false);
  assert.match(error, /\.$/);
  pump.push("good");
  await pass(1000);
  assert.deepEqual(log.shown, ["good", "good"]);
});

test("an answer that a newer one has overtaken is dropped", async () => {
  const times = { slow: 120, quick: 10, last: 10 };
  const { pump, log } = makePump(times, { maxInFlight: 2 });
  for (const value of ["slow", "quick", "dropped", "last"]) pump.push(value);
  await pass(1000);
  assert.deepEqual(log.asked, ["slow", "quick", "last", "last exactly"]);
  assert.deepEqual(log.shown, ["quick", "last", "last"]);
});

test("no more requests are in flight than are allowed", async () => {
  for (const maxInFlight of [1, 2]) {
    let [now, most] = [0, 0];
    const send = async () => {
      now += 1;
      most = Math.max(most, now);
      await wait(20);
      now -= 1;
      return {};
    };
    const pump = new Pump(
      send,
      () => {},
      () => {},
      { maxInFlight },
    );
    for (let n = 0; n < 50; n += 1) {
      pump.push(n);
      await pass(5);
    }
    await pass(1000);
    assert.equal(most, maxInFlight);
  }
});

test("a request that hangs gives its place to the next when its time is up", async () => {
  const { pump, log } = makePump({ hangs: Infinity }, { deadline: 100 });
  pump.push("hangs");
  await pass(20);
  pump.push("next");
  await pass(60);
  assert.deepEqual(log.shown, [], "it still waits");
  await pass(400);
  assert.deepEqual(log.shown, ["next", "next"]);
  assert.ok(
    log.states.every(([, error]) => error === null),
    "what was overtaken fails in silence",
  );
  pump.push("hangs");
  await pass(200);
  const [busy, error] = log.states.at(-1);
  assert.equal(busy, false);
  assert.match(error, /took too long/);
});

test("every pump has a deadline, whoever made it", async () => {
  const { pump, log } = makePump({ hangs: Infinity });
  pump.push("hangs");
  await pass(DEADLINE + 100);
  assert.equal(log.states.at(-1)[0], false);
});

test("what is missing is asked for before the exact answer", async () => {
  const asked = [];
  const send = async (_, exact) => {
    asked.push(exact);
    return {};
  };
  let parts = 0;
  const show = () => {
    parts += 1;
    return parts < 3;
  };
  new Pump(send, show, () => {}).push("value");
  await pass(1000);
  assert.deepEqual(asked, [false, false, false, true]);
});

test("the rest of an answer may come later, also after that to a newer value", async () => {
  const log = [];
  const send = async (value, exact) => {
    log.push(`ask ${value}${exact ? " exactly" : ""}`);
    const later = value === "first" ? wait(100).then(() => ({ part: "rest" })) : null;
    return { part: "begin", later };
  };
  const show = ({ part }, value) => {
    log.push(`${part} of ${value}`);
  };
  const pump = new Pump(send, show, () => {});
  pump.push("first");
  await pass(20);
  pump.push("second");
  await pass(1000);
  assert.deepEqual(log, [
    ...["ask first", "begin of first", "ask second", "begin of second"],
    ...["rest of first", "ask second exactly", "begin of second"],
  ]);
});

test("what is later of a cancelled value is not shown", async () => {
  const log = [];
  const send = async () => ({ later: wait(100).then(() => ({ late: true })) });
  const show = ({ late }) => {
    log.push(late);
  };
  const pump = new Pump(send, show, () => {});
  pump.push("value");
  await pass(20);
  pump.cancel();
  await pass(1000);
  assert.deepEqual(log, [undefined]);
});

test("the stills do not wait for ever for an answer that never comes", async () => {
  const shown = [];
  const list = {
    hasStills: true,
    stills: (codes) => [codes],
    showStills: (sheets) => shown.push(sheets),
  };
  let hangs = true;
  const decode = () => (hangs ? new Promise(() => {}) : Promise.resolve({ sheet: "sheet" }));
  const stills = new Stills(decode, () => [list]);
  stills.ask("first");
  await pass(500);
  hangs = false;
  stills.ask("second");
  await pass(500);
  assert.deepEqual(shown, []);
  await pass(DEADLINE);
  assert.deepEqual(shown, [["sheet"]]);
});

test("the stills wait until the edits rest, and come in batches", async () => {
  const sizes = [];
  const decode = async (clips) => {
    sizes.push(clips.length);
    return { sheet: {} };
  };
  const list = {
    hasStills: true,
    stills: () => Array(100).fill("still"),
    showStills: () => {},
  };
  const without = { hasStills: false };
  const stills = new Stills(decode, () => [without, list, { ...list, stills: () => ["lane"] }]);
  for (let n = 0; n < 5; n += 1) {
    stills.ask(n);
    await pass(100);
  }
  assert.deepEqual(sizes, []);
  await pass(500);
  assert.deepEqual(sizes, [80, 20, 1]);
});

test("a call always resolves to an answer", async () => {
  assert.deepEqual(await ask(async () => ({ value: 1 })), { value: 1 });
  const failures = [
    async () => undefined,
    async () => {
      throw new Error("lost");
    },
    () => {
      throw new Error("at once");
    },
  ];
  for (const call of failures) assert.match((await ask(call)).error, /\.$/);
  const hanging = [ask(() => new Promise(() => {}), 50), ask(() => new Promise(() => {}))];
  await pass(60);
  assert.match((await hanging[0]).error, /took too long/);
  await pass(DEADLINE);
  assert.match((await hanging[1]).error, /took too long/);
  const patient = ask(() => wait(10 * DEADLINE).then(() => ({ value: 2 })), Infinity);
  await pass(10 * DEADLINE + 10);
  assert.deepEqual(await patient, { value: 2 });
});

test("functions of one model name it, and answer nothing once another is chosen", async () => {
  const asked = [];
  const server = {
    decode_codes: async (request) => {
      asked.push(request);
      return { sheet: "x" };
    },
  };
  const life = new AbortController();
  const bound = serverOf(server, "one", life.signal);
  assert.deepEqual(await bound.decode_codes({ clips: [] }), { sheet: "x" });
  await bound.decode_codes(upload("file"));
  assert.deepEqual(asked, [
    { clips: [], model: "one" },
    { binary: true, data: { file: "file", model: "one" } },
  ]);
  const lost = [];
  const copy = { read: async () => ({ error: "Gone.", gone: "one~1" }) };
  const copied = serverOf(copy, "one~1", life.signal, (answer) => lost.push(answer.gone));
  assert.equal((await copied.read()).error, "Gone.");
  assert.deepEqual(lost, ["one~1"]);
  const late = bound.decode_codes({});
  life.abort();
  assert.ok((await late).error);
  assert.ok((await bound.decode_codes({})).error);
  assert.equal(asked.length, 3);
});

test("clips are decoded in as few requests as the limit allows, and in order", async () => {
  const sizes = [];
  const decode = async (clips) => {
    sizes.push(clips.length);
    return { sheet: `sheet ${sizes.length}` };
  };
  const clips = Array.from({ length: 25 }, (_, n) => n);
  const { tiles } = await decodeInBatches(decode, clips, { most: 100, frames: 8 }, true);
  assert.deepEqual(sizes, [12, 12, 1]);
  assert.deepEqual(
    tiles.map(({ codes }) => codes),
    clips,
  );
  assert.deepEqual(tiles[13], { codes: 13, sheet: "sheet 2", row: 1 });
  const failing = await decodeInBatches(async () => ({ error: "No." }), clips, {
    most: 8,
    frames: 8,
  });
  assert.deepEqual(failing, { error: "No." });
});
