// What the parts of the page share: which model is chosen, and who is told.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { groupModels, Observable, Session } from "../../rwae/ui/assets/lib/session.js";

test("who watches is told of every later value until its signal is aborted", () => {
  const value = new Observable(1);
  const seen = [];
  const life = new AbortController();
  value.watch((next) => seen.push(next), life.signal);
  value.set(2);
  value.set(2);
  life.abort();
  value.set(3);
  assert.deepEqual(seen, [2, 2]);
  assert.equal(value.value, 3);
  value.watch((next) => seen.push(next), life.signal);
  value.set(4);
  assert.deepEqual(seen, [2, 2]);
});

test("a watcher may stop itself while all are told", () => {
  const value = new Observable();
  const seen = [];
  const life = new AbortController();
  value.watch(() => life.abort(), life.signal);
  value.watch((next) => seen.push(next));
  value.set("x");
  value.set("y");
  assert.deepEqual(seen, ["x", "y"]);
});

let session;
let waiting; // what the server was asked for, with a function that answers
let seen;

beforeEach(() => {
  session = new Session();
  waiting = [];
  seen = [];
  const open = (name) =>
    new Promise((resolve) => {
      waiting.push({ name, answer: resolve });
    });
  const models = ["one", "two", "three"].map((name) => ({ name }));
  const first = { name: "one", title: "The first" };
  session.begin({ models, first, notice: "Mind the gap.", open });
  session.model.watch(({ name }) => seen.push(name));
});

test("the first model is shown at once, without a question", () => {
  session.choose("one");
  assert.deepEqual(seen, ["one"]);
  assert.equal(session.model.value.linked, true);
  assert.equal(session.problem.value, "Mind the gap.");
  assert.equal(session.loading.value, false);
});

test("of several choices the last one counts, in whichever order answers come", async () => {
  const choices = [session.choose("two"), session.choose("three")];
  waiting[1].answer({ title: "3" });
  waiting[0].answer({ title: "2" });
  assert.deepEqual(await Promise.all(choices), [false, true]);
  assert.deepEqual(seen, ["three"]);
});

test("a model is asked for once", async () => {
  const choice = session.choose("two");
  waiting[0].answer({ title: "2" });
  await choice;
  await session.choose("one");
  await session.choose("two");
  assert.equal(waiting.length, 1);
  assert.deepEqual(seen, ["two", "one", "two"]);
});

test("an unknown name shows the first model and says so", async () => {
  assert.equal(await session.choose("nobody"), true);
  assert.deepEqual(seen, ["one"]);
  assert.equal(session.model.value.linked, false);
  assert.match(session.problem.value, /nobody.*The first/);
});

test("a model that does not come leaves the page as it is, and may come later", async () => {
  session.choose("one");
  session.shown.set("explore", "codes");
  const choice = session.choose("two");
  assert.equal(session.loading.value, true);
  waiting[0].answer({ error: "No." });
  assert.equal(await choice, false);
  assert.equal(session.problem.value, "No.");
  assert.equal(session.loading.value, false);
  assert.equal(session.shown.get("explore"), "codes");
  assert.deepEqual(seen, ["one"]);
  const again = session.choose("two");
  waiting[1].answer({ title: "2" });
  assert.equal(await again, true);
  assert.equal(session.shown.size, 0, "codes of one model mean nothing to another");
});

test("a model may come with a clip to open, and the next choice has none", async () => {
  await session.choose("one", "clip");
  assert.equal(session.model.value.clip, "clip");
  await session.choose("one");
  assert.equal(session.model.value.clip, null);
});

// A page with the models "a" and "b", and the lists that it showed. `kept` are the copies that the
// server has.
function pageWithCopies(...kept) {
  const page = new Session();
  const models = ["a", "b"].map((name) => ({ name, title: name.toUpperCase() }));
  const gone = { error: "It is gone." };
  const open = async (name) =>
    name.includes("~") && !kept.includes(name) ? gone : { title: name };
  page.begin({ models, first: models[0], notice: "", open });
  const lists = [];
  page.models.watch((all) => lists.push(all.map(({ name }) => name)));
  return { page, lists, kept };
}

test("a learned copy that an address names is asked for, and enters the list", async () => {
  const { page, lists } = pageWithCopies("b~1");
  assert.equal(await page.choose("b~1"), true);
  await page.choose("b~1");
  assert.equal(page.model.value.name, "b~1");
  assert.equal(page.model.value.linked, true);
  assert.equal(page.shows("b~1"), true);
  assert.deepEqual(lists, [["a", "b", "b~1"]]);
  assert.match(page.titleOf("b~1"), /learned from B/);
});

test("in the place of a forgotten copy its original is shown, and the page says so", async () => {
  const { page, lists, kept } = pageWithCopies("b~1");
  await page.choose("b~1");
  kept.length = 0;
  await page.choose("a");
  assert.equal(await page.choose("b~1"), true);
  assert.equal(page.model.value.name, "b");
  assert.equal(page.model.value.linked, false, "its codes mean nothing to the original");
  assert.match(page.problem.value, /^It is gone\. You see B instead/);
  assert.deepEqual(lists, [
    ["a", "b", "b~1"],
    ["a", "b"],
  ]);
  assert.equal(await page.choose("nobody~1"), true);
  assert.equal(page.model.value.name, "a");
});

test("a copy that the server forgets leaves the list, and the page if it is shown", async () => {
  const { page, lists } = pageWithCopies("b~1", "b~2");
  await page.choose("b~2");
  await page.choose("b~1");
  await page.lose("b~2", "Gone.");
  assert.equal(page.model.value.name, "b~1");
  await page.lose("b~1", "Gone.");
  assert.equal(page.model.value.name, "b");
  assert.match(page.problem.value, /^Gone\./);
  assert.deepEqual(lists.at(-1), ["a", "b"]);
});

test("models are grouped by subject, and those for comparison are apart", () => {
  const model = (name, subject, variant = false) => ({ name, subject, variant });
  const groups = groupModels([
    model("d", "Digits"),
    model("s", "Sprites"),
    model("s-weak", "Sprites", true),
    model("other"),
  ]);
  const names = (models) => models.map(({ name }) => name);
  assert.deepEqual(
    groups.map(({ subject, main, variants }) => [subject, names(main), names(variants)]),
    [
      ["Digits", ["d"], []],
      ["Sprites", ["s"], ["s-weak"]],
      ["", ["other"], []],
    ],
  );
});

test("the page shows a name when its model has come, and the first one for an unknown name", async () => {
  session.choose("one");
  assert.deepEqual(
    ["one", "two", "nobody"].map((name) => session.shows(name)),
    [true, false, true],
  );
  const choice = session.choose("two");
  assert.equal(session.shows("one"), false, "another is on its way");
  waiting[0].answer({ title: "2" });
  await choice;
  assert.deepEqual(
    ["one", "two"].map((name) => session.shows(name)),
    [false, true],
  );
});
