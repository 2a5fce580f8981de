// The Sample tab: sixteen clips from the priors, with one seed for who and one for the motion.

const part = parts(element);
const CLIPS = Math.min(16, Math.floor(boot.most / boot.frames));
const clock = new Clock(part.root, boot.frames);
const decoded = decoder(server, boot.side);
const { say, fail } = messages(part.message);
let shown = null; // on the tiles: {clips, sheet}

const views = Array.from({ length: CLIPS }, (_, row) => {
  const tile = make("button", "rw-tile", {
    type: "button", "aria-label": `Sample ${row + 1}: open in Explore`,
  });
  const canvas = make("canvas", "rw-pixels");
  tile.append(canvas);
  part.grid.append(tile);
  tile.addEventListener("click", () => {
    if (!shown) return;
    showClip({ codes: shown.clips[row], sheet: shown.sheet, row });
    trigger("explore");
  });
  return new View(canvas, clock, boot.side);
});

const pump = new Pump(
  drawn,
  (answer) => {
    shown = answer;
    part.root.codes = shown.clips; // what is on the page, for scripts and tests
    views.forEach((view, row) => view.show(shown.sheet, row));
  },
  (busy, error) => {
    part.stage.setAttribute("aria-busy", String(busy));
    if (error) fail(error);
  },
);

// Draws both kinds of code, each from its own seed, and joins them.
async function drawn({ whoSeed, motionSeed, oneWho, oneMotion, temperature, action }) {
  const draw = (seed) =>
    server.sample_codes({ seed, clips: CLIPS, frames: boot.frames, temperature, action });
  const [whos, motions] = await Promise.all([draw(whoSeed), draw(motionSeed)]);
  if (whos.error || motions.error) return { error: whos.error ?? motions.error };
  const clips = whos.clips.map((_, n) => ({
    static: whos.clips[oneWho ? 0 : n].static,
    dynamic: motions.clips[oneMotion ? 0 : n].dynamic,
  }));
  return { clips, ...(await decoded(clips, true)) };
}

// From the controls to a recipe and back.

function recipe() {
  return {
    whoSeed: seedOf(part.whoseed.value),
    motionSeed: seedOf(part.motionseed.value),
    oneWho: part.onewho.checked,
    oneMotion: part.onemotion.checked,
    temperature: Number(part.heat.value),
    action: part.action.value ? Number(part.action.value) : null,
  };
}

function put({ whoSeed, motionSeed, oneWho, oneMotion, temperature, action }) {
  part.whoseed.value = whoSeed;
  part.motionseed.value = motionSeed;
  part.onewho.checked = oneWho;
  part.onemotion.checked = oneMotion;
  part.heat.value = temperature;
  part.action.value = action !== null && action < boot.actions ? action : "";
  refresh();
}

function refresh() {
  lastRecipe = recipe();
  part.whoseed.value = lastRecipe.whoSeed; // a seed that cannot be used is replaced in sight
  part.motionseed.value = lastRecipe.motionSeed;
  part.heatvalue.textContent = lastRecipe.temperature.toFixed(2);
  fill(part.heat);
  say("");
  pump.push(lastRecipe, true);
}

const renew = (...inputs) => () => {
  inputs.forEach((input) => (input.value = seedNumber()));
  refresh();
};
part.newwho.addEventListener("click", renew(part.whoseed));
part.newmotion.addEventListener("click", renew(part.motionseed));
part.both.addEventListener("click", renew(part.whoseed, part.motionseed));
[part.whoseed, part.motionseed, part.onewho, part.onemotion, part.action].forEach((input) =>
  input.addEventListener("change", refresh));
part.heat.addEventListener("input", refresh);
part.link.addEventListener("click", async () =>
  say(await shareAddress(boot.name, recipeLink(lastRecipe))));

// A weakly supervised model tells its actions apart by number alone; people count from one.
part.actionrow.hidden = !boot.actions;
part.action.append(new Option("any", ""));
for (let n = 0; n < boot.actions; n += 1) part.action.append(new Option(n + 1, n));
transport(part.transport, clock);
fitGrid(part.grid, views, 4, boot.side, 3, 0);

// An address with a recipe counts for the model that it names, and once.
function open() {
  const linked = boot.linked ? recipeFromLink(location.hash, boot.actions) : null;
  put(linked ?? lastRecipe);
  if (linked === undefined) {
    fail("The link holds settings that this model does not have: you see the first sheet instead.");
  }
}

open();
window.addEventListener("hashchange", open, { signal: life });
