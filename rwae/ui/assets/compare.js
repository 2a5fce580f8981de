// The Compare tab: one set of controls over several models, and what the judge says of each.

const part = parts(element);
const { peers: known, maxUpload } = props.value;
const { say, fail } = messages(part.message);
const { now, error: unfit } = startingWith(boot, known); // `now`: what is compared
const { home } = now;
const clock = new Clock(part.root, home.frames);
const busy = new Set();

function standing(step, on, error) {
  busy[on ? "add" : "delete"](step);
  if (error) fail(error);
  part.stage.setAttribute("aria-busy", String([...busy].some((other) => other !== "judge")));
  part.peers.setAttribute("aria-busy", String(busy.has("judge")));
}

const invite = (about) => new Peer(about, serverOf(about.name, life), clock, home.side,
  (clip) => openInExplore(about, clip));
const lineup = new Lineup(part.chips, part.peers, known, now, invite, refresh, { say, fail });
const trial = new Trial(lineup, serverOf(home.name, life), clock, () => now.looks, standing);

// What every model is given: what says who, and what says how it moves. Each is {key, about}, with
// {codes, from} for an example, {file} for a visitor's clip, or {clips, heat} for draws.
function refresh() {
  now.names = lineup.peers.map(({ name }) => name);
  now.heat = Number(part.heat.value);
  ["who", "how"].forEach((kind) => {
    const seed = part[`${kind}seed`];
    seed.value = now[`${kind}seed`] = seedOf(seed.value); // one that cannot be used, in sight
  });
  const who = now.who === "clip" ? now.whoclip : drawsOf(now.whoseed, 1, 1);
  const motions = drawsOf(now.howseed, MOTIONS, now.heat);
  const how = { own: who, other: now.howclip, drawn: motions }[now.how];
  part.whoabout.textContent = who.about;
  part.howabout.textContent = now.how === "own" ? "that of who" : how.about;
  part.heatvalue.textContent = now.heat.toFixed(2);
  fill(part.heat);
  trial.run({ who, how, swept: now.how === "drawn" });
}

function changed() {
  say("");
  refresh();
}

// Buttons of which one is pressed; what belongs to it is in sight.
function switched(kind, value) {
  now[kind] = value;
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
    changed();
  });
  seed.value = now[`${kind}seed`];
  seed.addEventListener("change", changed);
  part[`new${kind}`].addEventListener("click", () => {
    seed.value = seedNumber();
    changed();
  });
  switched(kind, now[kind]);
});
part.heat.value = now.heat;
part.heat.addEventListener("input", changed);

// All models draw one who, and give it several motions each.
part.preset.addEventListener("click", () => {
  lineup.include(lineup.group.find(({ encodes }) => !encodes));
  switched("who", "draw");
  switched("how", "drawn");
  level();
  changed();
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

const sliders = now.looks.map((start, k) => new Look(part.looks, k, start, async (value) => {
  now.looks = now.looks.map((before, n) => (n === k ? value : before));
  say("");
  await findLooks();
  if (!life.aborted) trial.paint();
}));

// A visitor's clip, read by every model that has an encoder.

const readable = lineup.group.some(({ encodes }) => encodes);

function upload(file) {
  if (!file) return;
  if (!readable) {
    fail("No model here can read a clip of yours, for none of them has an encoder: choose an " +
      "example or a draw.");
    return;
  }
  if (file.size > maxUpload) {
    fail(`The file is larger than ${maxUpload / 2 ** 20} MB: cut it or save it smaller.`);
    return;
  }
  now.whoclip = clipOf(file);
  mark("who");
  switched("who", "clip");
  changed();
}

part.upload.disabled = part.drophint.hidden = !readable;
part.upload.addEventListener("click", () => part.file.click());
part.file.addEventListener("change", () => {
  upload(part.file.files[0]);
  part.file.value = "";
});

whenDropped(part.root, part.root, upload);

// What leaves the tab: the address of the comparison, and single clips.

part.link.addEventListener("click", async () => {
  const link = comparisonLink(now);
  if (link) say(await shareAddress(home.name, link));
  else fail("No link can hold a clip of yours: choose an example or a draw for who.");
});

// Explore shows clips of the page's model: for one of another, the page turns to that model. The
// browser's way back leads to this comparison.
async function openInExplore({ name, title }, clip) {
  if (name === boot.name) {
    showClip(clip);
    trigger("explore");
    return;
  }
  say(`Opening ${title} in Explore.`);
  const before = location.href;
  putAddress(home.name, comparisonLink(now) ?? "");
  const { href } = location;
  keepWhileOpened(name);
  if (await showClipOf(name, clip)) {
    trigger("explore");
    return;
  }
  say("");
  if (location.href === href) history.replaceState(null, "", before);
}

part.hint.textContent = hintOn(lineup.group);
part.judging.hidden = !lineup.group.some(({ judged }) => judged);
transport(part.transport, clock);
fail(unfit);
refresh();

// Examples to choose from.

const marks = {};
const mark = (kind) => marks[kind]?.(now[`${kind}clip`].row ?? -1); // none for a file
Sheet.load(home.sheet, home.side).then((sheet) => {
  const options = home.clips.map((codes, row) => ({ codes, sheet, row }));
  ["who", "how"].forEach((kind) => {
    marks[kind] = chooser(part[`${kind}s`], options, clock, home.side, ({ row }) => {
      now[`${kind}clip`] = exampleOf(home, row);
      changed();
    });
    mark(kind);
  });
});
