"""Renews constraints.txt and requirements.lock with the newest versions that fit together.

`make constraints` runs it. torch keeps its version, as its builds weigh gigabytes: change the
line `torch==` in constraints.txt by hand, and run this again. The version of gradio belongs into
the README as well, as `sdk_version`.

Both files hold for Python 3.11 and later on every system, by markers. The packages of CUDA are
left out: each build of torch names its own exactly.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS, LOCK = ROOT / "constraints.txt", ROOT / "requirements.lock"
CUDA = re.compile(r"(nvidia|cuda)-|triton")
RESOLVE = (
    *("uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
    *("--fork-strategy", "fewest", "--no-header", "--no-annotate", "--no-config"),
)
HEAD = """\
# One version of each package that the app and its tests need; `make constraints` renews them.
"""
LOCK_HEAD = """\
# What the app needs beside torch, with hashes; `make constraints` renews this file. To install:
#   pip install --require-hashes -r requirements.lock && pip install -c constraints.txt torch
# torch stands apart, as its builds for CUDA and CPU differ.
"""


def resolve(*words: str | Path) -> str:
    """What uv says to some words of the command line; its own complaints go to the terminal."""
    command = [*RESOLVE, *(str(word) for word in words)]
    return subprocess.run(command, cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE).stdout


def main() -> None:
    """Writes both files."""
    (torch,) = re.findall(r"^torch==\S+", CONSTRAINTS.read_text("utf-8"), re.MULTILINE)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as pin:
        pin.write(f"{torch}\n")
        pin.flush()
        wanted = ("requirements.txt", "tests/requirements.txt")
        found = resolve("--constraints", pin.name, *wanted)
    lines = [line for line in found.splitlines(keepends=True) if not CUDA.match(line)]
    CONSTRAINTS.write_text(HEAD + "".join(lines), "utf-8")
    apart = {line.split("==")[0] for line in found.splitlines() if CUDA.match(line)} | {"torch"}
    left_out = [word for name in sorted(apart) for word in ("--no-emit-package", name)]
    hashes = resolve(
        *("--generate-hashes", "--constraints", CONSTRAINTS, *left_out, "requirements.txt")
    )
    LOCK.write_text(LOCK_HEAD + hashes, "utf-8")


if __name__ == "__main__":
    sys.exit(main())
