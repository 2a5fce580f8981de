// A comparison in the address. The same link and models give the same pictures.

const COMPARE_LINK = "#compare&";
const COMPARE_DAMAGED = "The link is damaged, or was made with other models: you see the usual " +
  "comparison instead.";
const COMPARE_ABSENT = "The link compares a model that is not here: you see the usual " +
  "comparison instead.";

// Null where a visitor's own clip is compared, which is in no link.
function comparisonLink({ names, who, how, whoclip, howclip, whoseed, howseed, heat, looks }) {
  if (who === "clip" && whoclip.file) return null;
  const whos = { clip: `example-${whoclip.row + 1}`, draw: `seed-${whoseed}` };
  const hows = { own: "own", other: `example-${howclip.row + 1}`, drawn: `seed-${howseed}` };
  const fields = new URLSearchParams(names.map((name) => ["beside", name]));
  Object.entries({ who: whos[who], how: hows[how], temperature: heat }).forEach((field) =>
    fields.append(...field));
  looks.forEach((value) => fields.append("look", value));
  return COMPARE_LINK + fields;
}

// The comparison in an address: {found}, {error: one sentence}, or {} if it holds none. No field
// may be missing, so that a link that was cut is noticed.
function comparisonFromLink(hash, home, known) {
  if (!hash.startsWith(COMPARE_LINK)) return {};
  const fields = new URLSearchParams(hash.slice(COMPARE_LINK.length));
  const models = fields.getAll("beside").map((name) => known.find((model) => model.name === name));
  if (!models.every(Boolean)) return { error: COMPARE_ABSENT };
  const who = whoIn(fields.get("who") ?? "", home);
  const how = howIn(fields.get("how") ?? "", home);
  const heat = numberIn(fields.get("temperature"));
  const looks = fields.getAll("look").map(numberIn);
  const fits = sideBySide(models, known.find(({ name }) => name === home.name)) && who && how &&
    heat >= 0 && heat <= HOTTEST &&
    looks.length === LOOKS && looks.every((value) => Math.abs(value) <= FARTHEST_LOOK);
  if (!fits) return { error: COMPARE_DAMAGED };
  const names = models.map(({ name }) => name);
  return { found: { ...usualComparison(home), names, ...who, ...how, heat, looks } };
}

const sideBySide = (models, mine) =>
  models.length >= 1 && models.length <= MOST_PEERS && new Set(models).size === models.length &&
  models.every(({ group }) => group === mine.group);

const whoIn = (text, home) => sourceIn(text, {
  example: (row) => home.clips[row] && { who: "clip", whoclip: exampleOf(home, row) },
  seed: (seed) => ({ who: "draw", whoseed: seed }),
});

const howIn = (text, home) => (text === "own" ? { how: "own" } : sourceIn(text, {
  example: (row) => home.clips[row] && { how: "other", howclip: exampleOf(home, row) },
  seed: (seed) => ({ how: "drawn", howseed: seed }),
}));

function sourceIn(text, { example, seed }) {
  const [, kind, digits] = /^(example|seed)-(\d{1,6})$/.exec(text) ?? [];
  if (kind === "seed") return seed(Number(digits));
  return kind ? example(Number(digits) - 1) : null;
}

const numberIn = (text) => (/^-?\d(\.\d+)?$/.test(text) ? Number(text) : NaN);
