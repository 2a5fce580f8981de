// How it moves: a lane for each coordinate of the dynamic codes, a column for each frame. Draw in
// it with a pointer, or move from frame to frame with the arrow keys.

const REACH = 3.5; // standard deviations from the middle of a lane to its edge

class Lanes {
  // changed(frame, axis, value, done): a point moved; `done` when the hand let go.
  // restored(axis, frame): a point should go back to the original, or the whole lane without one.
  // locked(axis) says whether a lane is locked, and lock(axis) turns that over.
  constructor(root, basis, clock, hand) {
    Object.assign(this, { root, basis, clock, ...hand, frames: 0, lanes: [] });
    clock.listen(() => this.mark());
  }

  show(dynamic, original) {
    if (this.frames !== dynamic.length) this.build(dynamic.length);
    this.lanes.forEach((lane, axis) => {
      const values = dynamic.map((code) => this.basis.coordinate(code, axis));
      const before = original.map((code) => this.basis.coordinate(code, axis));
      const [line, ghost] = [this.path(values), this.path(before)];
      lane.head.show(this.locked(axis), line !== ghost);
      if (lane.drawn === line + ghost) return; // most moves leave most lanes as they are
      lane.drawn = line + ghost;
      lane.line.setAttribute("d", line);
      lane.ghost.setAttribute("d", ghost);
      lane.cells.forEach((cell, frame) => {
        cell.style.setProperty("--y", 0.5 - clampTo(values[frame], REACH) / (2 * REACH));
        cell.setAttribute("aria-valuenow", values[frame].toFixed(2));
      });
    });
    this.mark();
  }

  path(values) {
    const points = values.map((value, n) => {
      return `${n + 0.5} ${(-clampTo(value, REACH)).toFixed(3)}`;
    });
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
        type: "button", tabindex: -1, "aria-label": `Pause at frame ${frame + 1}`,
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
    const idle = this.basis.idle?.[axis];
    const row = make("div", `rw-lane${idle ? " rw-idle" : ""}`);
    const head = new LaneHead(row, axis, this.basis, {
      lock: () => this.lock(axis), restored: () => this.restored(axis),
    });
    const field = make("div", "rw-field", {
      role: "group", "aria-label": `Motion ${axis + 1}: arrow keys choose a frame and its value`,
    });
    field.innerHTML = `<svg viewBox="0 ${-REACH} ${this.frames} ${2 * REACH}"
      preserveAspectRatio="none" aria-hidden="true"><path class="rw-zero" d="M0 0H${this.frames}"/>
      <path class="rw-ghost"/><path class="rw-line"/></svg>`;
    const cells = Array.from({ length: this.frames }, (_, frame) => this.cell(axis, frame));
    field.append(...cells);
    row.append(head.root, field);
    this.root.append(row);
    this.draws(field, axis);
    const [ghost, line] = ["ghost", "line"].map((which) => field.querySelector(`.rw-${which}`));
    return { head, cells, ghost, line };
  }

  cell(axis, frame) {
    const cell = make("div", "rw-point", {
      role: "slider", tabindex: frame ? -1 : 0, "aria-orientation": "vertical",
      "aria-label": `Motion ${axis + 1}, frame ${frame + 1}`,
      "aria-valuemin": -REACH, "aria-valuemax": REACH,
    });
    cell.addEventListener("keydown", (event) => this.key(event, axis, frame));
    return cell;
  }

  key(event, axis, frame) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? 0.5 : 0.1;
    const moves = { ArrowUp: step, ArrowDown: -step, PageUp: 0.5, PageDown: -0.5 };
    const goes = { ArrowLeft: frame - 1, ArrowRight: frame + 1, Home: 0, End: this.frames - 1 };
    if (event.key in goes) this.focus(axis, goes[event.key]);
    else if (event.key in moves) {
      if (this.locked(axis)) return;
      const now = Number(this.lanes[axis].cells[frame].getAttribute("aria-valuenow"));
      this.changed(frame, axis, clampTo(now + moves[event.key], REACH), true);
    } else if (event.key === "Delete" || event.key === "Backspace") this.restored(axis, frame);
    else return;
    event.preventDefault();
  }

  focus(axis, frame) {
    const { cells } = this.lanes[axis];
    const target = cells[Math.min(cells.length - 1, Math.max(0, frame))];
    cells.forEach((cell) => cell.setAttribute("tabindex", cell === target ? 0 : -1));
    target.focus();
  }

  // A pointer draws: every column between two of its places gets a value on the line between.
  draws(field, axis) {
    let last = null;
    const place = (event) => {
      const box = field.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * this.frames;
      const frame = Math.min(this.frames - 1, Math.max(0, Math.floor(x)));
      const value = clampTo((0.5 - (event.clientY - box.top) / box.height) * 2 * REACH, REACH);
      return { frame, value };
    };
    const draw = (here, done) => {
      const from = last ?? here;
      const way = Math.sign(here.frame - from.frame);
      for (let frame = from.frame; frame !== here.frame; frame += way) {
        const part = (frame - from.frame) / (here.frame - from.frame);
        this.changed(frame, axis, from.value + part * (here.value - from.value), false);
      }
      this.changed(here.frame, axis, here.value, done);
      last = here;
    };
    field.addEventListener("pointerdown", (event) => {
      if (event.button || this.locked(axis)) return;
      field.setPointerCapture(event.pointerId);
      draw(place(event), false);
      event.preventDefault();
    });
    field.addEventListener("pointermove", (event) => last && draw(place(event), false));
    const stop = () => {
      if (!last) return;
      this.changed(last.frame, axis, last.value, true);
      this.focus(axis, last.frame);
      last = null;
    };
    field.addEventListener("pointerup", stop);
    field.addEventListener("pointercancel", stop);
  }

  mark() {
    this.ticks?.forEach((tick, n) => tick.toggleAttribute("data-now", n === this.clock.frame));
    this.root.style.setProperty("--now", this.clock.frame);
  }
}
