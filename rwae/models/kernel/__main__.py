"""Compiles kernel.c, and compares the result with kernel.wasm or replaces it.

pip install ziglang==0.17.1            # a C compiler; another version gives other bytes
python -m rwae.models.kernel           # 0 if kernel.wasm is what kernel.c gives, else 1
python -m rwae.models.kernel --write   # replaces kernel.wasm
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

from rwae.errors import RWAEError
from rwae.models.kernel.program import KERNEL

SOURCE = Path(__file__).with_name("kernel.c")
COMPILER, COMPILER_VERSION = "ziglang", "0.17.1"
FLAGS = (
    *("--target=wasm32-freestanding", "-O3", "-msimd128", "-nostdlib"),
    *("-Wall", "-Wextra", "-Werror", "-flax-vector-conversions=none"),
    *("-Wl,--no-entry", "-Wl,--strip-all"),
)


def compile_kernel() -> bytes:
    """What kernel.c gives.

    Raises:
        RWAEError: if the compiler is not installed in its version, or fails.
    """
    if not compiler_installed():
        raise RWAEError(
            f"The kernel is compiled by {COMPILER} {COMPILER_VERSION}, which is not installed: "
            f"run `pip install {COMPILER}=={COMPILER_VERSION}`."
        )
    with tempfile.TemporaryDirectory(prefix="rwae-kernel-") as folder:
        result = Path(folder) / KERNEL.name
        command = [sys.executable, "-m", COMPILER, "cc", *FLAGS, "-o", str(result), str(SOURCE)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RWAEError(f"The kernel cannot be compiled. {done.stderr.strip()}")
        return result.read_bytes()


def compiler_installed() -> bool:
    """Whether the compiler is there in the version whose bytes are in the repository."""
    try:
        return metadata.version(COMPILER) == COMPILER_VERSION
    except metadata.PackageNotFoundError:
        return False


def main(words: list[str] | None = None) -> int:
    """Compiles, and compares or writes."""
    parser = argparse.ArgumentParser(
        "python -m rwae.models.kernel",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--write", action="store_true", help=f"replace {KERNEL.name}")
    write = parser.parse_args(words).write
    try:
        compiled = compile_kernel()
    except RWAEError as error:
        print(error, file=sys.stderr)
        return 2
    if write:
        KERNEL.write_bytes(compiled)
    same = KERNEL.read_bytes() == compiled
    print(f"{KERNEL.name}, {len(compiled):,} bytes: {'the same' if same else 'not the same'}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
