// One trial of all models: from what is given to codes, from codes to pictures, and from pictures
// to what the judge says. Each step waits for the one before it and for none after it: no picture
// waits for the judge.

const MOTIONS = 4; // of one who, when the motion is swept: as many as in the evaluation

class Trial {
  // server: asks the page's model. amounts(): how far the sliders of who are moved.
  // standing(step, on, error): how a step stands.
  constructor(lineup, server, clock, amounts, standing) {
    Object.assign(this, { lineup, server, clock, amounts, found: [], truths: new Map() });
    Object.assign(this, { shown: null, asked: null, due: 0 });
    this.coder = new Pump(
      async (asked) =>
        ({ all: await Promise.all(lineup.peers.map((peer) => this.encoded(peer, asked))) }),
      ({ all }) => this.take(all),
      (on, error) => standing("codes", on, error),
    );
    this.painter = new Pump(
      (tasks, exact) => this.painted(tasks, exact),
      ({ sheets }, tasks) => this.show(sheets, tasks),
      (on, error) => standing("pictures", on, error),
    );
    this.judge = new Pump(
      (tasks) => this.heard(tasks),
      ({ said }, tasks) => tasks.forEach(({ peer }, n) => peer.read(said[n])),
      (on, error) => standing("judge", on, error),
    );
  }

  // asked: {who, how, swept}, what every model is given. With `swept` there are several motions.
  run(asked) {
    this.coder.push(asked, true);
  }

  async encoded(peer, asked) {
    const [who, how] = await Promise.all([peer.codesOf(asked.who), peer.codesOf(asked.how)]);
    const moved = this.amounts().some(Boolean);
    const error = who.error ?? how.error ?? (moved ? await peer.findLooks() : null);
    if (error) return { peer, error };
    const motions = how.clips.map(({ dynamic }) => dynamic);
    return { peer, asked, who: who.clips[0].static, motions };
  }

  take(all) {
    this.found = all.filter(({ error }) => !error);
    all.forEach(({ peer, error, asked }) =>
      (error ? peer.read({ error }) : peer.note(peer.standsFor(asked))));
    this.paint();
  }

  paint() {
    const amounts = this.amounts();
    const moved = amounts.some(Boolean);
    const tasks = this.found.map(({ peer, asked, who, motions }) => {
      const code = peer.looking(who, amounts);
      return { peer, asked, moved, clips: motions.map((dynamic) => ({ static: code, dynamic })) };
    });
    if (tasks.length) this.painter.push(tasks);
  }

  async painted(tasks, exact) {
    const answers = await Promise.all(tasks.map(({ peer, clips }) => peer.decoded(clips, exact)));
    const failed = answers.findIndex(({ error }) => error);
    if (failed >= 0) return { error: `${tasks[failed].peer.title}: ${answers[failed].error}` };
    return { sheets: answers.map(({ sheet }) => sheet) };
  }

  // All models at once, so that they stay in step.
  show(sheets, tasks) {
    const frames = Math.max(...sheets.map((sheet) => sheet.frames));
    if (this.clock.frames !== frames) this.clock.resize(frames);
    tasks.forEach(({ peer, clips }, n) => peer.show(sheets[n], clips));
    // The same come again, exactly, once the hand rests: then the judge always speaks.
    const rests = tasks === this.shown;
    this.shown = tasks;
    if (tasks !== this.asked && (rests || performance.now() > this.due)) {
      this.judge.push((this.asked = tasks), true);
    }
  }

  // While a slider is dragged the judge keeps silent for three times as long as it took to speak:
  // pictures and judge share the server's processor.
  async heard(tasks) {
    const start = performance.now();
    this.due = Infinity;
    const said = await Promise.all(tasks.map((task) => this.judged(task)));
    this.due = performance.now() + 3 * (performance.now() - start);
    return { said };
  }

  // What the judge says of a model's clips, beside what it says of those that were given.
  async judged({ peer, asked, moved, clips }) {
    if (!peer.judged) return {};
    const [answers, who, how] = await Promise.all([
      peer.judge(clips),
      moved ? {} : this.truth(peer, asked.who),
      asked.swept ? {} : this.truth(peer, asked.how),
    ]);
    const error = answers.error ?? who.error ?? how.error;
    if (error) return { error };
    const wanted = { who: who.clips?.[0], how: how.clips?.[0] };
    return { rows: verdicts(answers.clips, wanted), answers: answers.clips };
  }

  // What the judge says of a clip that was given. Of a file or a draw it is shown the copy that
  // the model itself makes.
  truth(peer, given) {
    const { truths } = this;
    const shared = given.codes && peer.reads(given);
    const key = `${shared ? "" : peer.name} ${given.key}`;
    if (!truths.has(key)) {
      const said = shared ? ask(() => this.server.judge_codes({ clips: [given.codes] })) :
        peer.codesOf(given).then((own) => (own.error ? own : peer.judge(own.clips.slice(0, 1))));
      truths.set(key, said);
      said.then(({ error }) => error && truths.delete(key));
    }
    return truths.get(key);
  }
}
