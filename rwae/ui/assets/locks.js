// Lanes that no edit may change. What a locked lane reads off the codes stays the same in every
// frame; where an edit adds frames, a locked lane starts again from its first one.

const FREE = 1e-6; // of a lane's length: less than this is rounding, and no way of its own

class Locks {
  constructor() {
    Object.assign(this, { held: [], ways: [] });
  }

  has(basis, axis) {
    return this.held.some((lock) => lock.basis === basis && lock.axis === axis);
  }

  toggle(basis, axis) {
    if (this.has(basis, axis)) {
      this.held = this.held.filter((lock) => lock.basis !== basis || lock.axis !== axis);
    } else this.held.push({ basis, axis });
    this.ways = [];
    this.held.forEach((lock) => this.add(lock.basis.read[lock.axis], lock.basis.write[lock.axis]));
  }

  // A way to set each reading without moving the other locked ones: read_i . write_j is 1 if i is
  // j, and 0 if not. Within one basis that is so already; lanes of both lists may be locked.
  add(read, write) {
    const length = Math.sqrt(dot(read, read));
    const apart = (way) => this.ways.reduce((rest, other) => {
      const size = dot(other.read, way);
      return rest.map((w, d) => w - size * other.write[d]);
    }, way);
    // The lane's own way may be one that the others block: its reading then shows a free one.
    const [own, free] = [apart(write), apart(read)];
    const chosen = Math.abs(dot(read, own)) > FREE * length ? own : free;
    const size = dot(read, chosen);
    if (Math.abs(size) <= FREE * length * length) return; // the others hold this one as well
    const way = { read, write: chosen.map((w) => w / size) };
    this.ways.forEach((other) => {
      const leak = dot(read, other.write);
      other.write = other.write.map((w, d) => w - leak * way.write[d]);
    });
    this.ways.push(way);
  }

  // The codes `after` an edit, with every locked reading as it was `before`.
  keep(before, after) {
    if (!this.ways.length) return after;
    const dynamic = after.dynamic.map((code, frame) => {
      const was = before.dynamic[frame % before.dynamic.length];
      const moved = was.map((z, d) => z - code[d]);
      return this.ways.reduce((kept, { read, write }) => {
        const step = dot(read, moved);
        return step ? kept.map((z, d) => clampTo(z + step * write[d], CODE_LIMIT)) : kept;
      }, code);
    });
    return { ...after, dynamic };
  }
}
