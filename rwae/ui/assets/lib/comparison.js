// What the Compare tab compares: which models, what says who and how it moves, and how far the
// shared sliders of who are moved. Also as a link.

import { MAX_TEMPERATURE } from "./link.js";

export const SHARED_SLIDERS = 3; // sliders of who, each along a direction of every model
export const MAX_SHIFT = 3; // standard deviations, to either side
export const MAX_PEERS = 4; // models side by side

// The sources of codes. Each has a key, which is the same for the same clip, and words about it.

// An example of the page's model, to be given to all. The seed is what a model without an encoder
// draws from in its place.
export const exampleSource = (home, row) => ({
  row,
  key: `example ${row}`,
  about: `example ${row + 1}`,
  codes: home.clips[row],
  from: home.name,
  seed: row + 1,
});

// What every model draws from its own prior.
export const drawSource = (seed, clips, temperature) => ({
  key: `seed ${seed}, ${clips}, ${temperature}`,
  about: `seed ${seed}`,
  seed,
  clips,
  temperature,
});

// A visitor's clip, read by his choices. The count goes on when the tab starts again: no two clips
// share a key.
let files = 0;
export function fileSource(file, choices = {}) {
  files += 1;
  return { key: `file ${files}`, about: file.name, file, choices, seed: 1 };
}

// The comparison that comes first, of the examples of the model `home`. `names` are those of the
// models side by side, null for a pair unlike each other. `who` and `how` say which of the sources
// counts: a clip, a draw, or (for how it moves) the motion of the first clip itself.
export const defaultComparison = (home) => ({
  home,
  names: null,
  who: "clip",
  how: "other",
  whoclip: exampleSource(home, 0),
  howclip: exampleSource(home, Math.min(4, home.clips.length - 1)),
  whoseed: 1,
  howseed: 1,
  temperature: 1,
  shifts: Array(SHARED_SLIDERS).fill(0),
});

// The tab starts again with each model of the page. A comparison stays when one of its clips is
// opened in Explore, although the page then shows the model that drew it.
export class ComparisonMemory {
  #kept = null;
  #opened = null; // the name of the model that drew the opened clip

  keepWhileOpened(name) {
    this.#opened = name;
  }

  // What the tab starts with: {comparison, error}. An address with a comparison comes first.
  start(model, known, hash) {
    const { found, error } = model.linked ? parseComparisonLink(hash, model, known) : {};
    const kept = this.#kept;
    const stays = !found && !error && kept && [kept.home.name, this.#opened].includes(model.name);
    if (!stays || model.name === kept.home.name) this.#opened = null;
    this.#kept = { ...(found ?? (stays ? kept : defaultComparison(model))) };
    return { comparison: this.#kept, error };
  }
}

// The link. Its words are part of every link that was copied so far, and stay as they are.

const LINK = "#compare&";
const DAMAGED =
  "The link is damaged, or was made with other models: you see the usual comparison instead.";
const ABSENT = "The link compares a model that is not here: you see the usual comparison instead.";

// Null where a visitor's own clip is compared, which is in no link.
export function comparisonLink(comparison) {
  const { names, who, how, whoclip, howclip, whoseed, howseed } = comparison;
  if (who === "clip" && whoclip.file) return null;
  const fields = new URLSearchParams(names.map((name) => ["beside", name]));
  const whos = { clip: `example-${whoclip.row + 1}`, draw: `seed-${whoseed}` };
  const hows = { own: "own", other: `example-${howclip.row + 1}`, drawn: `seed-${howseed}` };
  fields.append("who", whos[who]);
  fields.append("how", hows[how]);
  fields.append("temperature", comparison.temperature);
  comparison.shifts.forEach((shift) => {
    fields.append("look", shift);
  });
  return LINK + fields;
}

// The comparison in an address: {found}, {error: one sentence}, or {} if it holds none. No field
// may be missing, so that a link that was cut is noticed.
export function parseComparisonLink(hash, home, known) {
  if (!hash.startsWith(LINK)) return {};
  const fields = new URLSearchParams(hash.slice(LINK.length));
  const models = fields.getAll("beside").map((name) => known.find((model) => model.name === name));
  if (!models.every(Boolean)) return { error: ABSENT };
  const who = parseWho(fields.get("who") ?? "", home);
  const how = parseHow(fields.get("how") ?? "", home);
  const temperature = parseNumber(fields.get("temperature"));
  const shifts = fields.getAll("look").map(parseNumber);
  const mine = known.find(({ name }) => name === home.name);
  const fits =
    comparable(models, mine) &&
    who &&
    how &&
    temperature >= 0 &&
    temperature <= MAX_TEMPERATURE &&
    shifts.length === SHARED_SLIDERS &&
    shifts.every((shift) => Math.abs(shift) <= MAX_SHIFT);
  if (!fits) return { error: DAMAGED };
  const names = models.map(({ name }) => name);
  return { found: { ...defaultComparison(home), names, ...who, ...how, temperature, shifts } };
}

const comparable = (models, mine) =>
  models.length >= 1 &&
  models.length <= MAX_PEERS &&
  new Set(models).size === models.length &&
  models.every(({ group }) => group === mine.group);

const parseWho = (text, home) =>
  parseSource(text, {
    example: (row) => home.clips[row] && { who: "clip", whoclip: exampleSource(home, row) },
    seed: (seed) => ({ who: "draw", whoseed: seed }),
  });

const parseHow = (text, home) =>
  text === "own"
    ? { how: "own" }
    : parseSource(text, {
        example: (row) => home.clips[row] && { how: "other", howclip: exampleSource(home, row) },
        seed: (seed) => ({ how: "drawn", howseed: seed }),
      });

function parseSource(text, { example, seed }) {
  const [, kind, digits] = /^(example|seed)-(\d{1,6})$/.exec(text) ?? [];
  if (kind === "seed") return seed(Number(digits));
  return kind ? example(Number(digits) - 1) : null;
}

const parseNumber = (text) => (/^-?\d(\.\d+)?$/.test(text) ? Number(text) : NaN);

// All that is known of the models, and of a copy of one that the page shows. Nobody scored a copy.
export function withCopy(known, { name, title, learned }) {
  const original = known.find((about) => about.name === learned?.of);
  return original ? [{ ...original, name, title, scores: [] }, ...known] : known;
}

// Which models stand beside the page's model at first: the one whose swaps score most unlike its
// own, so that there is a difference to see.
export function firstPair(group, mine) {
  const swap = ({ scores }) => scores.find(({ key }) => key === "swap")?.share ?? null;
  const distance = (about) =>
    swap(about) === null || swap(mine) === null ? -1 : Math.abs(swap(about) - swap(mine));
  const others = group.filter((about) => about !== mine);
  return [mine, ...others.sort((a, b) => distance(b) - distance(a)).slice(0, 1)];
}

// What a visitor should know before looking.
export function comparisonHint(group) {
  const hints = [];
  if (group.length === 1) {
    hints.push(
      "No other model here was trained on clips of this kind: choose one of several in the " +
        "header to compare them.",
    );
  }
  if (!group.some(({ judged }) => judged)) {
    hints.push(
      "There is no judge that names what these clips show, so the page says nothing of what is " +
        "kept: look for yourself.",
    );
  }
  return hints.join(" ");
}
