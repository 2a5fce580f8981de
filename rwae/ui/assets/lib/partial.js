// Decodes first what is in sight. Where every frame is decoded on its own, an edit asks only for
// the frames that are out of date, and among these for the ones in sight first. The others follow
// when nothing newer is wanted, and in a long drag often enough not to fall behind.

import { sameRow } from "./codes.js";
import { ask } from "./server.js";

const MAX_AGE = 150; // milliseconds that frames out of sight may be out of date in a drag

export class PartialRendering {
  // decode(clips, exact) has clips decoded; `independent` says whether each frame is decoded on its
  // own; inSight() lists the frames that are wanted first; spare() says how many others may be
  // asked for beside them, as where the browser decodes, which has time for them.
  constructor(decode, independent, inSight, spare = () => 0) {
    Object.assign(this, { decode, independent, inSight, spare, since: null });
    Object.assign(this, { beside: false, serial: 0 });
  }

  // The page shows a clip, the row of a sheet. final: whether these pixels are the exact ones.
  keep(codes, sheet, row, final = false) {
    Object.assign(this, { sheet, row, since: null });
    this.serial += 1;
    this.shown = codes.dynamic.map((dynamic) => {
      return { static: codes.static, dynamic, final, serial: this.serial };
    });
    this.asked = this.shown.map(() => 0); // the serial number of the last part with each frame
  }

  // Asks for a clip, or for some of its frames, and maybe for others, of which the answer is
  // `later`. An exact one is decoded in one piece by the server: how many frames are computed
  // together can change the last digit of a pixel there.
  async ask(codes, exact) {
    if (exact && this.isFinal(codes)) return { frames: [] };
    const frames = exact || !this.independent ? null : this.wanted(codes);
    if (!frames) return { ...(await this.decode([codes], exact)), frames };
    if (!frames.length) return { frames };
    const part = this.askPart(codes, frames);
    const later = this.askOthers(codes, frames);
    return { ...(await part), later };
  }

  async askPart(codes, frames) {
    this.serial += 1;
    const { serial } = this;
    for (const frame of frames) this.asked[frame] = serial;
    const dynamic = frames.map((frame) => codes.dynamic[frame]);
    return { ...(await this.decode([{ static: codes.static, dynamic }], false)), frames, serial };
  }

  // Of the other frames some that were asked for least recently, unless others are under way.
  askOthers(codes, frames) {
    if (this.beside) return null;
    const others = this.outdated(codes).filter((frame) => !frames.includes(frame));
    const chosen = others.sort((a, b) => this.asked[a] - this.asked[b]).slice(0, this.spare());
    if (!chosen.length) return null;
    this.beside = true;
    return ask(() => this.askPart(codes, chosen)).finally(() => {
      this.beside = false;
    });
  }

  // Puts an answer in its place. Returns whether more of the clip has to be asked for. Frames have
  // no place where a clip of another length has come since they were asked for.
  take({ frames, sheet, serial, local = false }, codes) {
    if (!frames) this.keep(codes, sheet, 0, local);
    else if (this.fits(codes)) this.patch(frames, sheet, codes, { serial, final: local });
    return !this.fits(codes) || this.outdated(codes).length > 0;
  }

  fits(codes) {
    return this.shown.length === codes.dynamic.length;
  }

  // Whether the page shows exact pixels of all frames already: what the browser decodes is exact.
  isFinal(codes) {
    return (
      this.fits(codes) && this.shown.every(({ final }) => final) && !this.outdated(codes).length
    );
  }

  // The frames to ask for now; null for all of a clip that has another length.
  wanted(codes) {
    if (!this.fits(codes)) return null;
    const outdated = this.outdated(codes);
    const first = this.inSight().filter((frame) => outdated.includes(frame));
    const now = performance.now();
    const all = !first.length || first.length === outdated.length;
    this.since = all ? null : (this.since ?? now);
    if (all) return outdated;
    if (this.spare() || now - this.since < MAX_AGE) return first;
    this.since = null;
    return outdated;
  }

  outdated(codes) {
    return [...this.shown.keys()].filter((frame) => {
      const shown = this.shown[frame];
      return !sameRow(shown.static, codes.static) || !sameRow(shown.dynamic, codes.dynamic[frame]);
    });
  }

  // Draws frames into a sheet of the clip that may be drawn into, but for those of which newer ones
  // are there.
  patch(frames, part, codes, { serial, final }) {
    const places = [...frames.entries()].filter(([, to]) => this.shown[to].serial < serial);
    if (!places.length) return;
    if (!this.sheet.writable) {
      const sheet = this.sheet.writableRow(this.row, this.shown.length);
      Object.assign(this, { sheet, row: 0 });
    }
    this.sheet.paste(part, places);
    for (const [, to] of places) {
      this.shown[to] = { static: codes.static, dynamic: codes.dynamic[to], final, serial };
    }
  }
}
