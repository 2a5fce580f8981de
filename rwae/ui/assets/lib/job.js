// Work of the server that takes seconds, see `rwae/ui/jobs.py`.

import { ask } from "./server.js";

const POLL = 250; // milliseconds between two questions how far a job is

// Follows a job from its start to its end: {done, ...}, {cancelled} or {error}. begin() starts it,
// tell(job) asks how far the job of a name is. show(state) is called for every state;
// started(job) with the name of the job.
export async function followJob({ begin, tell, started, show, signal }) {
  const begun = await ask(begin);
  if (begun.error) return begun;
  started(begun.job);
  for (;;) {
    const state = await ask(() => tell(begun.job));
    if (signal?.aborted) return { cancelled: true };
    if (state.error || state.done) return state;
    show(state);
    await new Promise((resolve) => setTimeout(resolve, POLL));
  }
}
