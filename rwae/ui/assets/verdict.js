// What the judge's answers mean: what was kept, what changed, and of what it is not sure.

const SURE = 0.9; // probability from which on an answer counts, as in the evaluation

// A value beside the name of its factor, which some values repeat: "3" for "hair 3".
const brief = ({ factor, value }) =>
  (value.startsWith(`${factor} `) ? value.slice(factor.length + 1) : value);

// What is asked of one clip, for one factor.
// wanted: the judge's answer to the clip that the factor should come from; null if it is free.
function oneVerdict(answer, wanted) {
  const { factor, static: who, value, confidence } = answer;
  const row = { factor, who, sure: confidence };
  if (!wanted) return { ...row, state: "free", words: brief(answer) };
  if (Math.min(confidence, wanted.confidence) < SURE) {
    return { ...row, state: "unclear", words: `unclear, perhaps ${brief(answer)}` };
  }
  if (value === wanted.value) return { ...row, state: "kept", words: who ? "kept" : value };
  const words = who ? `was ${brief(wanted)}, now ${brief(answer)}` :
    `${value} (asked: ${wanted.value})`;
  return { ...row, state: "changed", words };
}

// What is asked of several motions of one who: that nothing but the motion differs.
function manyVerdict(answers) {
  const [{ factor, static: who }] = answers;
  const clear = answers.filter(({ confidence }) => confidence >= SURE);
  const values = [...new Set(clear.map(brief))].sort();
  const row = { factor, who, sure: Math.min(...answers.map(({ confidence }) => confidence)) };
  const count = answers.length;
  if (!who) {
    const words = values.length ? `${values.length} different` : "unclear";
    return { ...row, state: "free", words };
  }
  if (values.length > 1) return { ...row, state: "changed", words: `changes: ${listed(values)}` };
  if (clear.length < 2) return { ...row, state: "unclear", words: "unclear" };
  const words = clear.length === count ? `the same in all ${count}` :
    `the same in the ${clear.length} that are clear`;
  return { ...row, state: "kept", words };
}

// The rows of a readout. `clips` are the judge's answers, a list of factors for each clip, and
// `wanted` those to the clips that `who` and `how` should come from; none where that is free.
function verdicts(clips, wanted) {
  return clips[0].map((answer, k) => (clips.length > 1
    ? manyVerdict(clips.map((clip) => clip[k]))
    : oneVerdict(answer, (answer.static ? wanted.who : wanted.how)?.[k])));
}

const listed = (words) =>
  [words.slice(0, -1).join(", "), words.at(-1)].filter(Boolean).join(" and ");

// How the rows stand together, for the colour of the sentence.
const worst = (rows) => ["changed", "unclear", "kept", "free"].find((state) =>
  rows.some((row) => row.state === state)) ?? "free";

// The rows in a sentence or two: what changed that should not have, before what was kept.
function summary(rows) {
  const named = (state) => rows.filter((row) => row.who && row.state === state)
    .map((row) => row.factor);
  const [changed, unclear, kept] = ["changed", "unclear", "kept"].map(named);
  const said = [];
  if (changed.length) said.push(`${listed(changed)} changed`);
  if (unclear.length) said.push(`${listed(unclear)} unclear`);
  if (kept.length && !changed.length && !unclear.length) said.push("who is kept");
  const how = rows.find((row) => !row.who && row.state !== "free");
  const moves = { kept: "moves as asked", changed: "does not move as asked" };
  if (how) said.push(moves[how.state] ?? "its motion is unclear");
  return said.map((text) => `${text[0].toUpperCase()}${text.slice(1)}.`).join(" ");
}
