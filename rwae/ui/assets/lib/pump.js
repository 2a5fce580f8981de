// Sends the newest of many values to the server: few requests are in flight, the newest value is
// sent next, and the last one is asked for once more, exactly, as soon as no other comes.

import { ask, DEADLINE } from "./server.js";

const MORE_DELAY = 8; // milliseconds without a new value after which what is missing is asked for
const CALM = 100; // milliseconds after another value from which one is no part of a drag
const EXACT_DELAY = 140; // and after which the exact answer is

export class Pump {
  // send(value, exact) resolves to an answer, show(answer, value) puts it on the page at once and
  // returns whether there is more to ask for, state(busy, error) tells how it stands. What takes
  // time, such as loading a picture, belongs into `send`: another value may come meanwhile. Of
  // `maxInFlight` requests the server works on one while the answer to another is on its way back.
  // An answer that takes longer than `deadline` milliseconds becomes an error, and its request
  // gives its place to the next. After a value, the next one waits for the promise of `pace`, if
  // it gives one. An answer may have a promise `later` of another one of the same value, which is
  // not among those in flight, and is shown even when a newer value came first.
  constructor(
    send,
    show,
    state,
    { maxInFlight = 1, deadline = DEADLINE, pace = () => null } = {},
  ) {
    Object.assign(this, { send, show, state, maxInFlight, deadline, pace });
    this.paused = false;
    this.pushed = -Infinity; // when the last value came
    this.next = null;
    this.generation = 0; // raised by `cancel`
    this.inFlight = this.sent = this.shown = 0;
  }

  push(value, exact = false) {
    clearTimeout(this.timer);
    const calm = performance.now() - this.pushed > CALM;
    this.pushed = performance.now();
    this.next = { value, exact, calm, generation: this.generation };
    this.state(true, null);
    this.run();
  }

  // Drops what is waiting or in flight: the page already shows what it should. The next value
  // waits for none of it.
  cancel() {
    clearTimeout(this.timer);
    this.generation += 1;
    this.inFlight = 0;
    this.next = null;
    this.state(false, null);
  }

  run() {
    while (this.next && !this.paused && this.inFlight < this.maxInFlight) {
      this.pause();
      this.request(this.next);
    }
  }

  async pause() {
    const paced = this.pace();
    if (!paced) return;
    this.paused = true;
    await paced;
    this.paused = false;
    this.run();
  }

  // One request from here to its answer. An answer that a newer one has overtaken is dropped.
  async request(job) {
    this.next = null;
    this.sent += 1;
    this.inFlight += 1;
    const number = this.sent;
    const answer = await ask(() => this.send(job.value, job.exact), this.deadline);
    if (job.generation !== this.generation) return;
    this.inFlight -= 1;
    const newest = number > this.shown;
    let more = false;
    if (newest && !answer.error) {
      this.shown = number;
      more = this.show(answer, job.value) === true;
    }
    if (answer.later) this.follow(job, number, answer.later);
    if (this.next) this.run();
    else if (newest && number === this.sent && !answer.later) this.rest(job, answer, more);
  }

  async follow(job, number, later) {
    const answer = await ask(() => later, this.deadline);
    if (job.generation !== this.generation) return;
    const more = !answer.error && this.show(answer, job.value) === true;
    if (!this.next && number === this.sent) this.rest(job, answer, more);
  }

  // The newest value has its answer, or its first part.
  rest(job, answer, more) {
    if (more && job.calm && this.pace()) {
      this.paused = false; // a single move is shown whole at once
      this.push(job.value);
    } else if (more) this.timer = setTimeout(() => this.push(job.value), MORE_DELAY);
    else if (answer.error || job.exact) this.state(false, answer.error || null);
    else this.timer = setTimeout(() => this.push(job.value, true), EXACT_DELAY);
  }
}
