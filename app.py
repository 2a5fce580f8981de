"""R-WAE Studio: change who a clip shows, or how it moves, and watch it while you do.

python app.py                                   # the model that comes with the project
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
from rwae.ui import page

SHIPPED = Path(__file__).resolve().parent / "checkpoints" / "sprites"


def arguments() -> argparse.Namespace:
    """Reads the command line. A Hugging Face Space, which gives none, listens to everyone."""
    host = "0.0.0.0" if "SPACE_ID" in os.environ else "127.0.0.1"
    port = os.environ.get("GRADIO_SERVER_PORT", "7860")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=SHIPPED, help="folder of a checkpoint, or a Hub id")
    parser.add_argument("--host", default=host, help="address to listen at")
    parser.add_argument("--port", default=port, type=int, help="port to listen at")
    parser.add_argument("--device", help="cuda, mps or cpu; the fastest by default")
    return parser.parse_args()


def main() -> int:
    """Loads the model and serves the page until it is stopped."""
    chosen = arguments()
    try:
        studio = Studio.load(chosen.model, chosen.device)
        blocks = page.build(studio)
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
