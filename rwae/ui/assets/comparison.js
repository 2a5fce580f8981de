// What the Compare tab compares: which models, what says who and how it moves, and how far the
// sliders are moved.

const LOOKS = 3; // sliders of who

// An example of a model, to be given to all. The seed is what a model without an encoder draws
// from in its place.
const exampleOf = (home, row) => ({
  row, key: `example ${row}`, about: `example ${row + 1}`,
  codes: home.clips[row], from: home.name, seed: row + 1,
});

// What every model draws from its own prior.
const drawsOf = (seed, clips, heat) =>
  ({ key: `seed ${seed}, ${clips}, ${heat}`, about: `seed ${seed}`, seed, clips, heat });

// A visitor's clip. The count goes on when the tab starts anew: no two clips share a key.
let files = 0;
const clipOf = (file) => ({ key: `file ${(files += 1)}`, about: file.name, file, seed: 1 });

// The comparison that comes first, of the examples of the model `home`. `names` are those of the
// models side by side, null for a pair unlike each other.
function usualComparison(home) {
  return {
    home, names: null, who: "clip", how: "other", whoclip: exampleOf(home, 0),
    howclip: exampleOf(home, Math.min(4, home.clips.length - 1)),
    whoseed: 1, howseed: 1, heat: 1, looks: Array(LOOKS).fill(0),
  };
}

// The tab starts anew with each model of the page. A comparison stays when one of its clips is
// opened in Explore, although the page then shows the model that drew it.
let kept = null;
let opened = null; // the name of that model

const keepWhileOpened = (name) => (opened = name);

// What the tab starts with: {start, error}. An address with a comparison comes first.
function startingWith(boot, known) {
  const { found, error } = boot.linked ? comparisonFromLink(location.hash, boot, known) : {};
  const stays = !found && !error && kept && [kept.home.name, opened].includes(boot.name);
  if (!stays || boot.name === kept.home.name) opened = null;
  kept = { ...(found ?? (stays ? kept : usualComparison(boot))) };
  return { now: kept, error };
}
