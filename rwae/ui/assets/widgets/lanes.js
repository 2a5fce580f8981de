// The dynamic codes: a lane for each coordinate, a column for each frame. Draw in a lane with a
// pointer, or move from frame to frame with the arrow keys.

import { clamp } from "../lib/codes.js";
import { widened } from "../lib/directions.js";
import { percent } from "../lib/format.js";
import { icon, make } from "./dom.js";
import { paintStills } from "./player.js";

const REACH = 3.5; // standard deviations that the keys reach, to either side
const DRAG_START = 8; // pixels that a finger goes sideways before it draws

export class Lanes {
  // changed(frame, axis, value, done): a point moved; `done` when the pointer let go.
  // restored(axis, frame): a point should go back to the original, or the whole lane without one.
  // locked(axis) says whether a lane is locked, and lock(axis) turns that over.
  // ranges: [low, high] of each lane; it grows with values beyond it. With `side`, the size of a
  // frame, each lane has two stills: where its upper end leads, and its lower end.
  constructor(root, basis, clock, ranges, { changed, restored, locked, lock }, side = 0) {
    Object.assign(this, { root, basis, clock, changed, restored, locked, lock, side });
    this.ranges = ranges.map((range) => [...range]);
    Object.assign(this, { frames: 0, lanes: [] });
    clock.listen(() => this.mark());
  }

  show(dynamic, original) {
    if (this.frames !== dynamic.length) this.build(dynamic.length);
    this.lanes.forEach((lane, axis) => {
      const values = dynamic.map((code) => this.basis.coordinate(code, axis));
      const before = original.map((code) => this.basis.coordinate(code, axis));
      if (!this.drawing) this.ranges[axis] = widened(this.ranges[axis], [...values, ...before]);
      const [line, ghost] = [this.path(axis, values), this.path(axis, before)];
      lane.head.show(this.locked(axis), line !== ghost);
      if (lane.drawn === line + ghost) return; // most edits leave most lanes as they are
      lane.drawn = line + ghost;
      lane.line.setAttribute("d", line);
      lane.ghost.setAttribute("d", ghost);
      const zero = this.place(axis, 0);
      lane.zero.setAttribute("d", zero > 0 && zero < 1 ? `M0 ${zero}H${this.frames}` : "");
      lane.points.forEach((point, frame) => {
        point.style.setProperty("--y", this.place(axis, values[frame]));
        point.setAttribute("aria-valuemin", Math.min(-REACH, values[frame]).toFixed(2));
        point.setAttribute("aria-valuemax", Math.max(REACH, values[frame]).toFixed(2));
        point.setAttribute("aria-valuenow", values[frame].toFixed(2));
      });
    });
    this.mark();
  }

  // Where a value is in its lane: 0 at the top, 1 at the bottom.
  place(axis, value) {
    const [low, high] = this.ranges[axis];
    return Math.min(1, Math.max(0, (high - value) / (high - low)));
  }

  path(axis, values) {
    const points = values.map((value, n) => `${n + 0.5} ${this.place(axis, value).toFixed(4)}`);
    return `M${points.join("L")}`;
  }

  build(frames) {
    this.frames = frames;
    this.root.replaceChildren(this.ruler());
    this.root.style.setProperty("--frames", frames);
    this.root.style.setProperty("--dot", frames > 24 ? "5px" : "9px");
    this.lanes = Array.from({ length: this.basis.size }, (_, axis) => this.lane(axis));
  }

  ruler() {
    const ruler = make("div", "rw-ruler");
    ruler.append(make("span", ""));
    const row = make("div", "rw-ruler-row");
    // On a phone no more than these numbers fit side by side.
    const step = this.frames > 16 ? Math.ceil(this.frames / 10) : 1;
    this.ticks = Array.from({ length: this.frames }, (_, frame) => {
      const tick = make("button", "rw-tick rw-number", {
        type: "button",
        tabindex: -1,
        "aria-label": `Pause at frame ${frame + 1}`,
      });
      tick.textContent = frame % step ? "" : frame + 1;
      tick.addEventListener("click", () => this.clock.seek(frame));
      row.append(tick);
      return tick;
    });
    ruler.append(row);
    return ruler;
  }

