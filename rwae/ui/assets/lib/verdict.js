// What the judge's answers mean: what was kept, what changed, and of what it is not sure.

import { factorName, listed } from "./format.js";

export const MIN_CONFIDENCE = 0.9; // from which on an answer counts, as in the evaluation

// A value beside the name of its factor, which some values repeat: "3" for "hair 3".
const shortValue = ({ factor, value }) =>
  value.startsWith(`${factor} `) ? value.slice(factor.length + 1) : value;

// What a judge that sees ghosts says of the frames themselves; see FILMED in rwae.classifiers.
const FRAMES = "frames";
const ONE_POSE = "one pose";

// The row of the frames: those of a single clip are enough to make a ghost.
function rowOfFrames(answers) {
  const ghost = answers.find(({ value }) => value !== ONE_POSE);
  const { value: words, confidence } = ghost ?? answers[0];
  return { factor: FRAMES, who: false, confidence, state: ghost ? "changed" : "kept", words };
}

// The row of one clip, for one factor.
// wanted: the judge's answer to the clip that the factor should come from; null if it is free.
function rowOfOne(answer, wanted) {
  const { factor, static: who, value, confidence } = answer;
  const row = { factor: factorName(factor), who, confidence };
  if (!wanted) return { ...row, state: "free", words: shortValue(answer) };
  if (Math.min(confidence, wanted.confidence) < MIN_CONFIDENCE) {
    return { ...row, state: "unclear", words: `unclear, perhaps ${shortValue(answer)}` };
  }
  if (value === wanted.value) return { ...row, state: "kept", words: who ? "kept" : value };
  const words = who
    ? `was ${shortValue(wanted)}, now ${shortValue(answer)}`
    : `${value} (asked: ${wanted.value})`;
  return { ...row, state: "changed", words };
}

// The row of several motions of one who: nothing but the motion should differ.
function rowOfMany(answers) {
  const [{ factor, static: who }] = answers;
  const clear = answers.filter(({ confidence }) => confidence >= MIN_CONFIDENCE);
  const values = [...new Set(clear.map(shortValue))].sort();
  const confidence = Math.min(...answers.map((answer) => answer.confidence));
  const row = { factor: factorName(factor), who, confidence };
  const count = answers.length;
  if (!who) {
    const words = values.length ? `${values.length} different` : "unclear";
    return { ...row, state: "free", words };
  }
  if (values.length > 1) return { ...row, state: "changed", words: `changes: ${listed(values)}` };
  if (clear.length < 2) return { ...row, state: "unclear", words: "unclear" };
  const words =
    clear.length === count
      ? `the same in all ${count}`
      : `the same in the ${clear.length} that are clear`;
  return { ...row, state: "kept", words };
}

// The rows of a readout: {factor, who, state, words, confidence}. `clips` are the judge's answers,
// a list of factors for each clip, and `wanted` those to the clips that `who` and `how` should
// come from; none where that is free.
export const verdictRows = (clips, wanted) =>
  clips[0].map((answer, k) =>
    answer.factor === FRAMES
      ? rowOfFrames(clips.map((clip) => clip[k]))
      : clips.length > 1
        ? rowOfMany(clips.map((clip) => clip[k]))
        : rowOfOne(answer, (answer.static ? wanted.who : wanted.how)?.[k]),
  );

// The state of all rows together, for the colour of the sentence.
export const worstState = (rows) =>
  ["changed", "unclear", "kept", "free"].find((state) =>
    rows.some((row) => row.state === state),
  ) ?? "free";

// The rows in a sentence or two: what changed that should not have, before what was kept.
export function summary(rows) {
  const factors = (state) =>
    rows.filter((row) => row.who && row.state === state).map((row) => row.factor);
  const [changed, unclear, kept] = ["changed", "unclear", "kept"].map(factors);
  const sentences = [];
  if (changed.length) sentences.push(`${listed(changed)} changed`);
  if (unclear.length) sentences.push(`${listed(unclear)} unclear`);
  if (kept.length && !changed.length && !unclear.length) sentences.push("who is kept");
  const how = rows.find(({ factor, who, state }) => !who && factor !== FRAMES && state !== "free");
  const moves = { kept: "moves as asked", changed: "does not move as asked" };
  if (how) sentences.push(moves[how.state] ?? "its motion is unclear");
  const frames = rows.find(({ factor }) => factor === FRAMES);
  if (frames?.state === "changed") sentences.push(`its frames show ${frames.words}`);
  return sentences.map((text) => `${text[0].toUpperCase()}${text.slice(1)}.`).join(" ");
}
