// Latest wins: at most one request is under way, the newest value is sent next, and the last one
// is asked for once more, exactly, as soon as the hand rests.

const REST = 140; // milliseconds without a new value

class Pump {
  // send(value, exact) resolves to an answer, show(answer, value) puts it on the page at once,
  // state(busy, error) tells how it stands. What takes time, such as decoding a picture, belongs
  // into `send`: another value may come meanwhile.
  constructor(send, show, state) {
    Object.assign(this, { send, show, state });
    this.next = null;
    this.running = false;
    this.turn = 0;
  }

  push(value, exact = false) {
    clearTimeout(this.timer);
    this.next = { value, exact, turn: this.turn };
    this.state(true, null);
    this.run();
  }

  // Drops what is waiting or on its way: the page already shows what it should.
  cancel() {
    clearTimeout(this.timer);
    this.turn += 1;
    this.next = null;
    this.state(false, null);
  }

  async run() {
    if (this.running) return;
    this.running = true;
    while (this.next) {
      const job = this.next;
      this.next = null;
      const answer = await ask(() => this.send(job.value, job.exact));
      if (job.turn !== this.turn) continue;
      if (!answer.error) this.show(answer, job.value);
      if (this.next) continue;
      if (answer.error || job.exact) this.state(false, answer.error || null);
      else this.timer = setTimeout(() => this.push(job.value, true), REST);
    }
    this.running = false;
  }
}

// Calls the server; a lost connection becomes an answer like any other.
async function ask(call) {
  try {
    return (await call()) ?? { error: "The server sent no answer: try again." };
  } catch (error) {
    return { error: "The server cannot be reached: check the connection and try again." };
  }
}
