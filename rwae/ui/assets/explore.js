// The Explore tab: one clip, its two kinds of code, and what they decode to while they change.

const part = parts(element);
const [first] = boot.clips;
const sizes = { static: first.static.length, dynamic: first.dynamic[0].length };
const say = (text) => (part.message.textContent = text ?? "");

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

function put(sheet, row, frames) {
  if (clock.frames !== frames) clock.resize(frames);
  edited.show(sheet, row);
  strip.show(sheet, row, frames);
  difference.draw();
}

// What one changes.

const editor = new Editor((what) => {
  refresh();
  part.root.codes = editor.codes; // what is on the page, for scripts and tests
  part.undo.disabled = part.reset.disabled = !editor.dirty;
  part.redo.disabled = !editor.future.length;
  if (what === "changed") pump.push(editor.codes);
});
let whos = [];
let motions = [];
choice(part.whoswitch, [part.whomain, part.whoall], refresh);
choice(part.motionswitch, [part.motionmain, part.motionall], refresh);

// The clip moves at once. The directions come with the first model; the first visitor of another
// waits for them.
async function buildPanels() {
  const found = boot.directions ?? (await ask(() => server.find_directions()));
  if (life.aborted) return;
  if (found.error) {
    part.whomain.textContent = part.motionmain.textContent = "";
    say(found.error);
    return;
  }
  boot.directions = found;
  whos = whoPanels(part, boot, sizes, editor);
  motions = motionPanels(part, boot, sizes, editor, clock);
  if (!editor.codes) return;
  refresh();
  previews.push(editor.codes, true);
}

// A hidden panel waits until it is shown.
function refresh() {
  const { codes, original: before } = editor;
  const inSight = ({ root }) => !root.hidden;
  whos.filter(inSight).forEach((panel) => panel.show(codes.static, before.static));
  motions.filter(inSight).forEach((panel) => panel.show(codes.dynamic, before.dynamic));
}

// What the server is asked for.

const decoded = decoder(server, boot.side);

const pump = new Pump(
  (codes, exact) => decoded([codes], exact),
  (answer, codes) => {
    const frames = codes.dynamic.length;
    put(answer.sheet, 0, frames);
    tellSpeed((answer.ms / frames) * boot.frames);
  },
  (busy, error) => {
    part.stage.setAttribute("aria-busy", String(busy));
    if (error || !busy) say(error);
    if (!busy && editor.codes) previews.push(editor.codes, true);
  },
);

// The pictures at the ends of the sliders wait until the clip itself rests.
const previews = new Pump(
  async (codes, exact) => (whos.length ? decoded(whos[0].ends(codes), exact) : { sheet: null }),
  (answer) => answer.sheet && whos[0].showEnds(answer.sheet),
  () => {},
);

// An answer that comes when another clip is open already is dropped.
async function fetched(call, use) {
  const { original: before } = editor;
  const answer = await ask(call);
  if (editor.original !== before) return;
  if (answer.error) say(answer.error);
  else editor.change((codes) => use(codes, answer.clips[0]));
}

const draw = (frames) => () =>
  server.sample_codes({ seed: seedNumber(), clips: 1, frames, temperature: 1 });

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
  randomwho: () => fetched(draw(1), (codes, drawn) => ({ ...codes, static: drawn.static })),
  randommotion: () =>
    fetched(draw(editor.codes.dynamic.length), (codes, drawn) => motionOf(codes, drawn.dynamic)),
  longer: () => fetched(
    () => server.extend_codes({ clip: editor.codes, frames: boot.frames, seed: seedNumber() }),
    (codes, longer) =>
      motionOf(codes, [...codes.dynamic, ...longer.dynamic.slice(codes.dynamic.length)]),
  ),
  link: async () => say(await copyLink(boot.name, editor.codes)),
  // Asks for the exact picture, so that a strip saved in mid-drag is exact as well.
  save: async () => {
    const asked = { clips: [editor.codes], exact: true };
    const answer = await ask(() => server.decode_codes(asked));
    say(answer.error);
    if (!answer.error) make("a", "", { href: answer.sheet, download: `${boot.name}-strip.png` }).click();
  },
};
Object.entries(edits).forEach(([name, edit]) => (acts[name] = () => editor.change(edit)));
Object.entries(acts).forEach(([name, act]) => part[name].addEventListener("click", act));
part.root.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
  event.preventDefault();
  acts[event.shiftKey ? "redo" : "undo"]();
});

// Which clip: an example, one from another tab, or the one that the address holds.

function open(clip) {
  pump.cancel();
  original.show(clip.sheet, clip.row);
  put(clip.sheet, clip.row, clip.codes.dynamic.length);
  editor.open(clip);
  previews.push(editor.codes, true);
}

async function openLink() {
  if (!boot.linked) return;
  const codes = fromLink(location.hash, sizes.static, sizes.dynamic);
  if (codes === undefined) say("The link belongs to another model.");
  if (!codes) return;
  const answer = await ask(() => decoded([codes], true));
  if (answer.error) say(answer.error);
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
  openLink();
});
buildPanels();
