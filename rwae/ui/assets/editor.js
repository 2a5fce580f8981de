// The clip that is being edited: the original, what it has become, and the way back.

const LONGEST = 200; // steps that can be undone

class Editor {
  // told(kind): "opened" when another clip came, "changed" when its codes did.
  constructor(told) {
    Object.assign(this, { told, original: null, codes: null, past: [], future: [] });
    this.gesture = false;
  }

  get dirty() {
    return this.past.length > 0;
  }

  open(clip) {
    Object.assign(this, { original: clip.codes, codes: copyCodes(clip.codes) });
    Object.assign(this, { past: [], future: [], gesture: false });
    this.told("opened");
  }

  // `edit` changes the codes in place, or returns new ones. A gesture that is not done yet is one
  // step together with what follows.
  change(edit, done = true) {
    if (!this.gesture) {
      this.past.push(copyCodes(this.codes));
      this.past.splice(0, this.past.length - LONGEST);
      this.future = [];
    }
    this.gesture = !done;
    this.codes = copyCodes(edit(this.codes) ?? this.codes);
    this.told("changed");
  }

  undo() {
    this.travel(this.past, this.future);
  }

  redo() {
    this.travel(this.future, this.past);
  }

  travel(from, to) {
    if (!from.length) return;
    to.push(this.codes);
    this.codes = from.pop();
    this.told("changed");
  }
}

// Edits of the motion: each takes codes and returns new ones.
const motionOf = (codes, dynamic) => ({ ...codes, dynamic });

const frozen = (codes, frame) => motionOf(codes, codes.dynamic.map(() => codes.dynamic[frame]));

const reversed = (codes) => motionOf(codes, [...codes.dynamic].reverse());

// Each code becomes the weighted mean of itself and its neighbours, (1, 2, 1) / 4.
function smoothed(codes) {
  const rows = codes.dynamic;
  const at = (n) => rows[Math.min(rows.length - 1, Math.max(0, n))];
  return motionOf(codes, rows.map((row, n) =>
    row.map((z, d) => (at(n - 1)[d] + 2 * z + at(n + 1)[d]) / 4)));
}
