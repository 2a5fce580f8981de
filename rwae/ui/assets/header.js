// The header's badge: which model runs where, and how fast it is right now.

const part = parts(element);
const { model, device, parameters, ms } = props.value;
part.facts.textContent = `${model}, ${(parameters / 1e6).toFixed(1)} M parameters, ${device}`;

function tell(milliseconds) {
  part.speed.textContent = `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms a clip`;
}

tell(ms);
document.addEventListener("rwae-speed", (event) => tell(event.detail));
