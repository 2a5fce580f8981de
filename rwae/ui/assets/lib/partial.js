// Decodes first what is in sight. Where every frame is decoded on its own, an edit asks only for
// the frames that are out of date, and among these for the ones in sight first. The others follow
// when nothing newer is wanted, and in a long drag often enough not to fall behind.

import { sameRow } from "./codes.js";

const MAX_AGE = 150; // milliseconds that frames out of sight may be out of date in a drag

export class PartialRendering {
  // decode(clips, exact) has clips decoded; `independent` says whether each frame is decoded on its
  // own; inSight() lists the frames that are wanted first; spare() says how many others may come
  // along with every second move of a drag, as where the browser decodes, which has time for them.
  constructor(decode, independent, inSight, spare = () => 0) {
    Object.assign(this, { decode, independent, inSight, spare, since: null, moves: 0, serial: 0 });
  }

  // The page shows a clip, the row of a sheet.
  keep(codes, sheet, row) {
    Object.assign(this, { sheet, row, since: null });
    this.shown = codes.dynamic.map((dynamic) => ({ static: codes.static, dynamic }));
    this.asked = this.shown.map(() => 0); // when each frame was asked for last
  }

  // Asks for a clip, or for some of its frames. An exact one is always decoded in one piece: how
  // many frames are computed together can change the last digit of a pixel.
  async ask(codes, exact) {
    const frames = exact || !this.independent ? null : this.wanted(codes);
    if (frames && !frames.length) return { frames };
    const dynamic = frames ? frames.map((frame) => codes.dynamic[frame]) : codes.dynamic;
    return { ...(await this.decode([{ static: codes.static, dynamic }], exact)), frames };
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
    this.since = all ? null : (this.since ?? now);
    this.moves = all ? 0 : this.moves + 1;
    if (!all && this.spare() > 0) {
      return this.moves % 2 ? first : [...first, ...this.longAgo(outdated, first)];
    }
    if (all || now - this.since < MAX_AGE) return all ? outdated : first;
    this.since = null;
    return outdated;
  }

  // Of the frames out of sight some that were asked for least recently.
  longAgo(outdated, first) {
    const others = outdated.filter((frame) => !first.includes(frame));
    const chosen = others.sort((a, b) => this.asked[a] - this.asked[b]).slice(0, this.spare());
    for (const frame of chosen) {
      this.serial += 1;
      this.asked[frame] = this.serial;
    }
    return chosen;
  }

  outdated(codes) {
    return [...this.shown.keys()].filter((frame) => {
      const shown = this.shown[frame];
      return !sameRow(shown.static, codes.static) || !sameRow(shown.dynamic, codes.dynamic[frame]);
    });
  }

  // Draws frames into a sheet of the clip that may be drawn into.
  patch(frames, part, codes) {
    if (!this.sheet.writable) {
      const sheet = this.sheet.writableRow(this.row, this.shown.length);
      Object.assign(this, { sheet, row: 0 });
    }
    this.sheet.paste(part, frames);
    frames.forEach((frame) => {
      this.shown[frame] = { static: codes.static, dynamic: codes.dynamic[frame] };
    });
  }
}
