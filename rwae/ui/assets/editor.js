// The clip that is being edited: the original, what it has become, and the way back.

const LONGEST = 200; // steps that can be undone
const GLIDE = 600; // milliseconds from one clip to another that was drawn

// Slow at both ends: 3 t^2 - 2 t^3.
const eased = (part) => part * part * (3 - 2 * part);

const jumps = () => document.hidden || matchMedia("(prefers-reduced-motion: reduce)").matches;

class Editor {
  // told(kind): "opened" when another clip came, "changed" when its codes did.
  // guard(before, after): what an edit may make of the codes; it says what is locked.
  constructor(told, guard = (before, after) => after) {
    Object.assign(this, { told, guard, original: null, codes: null, past: [], future: [] });
    Object.assign(this, { gesture: false, gliding: null });
  }

  get dirty() {
    return !sameCodes(this.codes, this.original);
  }

  open(clip) {
    this.stop(); // the clip that glides is on the page no more
    Object.assign(this, { original: clip.codes, codes: copyCodes(clip.codes) });
    Object.assign(this, { past: [], future: [], gesture: false });
    this.told("opened");
  }

  // `edit` changes a copy of the codes in place, or returns new ones. A gesture that is not done
  // yet is one step together with what follows.
  change(edit, done = true) {
    this.settle();
    this.take(this.edited(edit), done);
  }

  // The same in small steps, which are one to undo. The end is exactly what `edit` makes.
  glide(edit) {
    this.settle();
    const [from, to] = [this.codes, this.edited(edit)];
    if (jumps() || from.dynamic.length !== to.dynamic.length) {
      this.take(to, true);
      return;
    }
    const start = performance.now();
    const step = (now) => {
      const part = Math.max(0, (now - start) / GLIDE);
      if (part >= 1) {
        this.settle();
        return;
      }
      this.take(betweenCodes(from, to, eased(part)), false);
      this.gliding.frame = requestAnimationFrame(step);
    };
    this.gliding = { to, frame: requestAnimationFrame(step) };
  }

  // Ends a glide at once, where it leads to: whatever comes next starts from there.
  settle() {
    if (!this.gliding) return;
    const { to } = this.gliding;
    this.stop();
    this.take(to, true);
  }

  // Ends a glide where it is.
  stop() {
    cancelAnimationFrame(this.gliding?.frame);
    this.gliding = null;
  }

  edited(edit) {
    const draft = copyCodes(this.codes);
    return this.guard(this.codes, copyCodes(edit(draft) ?? draft));
  }

  take(codes, done) {
    const going = this.gesture;
    if (sameCodes(codes, this.codes)) {
      this.gesture = going && !done;
      return;
    }
    if (!going) {
      this.past.push(this.codes);
      this.past.splice(0, this.past.length - LONGEST);
      this.future = [];
    }
    this.gesture = !done;
    this.codes = codes;
    this.told("changed");
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
    this.gesture = false;
    to.push(this.codes);
    this.codes = from.pop();
    this.told("changed");
  }
}
