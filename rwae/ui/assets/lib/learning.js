// Learning a visitor's character: which clips it may be learned from, and a job from its start to
// its end.

import { MAX_LEARNED_CLIPS } from "./clipfile.js";
import { followJob } from "./job.js";

// Clips to learn from: {name, strip, chosen}. All rows of a sheet that the model learned from show
// one character, and so does the clip that is open; of the others nobody knows.
export function candidates({ name, given, rows, row }, others) {
  const own = (rows ?? [])
    .filter(({ trained, given: strip }) => trained && strip)
    .map(({ key, given: strip }) => ({ name: key, strip, chosen: true }));
  if (!own.some(({ strip }) => strip === given)) {
    own.unshift({ name: row ?? name, strip: given, chosen: true });
  }
  const known = new Set(own.map(({ strip }) => strip));
  const more = others
    .filter(({ strip }) => !known.has(strip))
    .map((clip) => ({ name: clip.name, strip: clip.strip, chosen: false }));
  return [...own, ...more].map((clip, n) => ({
    ...clip,
    chosen: clip.chosen && n < MAX_LEARNED_CLIPS,
  }));
}

// What to say of the number of chosen clips.
export function clipsHint(count) {
  if (count < 1) return "Choose at least one clip.";
  if (count > MAX_LEARNED_CLIPS) return `Choose ${MAX_LEARNED_CLIPS} clips at most.`;
  if (count > 1) return "All of these need to show one character.";
  return (
    "One clip shows one direction. Give one clip for each direction, front, side and back: what " +
    "no clip shows is guessed."
  );
}

// What to say of the rows that a sheet lacks, of which there are so many.
export const draftsWords = (count) =>
  count === 1
    ? "the row that the sheet lacks, as the sheet decoder draws it"
    : `${count} rows that the sheet lacks, as the sheet decoder draws them`;

export function progressWords({ step = 0, steps = 1, queued = 0 }) {
  if (step) return `Step ${step} of ${steps}`;
  if (!queued) return "Starting.";
  return queued === 1 ? "One other character is learned first." : `${queued} others come first.`;
}

// Starts a job and follows it: {done, name, before, after, picture}, {cancelled} or {error}.
// drafted: the answer of `draft_rows`. For `how` see `followJob`.
export async function learn(server, clips, drafted, how) {
  if (drafted.error) return drafted;
  return followJob({
    begin: () => server.learn_start({ clips, drafts: drafted.drafts }),
    tell: (job) => server.learn_state({ job }),
    ...how,
  });
}
