// What the parts of the page share: the chosen model, the clip that was opened in Explore, the
// codes that each tab shows, and how fast the server decodes.

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

  // A copy that has learned a character; `of` is the name of its original.
  addModel(entry) {
    const others = this.models.value.filter(({ name }) => name !== entry.name);
    this.models.set([...others, entry]);
  }

  removeModel(name) {
    this.#known.delete(name);
    this.models.set(this.models.value.filter((model) => model.name !== name));
  }

  // Whether the page shows a model of this name, or the first one since there is none.
  shows(name) {
    const exists = this.models.value.some((model) => model.name === name);
    return !this.loading.value && this.model.value?.name === (exists ? name : this.first.name);
  }

  // Shows a model; Explore begins with `clip`, if there is one. Of several choices in a row the
  // last one counts. Resolves to whether the page shows the model, or the first if there is none
  // of that name.
  async choose(name, clip = null) {
    const turn = ++this.#turn;
    const exists = this.models.value.some((model) => model.name === name);
    const shown = exists ? name : this.first.name;
    this.problem.set(
      exists
        ? this.notice
        : `The address names the model ${name}, which is not here: you see ${this.first.title} ` +
            "instead.",
    );
    this.loading.set(true);
    const model = this.#known.get(shown) ?? (await this.open(shown));
    if (turn !== this.#turn) return false;
    this.loading.set(false);
    if (model.error) {
      this.problem.set(model.error);
      return false;
    }
    this.#known.set(shown, model);
    this.shown.clear();
    // The codes of an address that names another model mean nothing to this one.
    this.model.set(Object.assign(model, { name: shown, linked: exists, clip }));
    return true;
  }
}

export const session = new Session();
