// Drawing who or the motion from the priors. The seed of each draw is on the page: typed in again,
// it draws the same again.

class Draws {
  // fetched(call, use): asks the server for clips, and glides to what `use` makes of the first.
  constructor(part, server, editor, fetched) {
    Object.assign(this, { part, server, editor, fetched });
    part.seedwho.addEventListener("change", () => this.again(part.seedwho, (s) => this.who(s)));
    part.seedmotion.addEventListener(
      "change", () => this.again(part.seedmotion, (s) => this.motion(s)),
    );
  }

  // The seeds belong to a draw: another clip has none.
  forget() {
    this.part.seedwho.value = this.part.seedmotion.value = "";
  }

  again(field, draw) {
    const seed = Math.round(Number(field.value));
    const known = field.value !== "" && seed >= 0 && seed <= LARGEST_SEED;
    field.value = known ? seed : "";
    if (known) draw(seed);
  }

  who(seed = seedNumber()) {
    this.part.seedwho.value = seed;
    return this.draw(seed, 1, (codes, drawn) => ({ ...codes, static: drawn.static }));
  }

  motion(seed = seedNumber()) {
    this.part.seedmotion.value = seed;
    return this.draw(seed, this.frames, (codes, drawn) => motionOf(codes, drawn.dynamic));
  }

  both(seed = seedNumber()) {
    this.part.seedwho.value = this.part.seedmotion.value = seed;
    return this.draw(seed, this.frames, (_, drawn) => drawn);
  }

  get frames() {
    return this.editor.codes.dynamic.length;
  }

  draw(seed, frames, use) {
    const request = { seed, clips: 1, frames, temperature: 1 };
    return this.fetched(() => this.server.sample_codes(request), use);
  }
}
