// Latest wins: few requests are under way, the newest value is sent next, and the last one is
// asked for once more, exactly, as soon as the hand rests.

const SOON = 8; // milliseconds without a new value after which what is missing is asked for
const REST = 140; // and after which the exact answer is
const PATIENCE = 30000; // milliseconds after which the pictures of a move are taken for lost

class Pump {
  // send(value, exact) resolves to an answer, show(answer, value) puts it on the page at once and
  // returns whether there is more to ask for, state(busy, error) tells how it stands. What takes
  // time, such as decoding a picture, belongs into `send`: another value may come meanwhile. Of
  // `abreast` requests under way, the server works on one while the answer to another is on its
  // way back.
  constructor(send, show, state, abreast = 1) {
    Object.assign(this, { send, show, state, abreast });
    this.next = null;
    this.turn = 0;
    this.underWay = this.sent = this.shown = 0;
  }

  push(value, exact = false) {
    clearTimeout(this.timer);
    this.next = { value, exact, turn: this.turn };
    this.state(true, null);
    this.run();
  }

  // Drops what is waiting or on its way: the page already shows what it should. What comes next
  // waits for none of it, even if an answer never comes.
  cancel() {
    clearTimeout(this.timer);
    this.turn += 1;
    this.underWay = 0;
    this.next = null;
    this.state(false, null);
  }

  run() {
    while (this.next && this.underWay < this.abreast) this.follow(this.next);
  }

  // One request from here to its answer. An answer that a newer one has overtaken is dropped.
  async follow(job) {
    this.next = null;
    const number = (this.sent += 1);
    this.underWay += 1;
    const answer = await ask(() => this.send(job.value, job.exact));
    if (job.turn !== this.turn) return;
    this.underWay -= 1;
    const wanted = number > this.shown;
    let more = false;
    if (wanted && !answer.error) {
      this.shown = number;
      more = this.show(answer, job.value) === true;
    }
    if (this.next) this.run();
    else if (wanted && number === this.sent) this.rest(job, answer, more);
  }

  // The newest value has its answer, or its first part.
  rest(job, answer, more) {
    if (more) this.timer = setTimeout(() => this.push(job.value), SOON);
    else if (answer.error || job.exact) this.state(false, answer.error || null);
    else this.timer = setTimeout(() => this.push(job.value, true), REST);
  }
}

// What is promised, or an error if it takes too long: a request that hangs holds up no other. It
// is for what takes a moment, such as decoding a clip, and not for uploads.
function inTime(promise) {
  let timer;
  const late = new Promise((told) => {
    timer = setTimeout(() => told({ error: "The server took too long: try again." }), PATIENCE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// Calls the server; a lost connection becomes an answer like any other.
async function ask(call) {
  try {
    return (await call()) ?? { error: "The server sent no answer: try again." };
  } catch (error) {
    return { error: "The server cannot be reached: check the connection and try again." };
  }
}
