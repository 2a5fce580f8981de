// The Swap tab: two clips, and the four ways to join a who with a motion.

const part = parts(element);
const say = (text) => (part.message.textContent = text ?? "");
const clock = new Clock(part.root, boot.frames);
const tiles = [...part.grid.querySelectorAll(".rw-tile")];
const views = tiles.map((tile) => new View(tile.firstElementChild, clock, boot.side));
const slots = {};
let grid = null; // what the four tiles show: {clips, sheet}

const decoded = decoder(server, boot.side);

const pump = new Pump(
  decoded,
  (answer, clips) => {
    grid = { clips, sheet: answer.sheet };
    views.forEach((view, n) => view.show(grid.sheet, n));
  },
  (busy, error) => {
    part.stage.setAttribute("aria-busy", String(busy));
    if (error) say(error);
  },
);

// A fifth clip lies anywhere between the two, its who and its motion each on their own.

const mixed = new View(part.mix, clock, boot.side);
let between = null; // what it shows: {codes, sheet, row}

const mixer = new Pump(
  (codes, exact) => decoded([codes], exact),
  (answer, codes) => {
    between = { codes, sheet: answer.sheet, row: 0 };
    mixed.show(between.sheet, 0);
    tellSpeed(answer.ms);
  },
  (busy, error) => {
    part.mixtile.setAttribute("aria-busy", String(busy));
    if (error) say(error);
  },
);

function mix() {
  const [a, b] = [slots.A.codes, slots.B.codes];
  const blend = (x, y, way) => x.map((z, d) => z + way * (y[d] - z));
  const [who, motion] = [part.mixwho, part.mixmotion].map((input) => Number(input.value));
  [part.mixwho, part.mixmotion].forEach(fill);
  part.mixtile.codes = {
    static: blend(a.static, b.static, who),
    dynamic: a.dynamic.map((row, t) => blend(row, b.dynamic[t], motion)),
  };
  mixer.push(part.mixtile.codes);
}

[part.mixwho, part.mixmotion].forEach((input) => input.addEventListener("input", mix));

// The rows of the grid are whos, its columns motions.
function cross() {
  const [a, b] = [slots.A?.codes, slots.B?.codes];
  if (!a || !b) return;
  mix();
  const pairs = [[a, a], [a, b], [b, a], [b, b]];
  const clips = pairs.map(([who, motion]) => ({ static: who.static, dynamic: motion.dynamic }));
  part.root.codes = clips; // what is on the page, for scripts and tests
  say("");
  pump.push(clips, true);
}

function openInExplore(clip) {
  if (!clip) return;
  showClip(clip);
  trigger("explore");
}

tiles.forEach((tile, row) => tile.addEventListener("click", () =>
  openInExplore(grid && { codes: grid.clips[row], sheet: grid.sheet, row })));
part.mixtile.addEventListener("click", () => openInExplore(between));
transport(part.transport, clock);
fitGrid(part.grid, views, 2, boot.side, 5, 34);
mixed.scale(wholeFactor(160, boot.side, 2));
if (!boot.encodes) {
  part.note.textContent = "Both clips were drawn by the model. The framed ones join the who of " +
    "one with the motion of the other. Click any of the four to open it in Explore.";
}
Sheet.load(boot.sheet, boot.side).then((sheet) => {
  const encode = (file) => server.encode_clip({ binary: true, data: { file } });
  const { maxUpload } = props.value;
  const wiring = { boot, maxUpload, clock, sheet, encode, changed: cross, say };
  ["A", "B"].forEach((name) => {
    const root = element.querySelector(`[data-slot="${name}"]`);
    slots[name] = new Slot(root, name, wiring);
  });
  slots.A.choose(0);
  slots.B.choose(Math.min(4, boot.clips.length - 1));
});
