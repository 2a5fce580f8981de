// Calls of the server's functions. Every call resolves to an answer: what was asked for, or
// {error: one sentence}. No call waits for ever.

export const DEADLINE = 30_000; // milliseconds, for what takes a moment, such as decoding a clip
export const LONG_DEADLINE = 300_000; // for uploads, files to save, and searches for directions

const NO_ANSWER = { error: "The server sent no answer: try again." };
const TOO_LATE = { error: "The server took too long: try again." };
const NOT_REACHED = {
  error: "The server cannot be reached: check the connection and try again.",
};
const OTHER_MODEL = { error: "Another model was chosen." };

// The answer of `call`, a function that returns a promise.
export async function ask(call, deadline = DEADLINE) {
  try {
    return (await withDeadline(call(), deadline)) ?? NO_ANSWER;
  } catch {
    return NOT_REACHED;
  }
}

function withDeadline(promise, deadline) {
  if (deadline === Infinity) return promise;
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve(TOO_LATE), deadline);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// The functions of the server, each about one model. Once `signal` is aborted, which happens when
// another model is chosen, they answer with an error. gone(answer): the server has forgotten a
// learned copy.
export function serverOf(server, model, signal, gone = () => {}) {
  const bound =
    (name) =>
    async (request = {}) => {
      if (signal.aborted) return OTHER_MODEL;
      const fields = request.binary ? { data: { ...request.data, model } } : { model };
      const answer = await server[name]({ ...request, ...fields });
      if (answer?.gone) gone(answer);
      return signal.aborted ? OTHER_MODEL : answer;
    };
  return Object.fromEntries(Object.keys(server).map((name) => [name, bound(name)]));
}

// The request of a function that takes a file.
export const upload = (file) => ({ binary: true, data: { file } });

// Decodes clips in as few requests as the server's limit allows, `most` frames at once. The answer
// has a tile for each clip: {tiles: [{codes, sheet, row}]}.
export async function decodeInBatches(decode, clips, { most, frames }, exact) {
  const size = Math.max(1, Math.floor(most / frames));
  const tiles = [];
  for (let start = 0; start < clips.length; start += size) {
    const batch = clips.slice(start, start + size);
    const answer = await decode(batch, exact);
    if (answer.error) return answer;
    tiles.push(...batch.map((codes, row) => ({ codes, sheet: answer.sheet, row })));
  }
  return { tiles };
}