  lane(axis) {
    const row = make("div", `rw-lane${this.basis.idle?.[axis] ? " rw-idle" : ""}`);
    const head = new LaneHead(row, axis, this.basis, {
      lock: () => this.lock(axis),
      restored: () => this.restored(axis),
    });
    const field = make("div", "rw-field", {
      role: "group",
      "aria-label": `${this.title(axis)}: arrow keys choose a frame and its value`,
    });
    field.innerHTML = `<svg viewBox="0 0 ${this.frames} 1"
      preserveAspectRatio="none" aria-hidden="true"><path class="rw-zero"/>
      <path class="rw-ghost"/><path class="rw-line"/></svg>`;
    const points = Array.from({ length: this.frames }, (_, frame) => this.point(axis, frame));
    field.append(...points);
    row.append(head.root, field);
    const ends = this.hasStills ? addEnds(row) : [];
    this.root.append(row);
    this.acceptDrawing(field, axis);
    const [zero, ghost, line] = ["zero", "ghost", "line"].map((name) =>
      field.querySelector(`.rw-${name}`),
    );
    return { head, points, zero, ghost, line, ends };
  }

  get hasStills() {
    return this.side > 0;
  }

  // The stills of all lanes, as codes to decode: the first frame with one number changed.
  stills(codes) {
    return this.ranges.flatMap(([low, high], axis) =>
      [high, low].map((value) => {
        const still = { static: codes.static, dynamic: [[...codes.dynamic[0]]] };
        this.basis.set(still.dynamic[0], axis, value);
        return still;
      }),
    );
  }

  // `sheets` hold them in the same order, each `rows` of them.
  showStills(sheets, rows) {
    const images = this.lanes.flatMap(({ ends }) => ends);
    paintStills(images, sheets, rows, this.side);
  }

  // The name that is on the screen.
  title(axis) {
    return this.basis.share ? `Move ${axis + 1}` : `Motion number ${axis + 1}`;
  }

  point(axis, frame) {
    const point = make("div", "rw-point", {
      role: "slider",
      tabindex: frame ? -1 : 0,
      "aria-orientation": "vertical",
      "aria-label": `${this.title(axis)}, frame ${frame + 1}`,
    });
    point.addEventListener("keydown", (event) => this.key(event, axis, frame));
    return point;
  }

  key(event, axis, frame) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? 0.5 : 0.1;
    const moves = { ArrowUp: step, ArrowDown: -step, PageUp: 0.5, PageDown: -0.5 };
    const goes = { ArrowLeft: frame - 1, ArrowRight: frame + 1, Home: 0, End: this.frames - 1 };
    if (event.key in goes) this.focus(axis, goes[event.key]);
    else if (event.key in moves) {
      if (this.locked(axis)) return;
      const now = Number(this.lanes[axis].points[frame].getAttribute("aria-valuenow"));
      this.changed(frame, axis, clamp(now + moves[event.key], REACH), true);
    } else if (event.key === "Delete" || event.key === "Backspace") this.restored(axis, frame);
    else return;
    event.preventDefault();
  }

  focus(axis, frame) {
    const { points } = this.lanes[axis];
    const target = points[Math.min(points.length - 1, Math.max(0, frame))];
    points.forEach((point) => {
      point.setAttribute("tabindex", point === target ? 0 : -1);
    });
    target.focus();
  }

  // A pointer draws: every column between two of its places gets a value on the line between.
  acceptDrawing(field, axis) {
    let last = null;
    const place = (event) => {
      const box = field.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * this.frames;
      const frame = Math.min(this.frames - 1, Math.max(0, Math.floor(x)));
      const y = Math.min(1, Math.max(0, (event.clientY - box.top) / box.height));
      const [low, high] = this.ranges[axis];
      return { frame, value: high - y * (high - low) };
    };
    const draw = (here) => {
      const from = last ?? here;
      const direction = Math.sign(here.frame - from.frame);
      for (let frame = from.frame; frame !== here.frame; frame += direction) {
        const fraction = (frame - from.frame) / (here.frame - from.frame);
        this.changed(frame, axis, from.value + fraction * (here.value - from.value), false);
      }
      this.changed(here.frame, axis, here.value, false);
      last = here;
    };
    // A finger draws once it goes sideways: up and down it scrolls the page.
    let touched = null;
    const begin = (event) => {
      field.setPointerCapture(event.pointerId);
      this.drawing = true;
      draw(place(event));
    };
    field.addEventListener("pointerdown", (event) => {
      if (event.button || this.locked(axis)) return;
      if (event.pointerType === "touch") {
        touched = event;
        return;
      }
      begin(event);
      event.preventDefault();
    });
    field.addEventListener("pointermove", (event) => {
      if (touched && Math.abs(event.clientX - touched.clientX) > DRAG_START) {
        begin(touched);
        touched = null;
      }
      if (last) draw(place(event));
    });
    const stop = (event) => {
      if (touched && event.type === "pointerup") draw(place(touched)); // a tap
      touched = null;
      this.drawing = false;
      if (!last) return;
      this.changed(last.frame, axis, last.value, true);
      this.focus(axis, last.frame);
      last = null;
    };
    field.addEventListener("pointerup", stop);
    field.addEventListener("pointercancel", stop);
  }

  mark() {
    this.ticks?.forEach((tick, n) => {
      tick.toggleAttribute("data-now", n === this.clock.frame);
    });
    this.root.style.setProperty("--now", this.clock.frame);
  }
}

