// The Compare tab: one set of controls over several models, and what the judge says of each.

const part = parts(element);
const { peers: known, maxUpload } = props.value;
const clock = new Clock(part.root, boot.frames);
const amounts = Array(3).fill(0); // how far who is moved along each model's first directions
const given = { who: "clip", how: "other", whoclip: null, howclip: null };
const busy = new Set();

const { say, fail } = messages(part.message);

function standing(step, on, error) {
  busy[on ? "add" : "delete"](step);
  if (error) fail(error);
  part.stage.setAttribute("aria-busy", String([...busy].some((other) => other !== "judge")));
  part.peers.setAttribute("aria-busy", String(busy.has("judge")));
}

const invite = (about) => new Peer(about, serverOf(about.name, life), clock, boot.side);
const lineup = new Lineup(part.chips, part.peers, known, boot.name, invite, refresh, { say, fail });
const trial = new Trial(lineup, server, clock, () => amounts, standing);

// What every model is given: what says who, and what says how it moves. Each is {key, about}, with
// {codes, from} for an example of the page's model, {file} for a visitor's clip, or {clips, heat}
// for draws. The seed is also what a model without an encoder draws from in place of a clip.

const example = ({ codes, row }) =>
  ({ key: `example ${row}`, about: `example ${row + 1}`, codes, from: boot.name, seed: row + 1 });

function draws(input, clips, heat) {
  const seed = seedOf(input.value);
  return { key: `seed ${seed}, ${clips}, ${heat}`, about: `seed ${seed}`, seed, clips, heat };
}

function refresh() {
  const heat = Number(part.heat.value);
  const who = given.who === "clip" ? given.whoclip : draws(part.whoseed, 1, 1);
  const swept = given.how === "drawn";
  const motions = draws(part.howseed, MOTIONS, heat);
  const how = { own: who, other: given.howclip, drawn: motions }[given.how];
  part.whoabout.textContent = who.about;
  part.howabout.textContent = given.how === "own" ? "that of who" : how.about;
  part.heatvalue.textContent = heat.toFixed(2);
  fill(part.heat);
  trial.run({ who, how, swept });
}

// Buttons of which one is pressed; what belongs to it is in sight.
function switched(kind, value) {
  given[kind] = value;
  [...part[`${kind}switch`].children].forEach((button) => {
    const { choice } = button.dataset;
    button.setAttribute("aria-pressed", String(choice === value));
    part[kind + choice].hidden = choice !== value;
  });
}

["who", "how"].forEach((kind) => {
  const seed = part[`${kind}seed`];
  part[`${kind}switch`].addEventListener("click", ({ target }) => {
    if (!target.dataset.choice) return;
    switched(kind, target.dataset.choice);
    refresh();
  });
  seed.addEventListener("change", refresh);
  part[`new${kind}`].addEventListener("click", () => {
    seed.value = seedNumber();
    refresh();
  });
});
part.heat.addEventListener("input", refresh);

// All models draw one who, and give it several motions each.
part.preset.addEventListener("click", () => {
  say("");
  lineup.include(lineup.group.find(({ encodes }) => !encodes));
  switched("who", "draw");
  switched("how", "drawn");
  level();
  refresh();
});

const level = () => sliders.forEach((slider) => slider.set(0));
part.level.addEventListener("click", level);

// The first move of a slider waits for the directions of every model.
async function findLooks() {
  const missing = lineup.peers.filter(({ write }) => !write);
  if (!missing.length) return;
  standing("looks", true);
  say("Looking for what changes each model's pictures most.");
  const errors = await Promise.all(missing.map((peer) => peer.findLooks()));
  fail(errors.find(Boolean));
  standing("looks", false);
}

const sliders = amounts.map((_, k) => new Look(part.looks, k, async (value) => {
  amounts[k] = value;
  await findLooks();
  if (!life.aborted) trial.paint();
}));

// A visitor's clip, read by every model that has an encoder.

let files = 0;

function upload(file) {
  if (!file) return;
  say("");
  if (file.size > maxUpload) {
    fail(`The file is larger than ${maxUpload / 2 ** 20} MB: cut it or save it smaller.`);
    return;
  }
  files += 1;
  given.whoclip = { key: `file ${files}`, about: file.name, file, seed: 1 };
  marks.who(-1);
  switched("who", "clip");
  refresh();
}

part.upload.disabled = !lineup.group.some(({ encodes }) => encodes);
part.upload.addEventListener("click", () => part.file.click());
part.file.addEventListener("change", () => {
  upload(part.file.files[0]);
  part.file.value = "";
});

part.hint.textContent = hintOn(lineup.group);
part.judging.hidden = !lineup.group.some(({ judged }) => judged);
transport(part.transport, clock);
const marks = {};
Sheet.load(boot.sheet, boot.side).then((sheet) => {
  const options = boot.clips.map((codes, row) => ({ codes, sheet, row }));
  const starts = { who: 0, how: Math.min(4, options.length - 1) };
  Object.entries(starts).forEach(([kind, first]) => {
    marks[kind] = chooser(part[`${kind}s`], options, clock, boot.side, (option) => {
      given[`${kind}clip`] = example(option);
      refresh();
    });
    marks[kind](first);
    given[`${kind}clip`] = example(options[first]);
  });
  refresh();
});
