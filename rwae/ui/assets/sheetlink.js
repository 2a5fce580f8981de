// What a sheet of samples is drawn from: two seeds and a few settings, also in the address. The
// same recipe and model give the same sheet.

const RECIPE = {
  whoSeed: 1, motionSeed: 1, oneWho: false, oneMotion: false, temperature: 1, action: null,
};
let lastRecipe = RECIPE; // stays when another model is chosen

function recipeLink({ whoSeed, motionSeed, oneWho, oneMotion, temperature, action }) {
  const fields = new URLSearchParams({ who: whoSeed, motion: motionSeed, temperature });
  if (oneWho) fields.append("same", "who");
  if (oneMotion) fields.append("same", "motion");
  if (action !== null) fields.append("action", action + 1);
  return `#sample&${fields}`;
}

// The recipe in an address, null if it holds none, undefined if it does not fit a model.
function recipeFromLink(hash, actions) {
  if (!hash.startsWith("#sample&")) return null;
  const fields = new URLSearchParams(hash.slice("#sample&".length));
  const number = (name, missing) => (fields.has(name) ? Number(fields.get(name)) : missing);
  const recipe = {
    whoSeed: number("who", NaN),
    motionSeed: number("motion", NaN),
    oneWho: fields.getAll("same").includes("who"),
    oneMotion: fields.getAll("same").includes("motion"),
    temperature: number("temperature", RECIPE.temperature),
    action: fields.has("action") ? number("action") - 1 : null,
  };
  const whole = (value, most) => Number.isInteger(value) && value >= 0 && value <= most;
  const fits = whole(recipe.whoSeed, LARGEST_SEED) && whole(recipe.motionSeed, LARGEST_SEED) &&
    recipe.temperature >= 0 && recipe.temperature <= HOTTEST &&
    (recipe.action === null || whole(recipe.action, actions - 1));
  return fits ? recipe : undefined;
}