const LOCK_SHUT = "M3.5 7h9v7h-9zM5 7V5a3 3 0 0 1 6 0v2H9.6V5a1.6 1.6 0 0 0-3.2 0v2z";
const LOCK_OPEN = "M3.5 7h9v7h-9zM5 7V4.5a3 3 0 0 1 5.9-.8l-1.4.4a1.55 1.55 0 0 0-3.1.4V7z";
const BACK = "M8 3.2a5 5 0 1 1-4.9 6h1.5A3.55 3.55 0 1 0 8 4.65V7L4 3.9 8 .8z";

// Adds places for the stills of a lane's two ends, and returns their images.
function addEnds(row) {
  const box = make("div", "rw-lane-ends", { "aria-hidden": "true" });
  const images = ["upper", "lower"].map((end) => {
    const title = `The first frame with the value at the ${end} end of the lane`;
    const place = make("span", "rw-lane-end", { title });
    const image = make("img", "", { alt: "" });
    place.append(image);
    box.append(place);
    return image;
  });
  row.append(box);
  return images;
}

// What stands before a lane: its name, a lock, and the way back to the original.
class LaneHead {
  constructor(row, axis, basis, { lock, restored }) {
    const share = basis.share?.[axis];
    const what = share === undefined ? `motion number ${axis + 1}` : `move ${axis + 1}`;
    this.row = row;
    this.root = make("div", "rw-lane-head");
    this.lock = this.button(`Lock ${what}`, "No edit changes a locked lane", lock);
    this.back = this.button(`Bring ${what} back`, "Back to the original", restored);
    this.back.innerHTML = icon(BACK);
    this.root.append(this.name(axis, share, basis.idle?.[axis]), this.lock, this.back);
  }

  name(axis, share, idle) {
    const name = make("span", "rw-lane-name");
    const main = share !== undefined;
    const note = main ? percent(share) : idle ? "does nothing" : "";
    name.append(
      make("b", "", {}, main ? `Move ${axis + 1}` : `z${axis + 1}`),
      make("small", main ? "rw-number" : "", {}, note),
    );
    return name;
  }

  button(label, title, act) {
    const button = make("button", "rw-mini", { type: "button", "aria-label": label, title });
    button.addEventListener("click", act);
    return button;
  }

  show(locked, moved) {
    this.back.disabled = locked || !moved;
    if (this.locked === locked) return;
    this.locked = locked;
    this.row.toggleAttribute("data-locked", locked);
    this.lock.setAttribute("aria-pressed", String(locked));
    this.lock.innerHTML = icon(locked ? LOCK_SHUT : LOCK_OPEN);
    this.row.querySelectorAll(".rw-point").forEach((point) => {
      point.setAttribute("aria-disabled", String(locked));
    });
  }
}
