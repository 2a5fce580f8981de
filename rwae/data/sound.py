"""Reads sound: RIFF WAV by the standard library, and the NIST SPHERE files of speech corpora."""

from __future__ import annotations

import io
import wave

import numpy as np

from rwae.errors import DataError

SPHERE = b"NIST_1A\n"
_WIDTHS = {1: np.dtype("u1"), 2: np.dtype("<i2"), 4: np.dtype("<i4")}


def read_sound(content: bytes, name: str) -> tuple[np.ndarray, int]:
    """Reads a file of uncompressed sound, whatever its name says it is.

    Args:
        content: the bytes of the file.
        name: how the file is called in a message.

    Returns:
        The samples in [-1, 1], the mean over the channels, with shape (N,), and the number of
        samples a second.

    Raises:
        DataError: if the file is neither format, is compressed, damaged or empty.
    """
    try:
        reader = _read_sphere if content.startswith(SPHERE) else _read_riff
        samples, rate = reader(content)
    except (wave.Error, EOFError, ValueError, KeyError, OverflowError) as error:
        raise DataError(
            f"The sound {name} is damaged or compressed ({error}): it needs to be a WAV or "
            "SPHERE file of 8, 16 or 32 bits. Fetch it again or convert it."
        ) from error
    if not len(samples) or rate < 1000:
        raise DataError(
            f"The sound {name} holds {len(samples)} samples at {rate} a second: it needs some, at "
            "least 1,000 a second. Fetch it again."
        )
    return samples, rate


def _read_riff(content: bytes) -> tuple[np.ndarray, int]:
    with wave.open(io.BytesIO(content)) as file:
        kind = _WIDTHS[file.getsampwidth()]
        raw = np.frombuffer(file.readframes(file.getnframes()), kind)
        return _mono(raw, file.getnchannels()), file.getframerate()


def _read_sphere(content: bytes) -> tuple[np.ndarray, int]:
    """The header is lines of text: "name -type value", in as many bytes as line two says."""
    size = int(content[len(SPHERE) : len(SPHERE) + 8])
    lines = [line.split(None, 2) for line in content[:size].decode("ascii").splitlines()[2:]]
    header = {line[0]: line[2].strip() for line in lines if len(line) == 3}
    if header.get("sample_coding", "pcm") != "pcm" or header["sample_n_bytes"] != "2":
        raise ValueError("no linear samples of 16 bits")
    kind = np.dtype(">i2" if header.get("sample_byte_format", "01") == "10" else "<i2")
    channels = int(header.get("channel_count", "1"))
    count = int(header["sample_count"]) * channels
    raw = np.frombuffer(content, kind, count, size)
    return _mono(raw, channels), int(header["sample_rate"])


def _mono(raw: np.ndarray, channels: int) -> np.ndarray:
    if raw.dtype == np.uint8:  # the only unsigned kind
        raw = raw.astype(np.int16) - 128
        scale = 128.0
    else:
        scale = float(np.iinfo(raw.dtype).max) + 1
    return (raw.reshape(-1, channels).mean(1) / scale).astype(np.float32)
