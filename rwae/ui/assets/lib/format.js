// Numbers as the page writes them, and seeds as a person types them.

export const MAX_SEED = 999999; // the largest seed that the page takes

export const percent = (share) => (share < 0.01 ? "< 1 %" : `${Math.round(100 * share)} %`);

// With two decimals and a sign; what rounds to zero is positive.
export function signed(value) {
  const text = Math.abs(value).toFixed(2);
  return `${value < 0 && text !== "0.00" ? "\u2212" : "+"}${text}`;
}

export const megabytes = (bytes) => (bytes / 2 ** 20).toFixed(1).replace(".0", "");

// What people call a factor that has another name in its data set.
const FACTOR_NAMES = { bottomwear: "trousers", topwear: "top" };

export const factorName = (factor) => FACTOR_NAMES[factor] ?? factor;

// "a", "a and b", "a, b and c".
export const listed = (words) =>
  [words.slice(0, -1).join(", "), words.at(-1)].filter(Boolean).join(" and ");

const LARGEST_RANDOM_SEED = 9999; // short enough to be told to somebody

// One of the first `count` seeds, but not 0.
export const randomSeed = (count = Infinity) =>
  1 + Math.floor(Math.random() * Math.min(LARGEST_RANDOM_SEED, count - 1));

// A seed as it was typed, made into one that can be used.
export const parseSeed = (text) => Math.min(MAX_SEED, Math.max(0, Math.round(Number(text)) || 0));

// Two different numbers below `count`, by chance; twice the same if there is only one.
export function randomPair(count) {
  const one = Math.floor(Math.random() * count);
  return [one, (one + 1 + Math.floor(Math.random() * (count - 1))) % count];
}
