// The stills beside the sliders. They are asked for when the clip itself rests, in one request, or
// a few where there are very many.

import { Pump } from "./pump.js";

const MAX_STILLS = 80; // that the server takes at once
const DELAY = 250; // milliseconds: if an edit follows at once, the server is free for it

export class Stills {
  // decode(clips, exact, patient) has clips decoded; visibleList() is the list of sliders in sight, whose
  // `hasStills` says whether it has any.
  constructor(decode, visibleList) {
    Object.assign(this, { decode, visibleList });
    this.pump = new Pump(
      (codes) => this.fetch(codes),
      ({ list, sheets }) => {
        list?.showStills(sheets, MAX_STILLS);
      },
      () => {},
    );
  }

  ask(codes, delay = DELAY) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.pump.push(codes, true), delay);
  }

  async fetch(codes) {
    const list = this.visibleList();
    const stills = list?.hasStills ? list.stills(codes) : [];
    const sheets = [];
    for (let n = 0; n < stills.length; n += MAX_STILLS) {
      // Patiently: a browser that gets ready to decode draws them a moment later.
      const answer = await this.decode(stills.slice(n, n + MAX_STILLS), true, true);
      if (answer.error) return answer;
      sheets.push(answer.sheet);
    }
    return { list: sheets.length ? list : null, sheets };
  }
}
