// Runs a comparison: from what is given to codes, from codes to pictures, and from pictures to
// what the judge says. Each step waits for the one before it and for none after it: no picture
// waits for the judge.

import { Pump } from "./pump.js";
import { ask, LONG_DEADLINE } from "./server.js";
import { verdictRows } from "./verdict.js";

export const MOTIONS = 4; // of one who, when the motion is swept: as many as in the evaluation
const JUDGE_PAUSE = 3; // times as long as the judge took: how long it is not asked in a drag

export class Runner {
  // peers(): the models side by side. server: asks the page's model. shifts(): how far the sliders
  // of who are moved. show(pictures): [{peer, clips, sheet}], all models at once, so that they
  // stay in step. state(step, busy, error): how a step stands.
  constructor({ peers, server, shifts, show, state }) {
    Object.assign(this, { peers, server, shifts, show, coded: [], references: new Map() });
    Object.assign(this, { lastShown: null, lastJudged: null, judgeDue: 0 });
    // An upload may be among what is encoded.
    this.encoding = new Pump(
      (given) => this.encodeAll(given),
      ({ all }) => this.take(all),
      (busy, error) => state("codes", busy, error),
      { deadline: LONG_DEADLINE },
    );
    this.decoding = new Pump(
      (tasks, exact) => this.decodeAll(tasks, exact),
      ({ sheets }, tasks) => this.put(sheets, tasks),
      (busy, error) => state("pictures", busy, error),
    );
    this.judging = new Pump(
      (tasks) => this.judgeAll(tasks),
      ({ results }, tasks) => {
        tasks.forEach(({ peer }, n) => {
          peer.showVerdict(results[n]);
        });
      },
      (busy, error) => state("judge", busy, error),
    );
  }

  // given: {who, how, swept}, what every model is given. With `swept` there are several motions.
  run(given) {
    this.encoding.push(given, true);
  }

  async encodeAll(given) {
    return { all: await Promise.all(this.peers().map((peer) => this.encode(peer, given))) };
  }

  async encode(peer, given) {
    const [who, how] = await Promise.all([peer.codesOf(given.who), peer.codesOf(given.how)]);
    const moved = this.shifts().some(Boolean);
    const error = who.error ?? how.error ?? (moved ? await peer.findDirections() : null);
    if (error) return { peer, error };
    const motions = how.clips.map(({ dynamic }) => dynamic);
    return { peer, given, who: who.clips[0].static, motions };
  }

  take(all) {
    this.coded = all.filter(({ error }) => !error);
    all.forEach(({ peer, error, given }) => {
      if (error) peer.showVerdict({ error });
      else peer.note(peer.substitutes(given));
    });
    this.decode();
  }

  decode() {
    const shifts = this.shifts();
    const moved = shifts.some(Boolean);
    const tasks = this.coded.map(({ peer, given, who, motions }) => {
      const code = peer.shifted(who, shifts);
      return { peer, given, moved, clips: motions.map((dynamic) => ({ static: code, dynamic })) };
    });
    if (tasks.length) this.decoding.push(tasks);
  }

  async decodeAll(tasks, exact) {
    const answers = await Promise.all(tasks.map(({ peer, clips }) => peer.decode(clips, exact)));
    const failed = answers.findIndex(({ error }) => error);
    if (failed >= 0) return { error: `${tasks[failed].peer.title}: ${answers[failed].error}` };
    return { sheets: answers.map(({ sheet }) => sheet) };
  }

  put(sheets, tasks) {
    this.show(tasks.map(({ peer, clips }, n) => ({ peer, clips, sheet: sheets[n] })));
    // The same tasks come again, exactly, when no slider moves: then the judge is always asked.
    const atRest = tasks === this.lastShown;
    this.lastShown = tasks;
    if (tasks !== this.lastJudged && (atRest || performance.now() > this.judgeDue)) {
      this.lastJudged = tasks;
      this.judging.push(tasks, true);
    }
  }

  // While a slider is dragged the judge pauses: pictures and judge share the server's processor.
  async judgeAll(tasks) {
    const start = performance.now();
    this.judgeDue = Infinity;
    const results = await Promise.all(tasks.map((task) => this.judge(task)));
    this.judgeDue = performance.now() + JUDGE_PAUSE * (performance.now() - start);
    return { results };
  }

  // What the judge says of a model's clips, beside what it says of those that were given.
  async judge({ peer, given, moved, clips }) {
    if (!peer.judged) return {};
    const [answers, who, how] = await Promise.all([
      peer.judge(clips),
      moved && !given.who.file ? {} : this.reference(peer, given.who),
      given.swept ? {} : this.reference(peer, given.how),
    ]);
    const error = answers.error ?? who.error ?? how.error;
    if (error) return { error };
    const unknown = who.unknown ?? how.unknown;
    if (unknown) return { unknown, answers: answers.clips };
    const wanted = { who: moved ? null : who.clips?.[0], how: how.clips?.[0] };
    return { rows: verdictRows(answers.clips, wanted), answers: answers.clips };
  }

  // What the judge says of a clip that was given: of a file, the frames that the model was given,
  // and {unknown: the fit} in place of that if the model does not know the clip. Of a draw it is
  // shown the copy that the model itself makes.
  reference(peer, source) {
    const { references } = this;
    const shared = source.codes && peer.reads(source);
    const key = `${shared ? "" : peer.name} ${source.key}`;
    if (!references.has(key)) {
      const answer = shared
        ? ask(() => this.server.judge_codes({ clips: [source.codes] }))
        : peer.codesOf(source).then((own) => {
            if (own.error) return own;
            if (own.fit && !own.fit.known) return { unknown: own.fit };
            return own.given ? peer.judgeGiven(own.given) : peer.judge(own.clips.slice(0, 1));
          });
      references.set(key, answer);
      answer.then(({ error }) => error && references.delete(key));
    }
    return references.get(key);
  }
}
