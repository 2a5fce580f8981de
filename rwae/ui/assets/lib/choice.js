// Whether the browser decodes a model or the server, by the times that were measured of both.

const QUICK = 25; // milliseconds of a frame that are always quick enough
const SLOW = 250; // milliseconds of a move that are slow, unless the server takes half of that too
const SLOW_MOVES = 3; // in a row, after which the server decodes
const AWAY = 20_000; // milliseconds until the browser is tried again, twice as long each time
const LONGEST_AWAY = 320_000;
const SERVER_MOVES = 9; // of which the median counts
const FRAMES = 4; // of which the shortest counts: any other program may delay one

export class Choice {
  #server = []; // milliseconds of the last moves, from request to answer
  #frames = []; // milliseconds of the last frames in the browser
  #slow = 0;
  #until = 0; // when the browser may be tried again
  #away = AWAY;

  // alone: there is no server, so the browser is chosen however slow it is.
  constructor(now = () => performance.now(), alone = false) {
    Object.assign(this, { now, alone });
  }

  // The milliseconds of a frame in the browser; null while they are not known.
  get frame() {
    return this.#frames.length ? Math.min(...this.#frames) : null;
  }

  // Those of the slowest of the last frames.
  get longest() {
    return Math.max(...this.#frames);
  }

  get browser() {
    return this.frame !== null && this.now() >= this.#until;
  }

  // Whether the browser's time has to be measured anew.
  get stale() {
    return this.frame === null && this.now() >= this.#until;
  }

  noteServer(milliseconds) {
    this.#server = [...this.#server, milliseconds].slice(-SERVER_MOVES);
  }

  noteFrame(milliseconds) {
    if (this.now() < this.#until) return; // of before
    this.#frames = [...this.#frames, milliseconds].slice(-FRAMES);
  }

  // A frame that was drawn to measure the time, when the model was opened or since a `leave`.
  noteMeasured(milliseconds) {
    this.noteFrame(milliseconds);
    if (milliseconds >= Math.max(QUICK, this.#median)) this.leave();
  }

  // A move from request to answer. A browser that has too little of the processor is slow.
  noteMove(milliseconds) {
    this.#slow = milliseconds > Math.max(SLOW, 2 * this.#median) ? this.#slow + 1 : 0;
    if (this.#slow >= SLOW_MOVES) this.leave();
  }

  // The server decodes for some time, after which the browser is measured anew.
  leave() {
    if (this.alone) return;
    this.#until = this.now() + this.#away;
    this.#away = Math.min(LONGEST_AWAY, 2 * this.#away);
    this.#frames = [];
    this.#slow = 0;
  }

  get #median() {
    const sorted = [...this.#server].sort((a, b) => a - b);
    return sorted[sorted.length >> 1] ?? 0;
  }
}
