// What the parts of the page share: the chosen model, the clip that was opened in Explore, the
// codes that each tab shows, and how fast the server decodes.

import { isLearned, originalOf } from "./clipfile.js";

// A value that others watch.
export class Observable {
  #value;
  #watchers = new Set();

  constructor(value = null) {
    this.#value = value;
  }

  get value() {
    return this.#value;
  }

  // Tells everyone who watches, also of a value that is the same as before.
  set(value) {
    this.#value = value;
    for (const use of [...this.#watchers]) use(value);
  }

  // Calls use(value) for every later value, until `signal` is aborted.
  watch(use, signal) {
    if (signal?.aborted) return;
    this.#watchers.add(use);
    signal?.addEventListener("abort", () => this.#watchers.delete(use), { once: true });
  }
}

// Models by subject, in their order: [{subject, main, variants}].
export function groupModels(models) {
  const groups = new Map();
  // A copy that has learned a character stands with its original.
  const subjectOf = ({ subject, of }) =>
    subject ?? models.find(({ name }) => name === of)?.subject ?? "";
  models.forEach((model) => {
    const subject = subjectOf(model);
    if (!groups.has(subject)) groups.set(subject, { subject, main: [], variants: [] });
    groups.get(subject)[model.variant ? "variants" : "main"].push(model);
  });
  return [...groups.values()];
}

export class Session {
  models = new Observable([]); // all that can be chosen: {name, title, about, kind, subject}
  model = new Observable(); // all that shows the chosen model: its sizes, examples and facts
  opened = new Observable(); // the clip that Explore shall show: {codes, sheet, row}
  decodeTime = new Observable(); // milliseconds in which the server decoded a clip, measured last
  loading = new Observable(false); // whether another model is on its way
  problem = new Observable(""); // a sentence about the models, or nothing

  // The codes that each tab shows, by the name of the tab. Other tabs read them, and scripts may.
  shown = new Map();

  #known = new Map(); // what shows a model, kept once it has come
  #turn = 0;

  // models: [{name}, ...]; first: what shows the first one; notice: a sentence about all models;
  // open(name) asks the server for what shows a model.
  begin({ models, first, notice, open }) {
    Object.assign(this, { first, notice, open });
    this.models.set(models);
    this.#known.set(first.name, first);
  }

  titleOf(name) {
    return this.models.value.find((model) => model.name === name)?.title ?? name;
  }

  #lists(name) {
    return this.models.value.some((model) => model.name === name);
  }

  // Puts a copy that has learned a character into the list.
  #addCopy(name) {
    if (this.#lists(name)) return;
    const of = originalOf(name);
    const title = `Your character, learned from ${this.titleOf(of)}`;
    const copy = { name, of, title, about: "A copy for this visit.", kind: "" };
    this.models.set([...this.models.value, copy]);
  }

  removeCopy(name) {
    if (this.#lists(name)) this.models.set(this.models.value.filter((copy) => copy.name !== name));
  }

  // The server has forgotten a copy, as `sentence` says: if it is shown, its original follows.
  async lose(name, sentence) {
    this.removeCopy(name);
    if (this.model.value?.name === name) await this.#showOriginal(name, sentence);
  }

  // Whether the page shows a model of this name, or the first one since there is none.
  shows(name) {
    const exists = isLearned(name) || this.#lists(name);
    return !this.loading.value && this.model.value?.name === (exists ? name : this.first.name);
  }

  // Shows a model; Explore begins with `clip`, if there is one. Of several choices in a row the
  // last one counts. Resolves to whether the page shows the model or, if there is none of that
  // name, the first one; in the place of a copy that the server has forgotten, its original.
  async choose(name, clip = null) {
    if (isLearned(name) || this.#lists(name)) return this.#show(name, this.notice, { clip });
    const sentence =
      `The address names the model ${name}, which is not here: you see ${this.first.title} ` +
      "instead.";
    return this.#show(this.first.name, sentence, { clip, linked: false });
  }

  #showOriginal(name, sentence) {
    this.removeCopy(name);
    const of = this.#lists(originalOf(name)) ? originalOf(name) : this.first.name;
    return this.#show(of, `${sentence} You see ${this.titleOf(of)} instead.`, { linked: false });
  }

  // linked: whether the codes of the address are those of this model. Of a copy the server is
  // always asked, for it may have forgotten it.
  async #show(name, sentence, { clip = null, linked = true }) {
    const turn = ++this.#turn;
    this.problem.set(sentence);
    this.loading.set(true);
    const model = this.#known.get(name) ?? (await this.open(name));
    if (turn !== this.#turn) return false;
    this.loading.set(false);
    if (model.error && isLearned(name)) return this.#showOriginal(name, model.error);
    if (model.error) {
      this.problem.set(model.error);
      return false;
    }
    if (isLearned(name)) this.#addCopy(name);
    else this.#known.set(name, model);
    this.shown.clear();
    this.model.set(Object.assign(model, { name, linked, clip }));
    return true;
  }
}

export const session = new Session();
