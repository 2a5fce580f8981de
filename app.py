"""R-WAE Studio: change who a clip shows, or how it moves, and watch it while you do.

python app.py                                   # every model in checkpoints/
python app.py --model runs/mine                 # this one alone; again for another beside it
python app.py --model owner/name --port 8080    # one from the Hugging Face Hub
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

# Before gradio is imported: it would otherwise report to its makers when it starts.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

from gradio.exceptions import ServerFailedToStartError

from rwae.errors import RWAEError
from rwae.inference import Studio
from rwae.ui import page, shelf
from rwae.ui.shelf import Shelf

CHECKPOINTS = Path(__file__).resolve().parent / "checkpoints"


def arguments() -> argparse.Namespace:
    """Reads the command line. A Hugging Face Space, which gives none, listens to everyone."""
    host = "0.0.0.0" if "SPACE_ID" in os.environ else "127.0.0.1"
    port = os.environ.get("GRADIO_SERVER_PORT", "7860")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--model",
        action="append",
        help="folder of a checkpoint, or a Hub id; may be given several times, the first is "
        "shown first; by default every model in checkpoints/",
    )
    parser.add_argument("--host", default=host, help="address to listen at")
    parser.add_argument("--port", default=port, type=int, help="port to listen at")
    parser.add_argument("--device", help="cuda, mps or cpu; the fastest by default")
    return parser.parse_args()


def models(chosen: argparse.Namespace) -> list[Studio]:
    """Loads the models that were named, or all that are in `CHECKPOINTS`.

    A model that was named has to load; of those found, one that does not is left out, in words.
    """
    if chosen.model:
        return [shelf.load_one(source, chosen.device) for source in chosen.model]
    studios, complaints = shelf.load_all(CHECKPOINTS, chosen.device)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    if not studios:
        raise RWAEError(f"There is no model in {CHECKPOINTS}: train one, or name it with --model.")
    return studios


def main() -> int:
    """Loads the models and serves the page until it is stopped."""
    chosen = arguments()
    try:
        blocks = page.build(Shelf(models(chosen)))
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        blocks.launch(server_name=chosen.host, server_port=chosen.port, **page.settings())
    except (OSError, OverflowError, ServerFailedToStartError) as error:
        print(
            f"The address {chosen.host}, port {chosen.port}, cannot be used "
            f"({type(error).__name__}): name another with --host or --port.",
            file=sys.stderr,
        )
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
