// The edited clip of a visit: kept by model and weights, and never taken on trust.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Drafts } from "../../rwae/ui/assets/lib/draft.js";

const CODES = { static: [1, 2], dynamic: [[3], [4]] };
const CHANGED = { static: [5, 2], dynamic: [[3], [4], [4]] };
const MODEL = { name: "one", weights: "a", clips: [CODES] };

class FakeStorage {
  items = new Map();
  setItem(key, value) {
    this.items.set(key, value);
  }
  getItem(key) {
    return this.items.get(key) ?? null;
  }
  removeItem(key) {
    this.items.delete(key);
  }
}

const edited = { original: CODES, codes: CHANGED, dirty: true };

test("a changed clip comes back for the same weights alone", () => {
  const drafts = new Drafts(new FakeStorage());
  drafts.keep(MODEL, edited);
  assert.deepEqual(drafts.read(MODEL), { original: CODES, codes: CHANGED });
  assert.equal(drafts.read({ ...MODEL, weights: "b" }), null);
});

test("a clip that is as it was opened is forgotten", () => {
  const drafts = new Drafts(new FakeStorage());
  drafts.keep(MODEL, edited);
  drafts.keep(MODEL, { original: CODES, codes: CODES, dirty: false });
  assert.equal(drafts.read(MODEL), null);
});

test("what does not fit the model, or is no clip, is not read", () => {
  const storage = new FakeStorage();
  const drafts = new Drafts(storage);
  drafts.keep(MODEL, edited);
  const [key] = storage.items.keys();
  const bad = [
    "{",
    "7",
    "{}",
    JSON.stringify({ original: CODES, codes: { static: [1], dynamic: [[1]] } }),
    JSON.stringify({ original: CODES, codes: { static: [1, 99], dynamic: [[1]] } }),
    JSON.stringify({ original: CODES, codes: { static: [1, 2], dynamic: [] } }),
  ];
  for (const text of bad) {
    storage.setItem(key, text);
    assert.equal(drafts.read(MODEL), null, text);
  }
});

test("a browser without storage keeps nothing and says nothing", () => {
  const throwing = {
    setItem() {
      throw new Error("full");
    },
    getItem() {
      throw new Error("forbidden");
    },
  };
  for (const storage of [null, throwing]) {
    const drafts = new Drafts(storage);
    drafts.keep(MODEL, edited);
    assert.equal(drafts.read(MODEL), null);
  }
});
