// The stills beside the sliders. They wait until the clip itself rests, and then come in one
// request, or a few where there are very many.

const STILLS = 80; // that the server takes at once
const LATER = 250; // milliseconds: a hand that goes on at once finds the server free

class Previews {
  // decoded(clips, exact) asks the server; chosen() is the list of sliders in sight.
  constructor(decoded, chosen) {
    Object.assign(this, { chosen });
    this.pump = new Pump(
      (codes) => this.decode(decoded, codes),
      ({ list, sheets }) => list?.showStills(sheets, STILLS),
      () => {},
    );
  }

  ask(codes, wait = LATER) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.pump.push(codes, true), wait);
  }

  async decode(decoded, codes) {
    const list = this.chosen();
    const stills = list?.side ? list.stills(codes) : [];
    const sheets = [];
    for (let n = 0; n < stills.length; n += STILLS) {
      const answer = await decoded(stills.slice(n, n + STILLS), true);
      if (answer.error) return answer;
      sheets.push(answer.sheet);
    }
    return { list: sheets.length ? list : null, sheets };
  }
}
