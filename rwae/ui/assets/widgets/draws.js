// Draws of who or of the motion from the priors. The seed of each draw is on the page: typed in
// again, it draws the same again.

import { MAX_SEED, randomSeed } from "../lib/format.js";
import { withDynamic } from "../lib/motion.js";

export class Draws {
  // fields: {who, motion}, the inputs of the seeds. glideTo(call, use): asks the server for clips,
  // and glides to what `use` makes of the codes on the page and the first of them. seeds: how many
  // can be drawn from.
  constructor(fields, server, editor, glideTo, seeds = MAX_SEED + 1) {
    Object.assign(this, { fields, server, editor, glideTo, seeds });
    fields.who.max = fields.motion.max = seeds - 1;
    fields.who.addEventListener("change", () => this.again("who"));
    fields.motion.addEventListener("change", () => this.again("motion"));
  }

  // The seeds belong to a draw: another clip has none.
  forget() {
    this.fields.who.value = this.fields.motion.value = "";
  }

  again(kind) {
    const field = this.fields[kind];
    const seed = Math.round(Number(field.value));
    const usable = field.value !== "" && seed >= 0 && seed < this.seeds;
    field.value = usable ? seed : "";
    if (usable) this[kind](seed);
  }

  who(seed = randomSeed(this.seeds)) {
    this.fields.who.value = seed;
    return this.draw(seed, 1, (codes, drawn) => ({ ...codes, static: drawn.static }));
  }

  motion(seed = randomSeed(this.seeds)) {
    this.fields.motion.value = seed;
    return this.draw(seed, this.frames, (codes, drawn) => withDynamic(codes, drawn.dynamic));
  }

  both(seed = randomSeed(this.seeds)) {
    this.fields.who.value = this.fields.motion.value = seed;
    return this.draw(seed, this.frames, (_, drawn) => drawn);
  }

  get frames() {
    return this.editor.codes.dynamic.length;
  }

  draw(seed, frames, use) {
    const request = { seed, clips: 1, frames, temperature: 1 };
    return this.glideTo(() => this.server.sample_codes(request), use);
  }
}
