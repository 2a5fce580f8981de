// The stills beside the sliders and lanes. They are asked for when the clip itself rests, in one
// request for each list, or a few where there are very many.

import { Pump } from "./pump.js";

const MAX_STILLS = 80; // that the server takes at once
const DELAY = 250; // milliseconds: if an edit follows at once, the server is free for it

export class Stills {
  // decode(clips, exact, patient) has clips decoded. visibleLists() are the lists of sliders and
  // lanes in sight, of which `hasStills` says whether one has any.
  constructor(decode, visibleLists) {
    Object.assign(this, { decode, visibleLists });
    this.pump = new Pump(
      (codes) => this.fetch(codes),
      ({ drawn }) => {
        drawn.forEach(({ list, sheets }) => {
          list.showStills(sheets, MAX_STILLS);
        });
      },
      () => {},
    );
  }

  ask(codes, delay = DELAY) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.pump.push(codes, true), delay);
  }

  async fetch(codes) {
    const drawn = [];
    for (const list of this.visibleLists().filter(({ hasStills }) => hasStills)) {
      const stills = list.stills(codes);
      const sheets = [];
      for (let n = 0; n < stills.length; n += MAX_STILLS) {
        // Patiently: a browser that gets ready to decode draws them a moment later.
        const answer = await this.decode(stills.slice(n, n + MAX_STILLS), true, true);
        if (answer.error) return answer;
        sheets.push(answer.sheet);
      }
      drawn.push({ list, sheets });
    }
    return { drawn };
  }
}
