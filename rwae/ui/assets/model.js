// Which model a tab shows. The header chooses it and tells the tabs, which start anew.

// Calls start({boot, server, life}) for the model of the page, and again for each one chosen later:
// `boot` shows the model, `server` asks it and no other, and `life` ends when another is chosen.
function withModel(element, server, start) {
  const template = element.innerHTML;
  let life = null;
  const begin = (boot) => {
    life?.abort();
    life = new AbortController();
    element.innerHTML = template;
    start({ boot, server: asking(server, boot.name, life.signal), life: life.signal });
  };
  document.addEventListener("rwae-model", (event) => begin(event.detail));
  // A tab that is opened for the first time finds the model that was chosen before.
  if (window.rwaeModel) begin(window.rwaeModel);
}

// The functions of the server, each about one model. What comes too late is an error to its caller.
function asking(server, model, life) {
  const late = { error: "Another model was chosen." };
  return Object.fromEntries(Object.keys(server).map((name) => [name, async (request = {}) => {
    if (life.aborted) return late;
    const fields = request.binary ? { data: { ...request.data, model } } : { model };
    const answer = await server[name]({ ...request, ...fields });
    return life.aborted ? late : answer;
  }]));
}
