// Locked coordinates of the dynamic codes. A locked coordinate stays the same in every frame,
// whatever is edited; where an edit adds frames, it starts again from its first frame.

import { CODE_LIMIT, clamp, dot } from "./codes.js";

const MIN_LENGTH = 1e-6; // relative to the direction: a shorter rest is rounding

export class Locks {
  constructor() {
    Object.assign(this, { locked: [], directions: [] });
  }

  has(basis, axis) {
    return this.locked.some((lock) => lock.basis === basis && lock.axis === axis);
  }

  toggle(basis, axis) {
    if (this.has(basis, axis)) {
      this.locked = this.locked.filter((lock) => lock.basis !== basis || lock.axis !== axis);
    } else this.locked.push({ basis, axis });
    this.directions = [];
    this.locked.forEach((lock) => {
      this.add(lock.basis.read[lock.axis], lock.basis.write[lock.axis]);
    });
  }

  // Adds a direction that sets one coordinate without moving the other locked ones:
  // read_i . write_j is 1 if i is j, and 0 if not (a biorthogonal system). Within one basis that
  // is so already; coordinates of two bases may be locked.
  add(read, write) {
    const length = Math.sqrt(dot(read, read));
    const projected = (direction) =>
      this.directions.reduce((rest, other) => {
        const size = dot(other.read, direction);
        return rest.map((w, d) => w - size * other.write[d]);
      }, direction);
    // The other locks may block the coordinate's own direction: then its reading is projected.
    const [own, free] = [projected(write), projected(read)];
    const chosen = Math.abs(dot(read, own)) > MIN_LENGTH * length ? own : free;
    const size = dot(read, chosen);
    if (Math.abs(size) <= MIN_LENGTH * length * length) return; // the others hold this one as well
    const direction = { read, write: chosen.map((w) => w / size) };
    this.directions.forEach((other) => {
      const leak = dot(read, other.write);
      other.write = other.write.map((w, d) => w - leak * direction.write[d]);
    });
    this.directions.push(direction);
  }

  // The codes `after` an edit, with every locked coordinate as it was `before`.
  keep(before, after) {
    if (!this.directions.length) return after;
    const dynamic = after.dynamic.map((code, frame) => {
      const was = before.dynamic[frame % before.dynamic.length];
      const moved = was.map((z, d) => z - code[d]);
      return this.directions.reduce((kept, { read, write }) => {
        const step = dot(read, moved);
        return step ? kept.map((z, d) => clamp(z + step * write[d], CODE_LIMIT)) : kept;
      }, code);
    });
    return { ...after, dynamic };
  }
}
