// The Explore tab: one clip, its two kinds of code, and what they decode to while they change.

const part = parts(element);
const [first] = boot.clips;
const sizes = sizesOf(first);
const { say, fail } = messages(part.message);

// What one sees.

const clock = new Clock(part.root, boot.frames);
const original = new View(part.original, clock, boot.side);
const edited = new View(part.edited, clock, boot.side);
const difference = new Difference(part.difference, original, edited);
const strip = new Filmstrip(part.filmstrip, clock, boot.side);
transport(part.transport, clock);
new ResizeObserver(fit).observe(part.stage);

// Fills the stage: the edited clip, and two of about half its size beside it.
function fit() {
  const room = part.stage.clientWidth;
  const small = wholeFactor(room / 3, boot.side, 4);
  [original, difference].forEach((view) => view.scale(small));
  edited.scale(wholeFactor(room - small * boot.side, boot.side, 8));
}

// Shows what is rendered.
function put() {
  const { sheet, row, shown } = rendering;
  if (clock.frames !== shown.length) clock.resize(shown.length);
  edited.show(sheet, row);
  strip.show(sheet, row, shown.length);
  difference.draw();
}

// What the server is asked for.

const decoded = decoder(server, boot.side);
// Wanted first: the frame that is shown, and the next while the clip plays.
const rendering = new Rendering(decoded, boot.apart, () =>
  [clock.frame, (clock.frame + 1) % clock.frames].slice(0, clock.playing ? 2 : 1));

const pump = new Pump(
  (codes, exact) => inTime(rendering.ask(codes, exact)),
  (answer, codes) => {
    const more = rendering.take(answer, codes);
    put();
    if (!answer.frames) tellSpeed((answer.ms / codes.dynamic.length) * boot.frames);
    return more;
  },
  (busy, error) => {
    part.stage.setAttribute("aria-busy", String(busy));
    if (error) fail(error);
    if (!busy && editor.codes) previews.ask(editor.codes);
  },
  2,
);
const previews = new Previews(decoded, () => whos.find(inSight));

// What one changes.

const locks = new Locks();
const editor = new Editor(changed, (before, after) => locks.keep(before, after));
let whos = [];
let motions = [];
choice(part.whoswitch, [part.whomain, part.whonamed, part.whoall], switched);
choice(part.motionswitch, [part.motionmain, part.motionall], refresh);

function switched() {
  refresh();
  previews.ask(editor.codes, 0);
}

function changed(what) {
  const { codes, original: before } = editor;
  if (what === "changed") pump.push(codes); // at once: the server works while the page is painted
  refresh();
  part.root.codes = codes; // what is on the page, for scripts and tests
  part.undo.disabled = !editor.past.length;
  part.redo.disabled = !editor.future.length;
  part.reset.disabled = !editor.dirty;
  part.resetwho.disabled = sameRow(codes.static, before.static);
  part.resetmotion.disabled = sameRows(codes.dynamic, before.dynamic);
  say("");
}

// The clip moves at once. The directions come with the first model; the first visitor of another
// waits for them.
async function buildPanels() {
  const found = boot.directions ?? (await ask(() => server.find_directions()));
  if (life.aborted) return;
  if (found.error) {
    part.whomain.textContent = part.motionmain.textContent = "";
    fail(found.error);
    return;
  }
  boot.directions = found;
  whos = whoPanels(part, boot, sizes, editor, switched);
  motions = motionPanels(part, boot, sizes, editor, clock, locks, refresh);
  if (!editor.codes) return;
  refresh();
  previews.ask(editor.codes, 0);
}

// A hidden panel waits until it is shown.
function refresh() {
  const { codes, original: before } = editor;
  whos.filter(inSight).forEach((panel) => panel.show(codes.static, before.static));
  motions.filter(inSight).forEach((panel) => panel.show(codes.dynamic, before.dynamic));
}

// Glides to what the server answers. An answer that comes when another clip is open is dropped.
async function fetched(call, use) {
  const { original: before } = editor;
  const answer = await ask(call);
  if (editor.original !== before) return;
  if (answer.error) fail(answer.error);
  else editor.glide((codes) => use(codes, answer.clips[0]));
}

const draws = new Draws(part, server, editor, fetched);

// Forward and back, unless the clip would become longer than the server takes.
function pingPong() {
  const frames = editor.codes.dynamic.length;
  const longer = pingPongLength(frames);
  if (longer > boot.longest) {
    fail(`Forward and back, this clip would have ${longer} frames: ${boot.longest} are the most.`);
    return;
  }
  editor.change(pingPonged);
  say(longer === frames
    ? `A clip of ${frames} frames goes forward and back already.`
    : `Forward, then back: ${frames} frames became ${longer}.`);
}

const longer = () => fetched(
  () => server.extend_codes({ clip: editor.codes, frames: boot.frames, seed: seedNumber() }),
  ({ static: who, dynamic }, drawn) =>
    ({ static: who, dynamic: [...dynamic, ...drawn.dynamic.slice(dynamic.length)] }),
);

// The buttons.

const edits = {
  reset: () => editor.original,
  resetwho: (codes) => ({ ...codes, static: editor.original.static }),
  resetmotion: (codes) => motionOf(codes, editor.original.dynamic),
  freeze: (codes) => frozen(codes, clock.frame),
  reverse: reversed,
  smooth: smoothed,
};
const acts = {
  undo: () => editor.undo(),
  redo: () => editor.redo(),
  pingpong: pingPong,
  randomwho: () => draws.who(),
  randommotion: () => draws.motion(),
  randomboth: () => draws.both(),
  longer,
  link: copied,
};
Object.entries(edits).forEach(([name, edit]) => (acts[name] = () => editor.change(edit)));
Object.entries(acts).forEach(([name, act]) => part[name].addEventListener("click", act));
listenToKeys(part.root, life, {
  ...acts,
  play: () => clock.play(!clock.playing),
  back: () => clock.seek(clock.frame - 1),
  on: () => clock.seek(clock.frame + 1),
});
takeAway(part.takeaway, {
  boot, server, say, fail, open: showClip, codes: held, fps: () => clock.fps,
});

// What leaves the page is never in the middle of a glide.
function held() {
  editor.settle();
  return editor.codes;
}

// An opened clip comes with pictures of the codes before they were rounded: what a link shows is
// what the page then shows as well.
async function copied() {
  pump.push(held(), true);
  say(await shareAddress(boot.name, toLink(linkModel(boot), held())));
}

// Which clip: an example, one from another tab, or the one that the address holds.

function open(clip) {
  pump.cancel();
  original.show(clip.sheet, clip.row);
  rendering.keep(clip.codes, clip.sheet, clip.row);
  put();
  draws.forget();
  editor.open(clip);
  previews.ask(editor.codes, 0);
}

async function openLink() {
  const { codes, error } = boot.linked ? fromLink(location.hash, linkModel(boot), sizes) : {};
  if (error) fail(error);
  if (!codes) return;
  const answer = await ask(() => decoded([codes], true));
  if (answer.error) fail(answer.error);
  else showClip({ codes, sheet: answer.sheet, row: 0 });
}

Sheet.load(boot.sheet, boot.side).then((sheet) => {
  const options = boot.clips.map((codes, row) => ({ codes, sheet, row }));
  const mark = chooser(part.chooser, options, clock, boot.side, open);
  whenClipIsShown(life, (clip) => {
    mark(-1);
    open(clip);
  });
  open(options[0]);
  mark(0);
  if (boot.clip) showClip(boot.clip);
  else openLink();
});
buildPanels();
