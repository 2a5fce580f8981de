// The Swap tab: two clips, and the ways to join the who of one with the motion of the other.

const part = parts(element);
const { say, fail } = messages(part.message);
const clock = new Clock(part.root, boot.frames);
const decoded = decoder(server, boot.side);
const slots = {};
const full = () => Boolean(slots.A?.held && slots.B?.held);
const pair = () => [slots.A.held.clip.codes, slots.B.held.clip.codes];

// The square: whos down, motions across, both from A to B.

const crossings = new Map(); // by their size, each made when it is first wanted
let crossing = null; // the one on the page

const crosser = new Pump(
  ({ clips }, exact) => decodedInParts(decoded, clips, boot, exact),
  ({ tiles }, { size }) => crossings.get(size).show(tiles),
  (busy, error) => {
    part.stage.setAttribute("aria-busy", String(busy));
    if (error) fail(error);
  },
);

function enlarge(size) {
  if (!crossings.has(size)) {
    crossings.set(size, new Crossing(size, clock, boot.side, openInExplore));
  }
  crossing = crossings.get(size);
  part.plane.dataset.size = size;
  part.grid.style.setProperty("--size", size);
  part.grid.replaceChildren(...crossing.nodes);
  sizes.forEach((button) =>
    button.setAttribute("aria-pressed", String(Number(button.dataset.clips) === size)));
  part.note.textContent = noteOn(size, boot.encodes);
  fit();
}

function cross() {
  if (!full()) return;
  const [a, b] = pair();
  const clips = crossing.places.map(({ who, motion }) => between(a, b, who, motion));
  part.root.codes = clips; // what is on the page, for scripts and tests
  crosser.push({ size: crossing.size, clips }, true);
}

// One more clip lies anywhere between the two: where the point of the pad is.

const mixed = new View(part.mix, clock, boot.side);
let inBetween = null; // what it shows: {codes, sheet, row}

const mixer = new Pump(
  (codes, exact) => decoded([codes], exact),
  (answer, codes) => {
    inBetween = { codes, sheet: answer.sheet, row: 0 };
    mixed.show(inBetween.sheet, 0);
    tellSpeed(answer.ms);
  },
  (busy, error) => {
    part.mixtile.setAttribute("aria-busy", String(busy));
    if (error) fail(error);
  },
);

const pad = new Pad(part.pad, { across: part.mixmotion, down: part.mixwho }, mix);

function mix() {
  if (!full()) return;
  part.mixtile.codes = between(...pair(), pad.down, pad.across);
  mixer.push(part.mixtile.codes);
}

function changed() {
  if (!full()) return;
  say("");
  mix();
  cross();
}

function openInExplore(clip) {
  if (!clip) return;
  showClip(clip);
  trigger("explore");
}

// Fills the stage with whole pixels: the clip in between and its pad stand beside the square of
// four where there is room, and below it otherwise.
function fit() {
  const style = getComputedStyle(part.plane);
  const [axis, gap, apart] = ["--axis", "--gap", "--apart"].map((name) =>
    parseFloat(style.getPropertyValue(name)));
  const { size, views } = crossing;
  const room = part.plane.clientWidth;
  if (!room) return;
  const beside = size === 2 && room > 540;
  const taken = axis + size * gap + (beside ? apart : 0);
  const tile = (room - taken) / (size + beside);
  const factor = fittingFactor(tile, boot.side, 6);
  const besides = beside ? factor : fittingFactor(Math.min(192, (room - gap) / 2), boot.side, 6);
  views.forEach((view) => view.scale(factor));
  mixed.scale(besides);
  part.plane.toggleAttribute("data-beside", beside);
  part.pad.style.setProperty("--side", `${boot.side * besides}px`);
}

const sizes = [...element.querySelectorAll("[data-clips]")];
sizes.forEach((button) => button.addEventListener("click", () => {
  enlarge(Number(button.dataset.clips));
  cross();
}));
part.mixtile.addEventListener("click", () => openInExplore(inBetween));
transport(part.transport, clock);
enlarge(2);
new ResizeObserver(fit).observe(part.plane);

// What goes into the slots.

part.exchange.addEventListener("click", () => {
  const { A, B } = slots;
  const [a, b] = [A.held, B.held];
  A.hold(b);
  B.hold(a);
  changed();
});

part.random.addEventListener("click", () => {
  const [one, other] = twoOf(boot.clips.length);
  slots.A.hold(slots.A.example(one));
  slots.B.hold(slots.B.example(other));
  changed();
});

Sheet.load(boot.sheet, boot.side).then((sheet) => {
  const encode = (file) => server.encode_clip({ binary: true, data: { file } });
  const { maxUpload } = props.value;
  const wiring = { boot, life, maxUpload, clock, sheet, encode, decoded, changed };
  ["A", "B"].forEach((name) => {
    const root = element.querySelector(`[data-slot="${name}"]`);
    slots[name] = new Slot(root, name, wiring);
  });
  slots.A.hold(slots.A.example(0));
  slots.B.hold(slots.B.example(Math.min(4, boot.clips.length - 1)));
  changed();
});
