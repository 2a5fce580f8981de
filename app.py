"""R-WAE Studio: change who a clip shows, or how it moves, and watch it while you do.

python app.py                                   # every model in checkpoints/
python app.py --model runs/mine                 # this one alone; again for another beside it
python app.py --model owner/name@v2 --port 8080 # one from the Hugging Face Hub
python app.py --mcp                             # for language models as well
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import signal
import sys
from importlib import metadata
from pathlib import Path

# Before gradio is imported: it would otherwise report to its makers when it starts.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

from gradio.exceptions import ServerFailedToStartError

from rwae.errors import RWAEError
from rwae.runtime import return_freed_memory
from rwae.ui import housekeeping, page
from rwae.ui.loaded_models import MODELS_VARIABLE, load_models, requested_sources

CHECKPOINTS = Path(__file__).resolve().parent / "checkpoints"


def arguments() -> argparse.Namespace:
    """Reads the command line. A Hugging Face Space, which gives none, listens to everyone."""
    host = "0.0.0.0" if "SPACE_ID" in os.environ else "127.0.0.1"
    port = os.environ.get("GRADIO_SERVER_PORT", "7860")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--model",
        action="append",
        help="folder of a checkpoint, or a Hub id, owner/name or owner/name@revision; may be "
        "given several times, the first is shown first; by default those that the variable "
        f"{MODELS_VARIABLE} names, or every model in checkpoints/",
    )
    parser.add_argument("--host", default=host, help="address to listen at")
    parser.add_argument("--port", default=port, type=int, help="port to listen at")
    parser.add_argument("--device", help="cuda, mps or cpu; the fastest by default")
    parser.add_argument(
        "--mcp",
        action="store_true",
        help="offer the endpoints to language models too, by the Model Context Protocol",
    )
    return parser.parse_args()


def check_mcp() -> None:
    """Makes sure that the Model Context Protocol can be spoken, before any model is loaded."""
    if importlib.util.find_spec("mcp") is None:
        raise RWAEError(
            "The option --mcp needs one more package: install it with pip install "
            f"'gradio[mcp]=={metadata.version('gradio')}'."
        )


def main() -> int:
    """Loads the models and serves the page until it is stopped."""
    chosen = arguments()
    # A container is ended by SIGTERM, at which Python would leave without tidying up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    housekeeping.start()
    return_freed_memory()
    try:
        if chosen.mcp:
            check_mcp()
        models = load_models(requested_sources(chosen.model), CHECKPOINTS, chosen.device)
        blocks = page.build(models, mcp=chosen.mcp)
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        blocks.launch(
            server_name=chosen.host,
            server_port=chosen.port,
            mcp_server=chosen.mcp,
            **page.settings(),
        )
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
