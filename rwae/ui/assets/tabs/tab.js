// A tab shows the chosen model, and starts again with each one that is chosen later.

import { serverOf } from "../lib/server.js";
import { session } from "../lib/session.js";

// Calls begin({model, server, serverOf, signal}) for the chosen model and for each one chosen
// later, with the tab's template as it was. `model` is all that shows the model, `server` asks it
// and no other, serverOf(name) asks another, and `signal` is aborted when another is chosen.
export function startWithModel({ element, server }, begin) {
  const template = element.innerHTML;
  let life = null;
  const restart = (model) => {
    life?.abort();
    life = new AbortController();
    element.innerHTML = template;
    const { signal } = life;
    const gone = (answer) => session.lose(answer.gone, answer.error);
    const bound = (name) => serverOf(server, name, signal, gone);
    begin({ model, server: bound(model.name), serverOf: bound, signal });
  };
  session.model.watch(restart);
  // A tab that is opened for the first time finds the model that was chosen before.
  if (session.model.value) restart(session.model.value);
}
