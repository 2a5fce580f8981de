// The clip that is being edited: the original, what it has become, and the steps to undo.

import { copyCodes, interpolateCodes, sameCodes } from "./codes.js";

const MAX_STEPS = 200; // that can be undone
const GLIDE_TIME = 600; // milliseconds from one clip to another that was drawn

// Slow at both ends: 3 t^2 - 2 t^3.
const smoothstep = (t) => t * t * (3 - 2 * t);

export class Editor {
  // onChange(kind): "opened" when another clip came, "changed" when its codes did.
  // guard(before, after): what an edit may make of the codes; it keeps what is locked.
  // animation: {now, request, cancel, reduced}, the clock and the frames of the screen, and
  // whether the person asked for less motion; see `browserAnimation` in widgets/dom.js.
  constructor(onChange, { guard = (_, after) => after, animation }) {
    Object.assign(this, { onChange, guard, animation, original: null, codes: null });
    Object.assign(this, { past: [], future: [], inGesture: false, glideState: null });
  }

  get dirty() {
    return !sameCodes(this.codes, this.original);
  }

  open(clip) {
    this.stop(); // the clip that glides is on the page no more
    Object.assign(this, { original: clip.codes, codes: copyCodes(clip.codes) });
    Object.assign(this, { past: [], future: [], inGesture: false });
    this.onChange("opened");
  }

  // `edit` changes a copy of the codes in place, or returns new ones. A gesture that is not done
  // yet is one step together with what follows.
  change(edit, done = true) {
    this.settle();
    this.take(this.edited(edit), done);
  }

  // The same in small steps, which are one step to undo. The end is exactly what `edit` makes.
  glide(edit) {
    this.settle();
    const [from, to] = [this.codes, this.edited(edit)];
    if (this.animation.reduced() || from.dynamic.length !== to.dynamic.length) {
      this.take(to, true);
      return;
    }
    const start = this.animation.now();
    const step = (now) => {
      const progress = Math.max(0, (now - start) / GLIDE_TIME);
      if (progress >= 1) {
        this.settle();
        return;
      }
      this.take(interpolateCodes(from, to, smoothstep(progress)), false);
      this.glideState.frame = this.animation.request(step);
    };
    this.glideState = { to, frame: this.animation.request(step) };
  }

  // Ends a glide at once, where it leads to: the next edit starts from there.
  settle() {
    if (!this.glideState) return;
    const { to } = this.glideState;
    this.stop();
    this.take(to, true);
  }

  // Ends a glide where it is.
  stop() {
    if (this.glideState) this.animation.cancel(this.glideState.frame);
    this.glideState = null;
  }

  edited(edit) {
    const draft = copyCodes(this.codes);
    return this.guard(this.codes, copyCodes(edit(draft) ?? draft));
  }

  take(codes, done) {
    const continued = this.inGesture;
    if (sameCodes(codes, this.codes)) {
      this.inGesture = continued && !done;
      return;
    }
    if (!continued) {
      this.past.push(this.codes);
      this.past.splice(0, this.past.length - MAX_STEPS);
      this.future = [];
    }
    this.inGesture = !done;
    this.codes = codes;
    this.onChange("changed");
  }

  undo() {
    this.travel(this.past, this.future);
  }

  redo() {
    this.travel(this.future, this.past);
  }

  travel(from, to) {
    this.settle();
    if (!from.length) return;
    this.inGesture = false;
    to.push(this.codes);
    this.codes = from.pop();
    this.onChange("changed");
  }
}
