// Decodes first what one sees. Where every frame is decoded on its own, a move of the hand asks for
// the frames that are out of date alone, and among these for the ones in sight first. The others
// follow when nothing newer is wanted, and in a long drag often enough not to fall behind.

const BEHIND = 150; // milliseconds that frames out of sight may be out of date in a drag

class Rendering {
  // decoded(clips, exact) asks the server; `apart` says whether each frame is decoded on its own;
  // inSight() lists the frames that are wanted first.
  constructor(decoded, apart, inSight) {
    Object.assign(this, { decoded, apart, inSight, since: null });
  }

  // The page shows a clip, the row of a sheet.
  keep(codes, sheet, row) {
    Object.assign(this, { sheet, row, since: null });
    this.shown = codes.dynamic.map((dynamic) => ({ static: codes.static, dynamic }));
  }

  // Asks for a clip, or for some of its frames. An exact one is always decoded in one piece: how
  // many frames are computed together can turn the last digit of a pixel.
  async ask(codes, exact) {
    const frames = exact || !this.apart ? null : this.wanted(codes);
    if (frames && !frames.length) return { frames };
    const dynamic = frames ? frames.map((frame) => codes.dynamic[frame]) : codes.dynamic;
    return { ...(await this.decoded([{ static: codes.static, dynamic }], exact)), frames };
  }

  // Puts an answer in its place. Returns whether more of the clip has to be asked for. Frames have
  // no place where a clip of another length has come since they were asked for.
  take({ frames, sheet }, codes) {
    if (!frames) this.keep(codes, sheet, 0);
    else if (this.fits(codes)) this.patch(frames, sheet, codes);
    return !this.fits(codes) || this.outdated(codes).length > 0;
  }

  fits(codes) {
    return this.shown.length === codes.dynamic.length;
  }

  // The frames to ask for now; null for all of a clip that has another length.
  wanted(codes) {
    if (!this.fits(codes)) return null;
    const outdated = this.outdated(codes);
    const first = this.inSight().filter((frame) => outdated.includes(frame));
    const now = performance.now();
    const all = !first.length || first.length === outdated.length;
    this.since = all ? null : this.since ?? now;
    if (all || now - this.since < BEHIND) return all ? outdated : first;
    this.since = null;
    return outdated;
  }

  outdated(codes) {
    return [...this.shown.keys()].filter((frame) => {
      const { static: who, dynamic } = this.shown[frame];
      return !sameRow(who, codes.static) || !sameRow(dynamic, codes.dynamic[frame]);
    });
  }

  // Draws frames into a picture of the clip that is this page's own.
  patch(frames, part, codes) {
    const { side } = this.sheet;
    if (!(this.sheet.image instanceof HTMLCanvasElement)) {
      const width = this.shown.length * side;
      const canvas = make("canvas", "", { width, height: side });
      canvas.getContext("2d")
        .drawImage(this.sheet.image, 0, this.row * side, width, side, 0, 0, width, side);
      Object.assign(this, { sheet: new Sheet(canvas, side), row: 0 });
    }
    const context = this.sheet.image.getContext("2d");
    frames.forEach((frame, n) => {
      context.drawImage(part.image, n * side, 0, side, side, frame * side, 0, side, side);
      this.shown[frame] = { static: codes.static, dynamic: codes.dynamic[frame] };
    });
  }
}
