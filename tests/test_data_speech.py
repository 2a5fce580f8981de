"""Sound into clips: the two formats, the spectrogram, and the data sets of speech."""

import io
import wave
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from rwae import data
from rwae.data import fsdd, speech, timit
from rwae.data.sound import SPHERE, read_sound
from rwae.errors import DataError

RATE = 8000
KINDS = {1: "u1", 2: "<i2", 4: "<i4"}


def tone(frequency: float, seconds: float = 0.5, rate: int = RATE) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)


def riff(samples: np.ndarray, rate: int = RATE, width: int = 2, channels: int = 1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(width)
        writer.setframerate(rate)
        scaled = samples * 2 ** (8 * width - 1) + (128 if width == 1 else 0)
        writer.writeframes(scaled.round().astype(KINDS[width]).tobytes())
    return file.getvalue()


def sphere(samples: np.ndarray, rate: int = 16000, order: str = "01", **more: str) -> bytes:
    raw = (samples * 2**15).round().astype("<i2" if order == "01" else ">i2")
    fields = {
        "sample_count": f"-i {len(raw)}",
        "sample_rate": f"-i {rate}",
        "sample_n_bytes": "-i 2",
        "sample_byte_format": f"-s2 {order}",
    } | more
    text = "".join(f"{name} {value}\n" for name, value in fields.items())
    header = SPHERE + b"   1024\n" + text.encode() + b"end_head\n"
    return header.ljust(1024) + raw.tobytes()


@pytest.mark.parametrize("width", [1, 2, 4])
def test_wav_of_any_width_comes_back(width: int) -> None:
    samples, rate = read_sound(riff(tone(440), width=width), "a.wav")
    assert rate == RATE
    assert np.abs(samples - tone(440)).max() <= 2.0 ** (1 - 8 * width) + 1e-7


def test_channels_are_averaged() -> None:
    both = np.stack([tone(440), -tone(440)], 1).reshape(-1)
    samples, _ = read_sound(riff(both, channels=2), "a.wav")
    assert len(samples) == len(tone(440))
    assert np.abs(samples).max() < 1e-4


@pytest.mark.parametrize("order", ["01", "10"])
def test_sphere_of_both_byte_orders_comes_back(order: str) -> None:
    samples, rate = read_sound(sphere(tone(300, rate=16000), order=order), "SX1.WAV")
    assert rate == 16000
    assert np.abs(samples - tone(300, rate=16000)).max() < 1e-4


BROKEN = {
    "text": b"hello",
    "empty": b"",
    "cut": riff(tone(440))[:30],
    "silent": riff(np.zeros(0)),
    "sphere, cut": sphere(tone(440))[:1500],
    "sphere, compressed": sphere(tone(440), sample_coding="-s26 pcm,embedded-shorten-v2.00"),
    "sphere, no header": SPHERE + b"   1024\n",
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_no_sound_is_named(kind: str) -> None:
    with pytest.raises(DataError, match=r"The sound 7_theo_3\.wav .*again"):
        read_sound(BROKEN[kind], "7_theo_3.wav")


@pytest.mark.parametrize("rate", [8000, 16000])
def test_every_band_hears_something_and_neighbours_share_it(rate: int) -> None:
    bins = rate * 64 // 1000 // 2 + 1
    weights = speech.bank(rate, bins)
    assert weights.shape == (speech.BANDS, bins)
    assert weights.amax(1).min() > 0.3
    assert weights.min() == 0
    inside = torch.linspace(0, rate / 2, bins) > 200
    inside &= torch.linspace(0, rate / 2, bins) < rate / 2 - 600
    assert torch.allclose(weights.sum(0)[inside], torch.ones(1), atol=1e-4)


def test_a_higher_tone_stands_higher_and_loudness_does_not_show() -> None:
    rows = []
    for frequency in (200, 800, 3000):
        sound = tone(frequency).astype(np.float32)
        levels = speech.spectrogram(sound, RATE)
        assert levels.shape == (speech.BANDS, 101)
        assert levels.max() == 1
        assert torch.allclose(speech.spectrogram(0.1 * sound, RATE), levels, atol=1e-3)
        rows.append(int(levels.sum(1).argmax()))
        picture = speech.pictures(levels)[0, 2, 0]
        assert int(picture.float().sum(1).argmax()) == speech.BANDS - 1 - rows[-1]
    assert rows == sorted(rows)
    assert len(set(rows)) == 3


def test_time_runs_through_the_frames_of_a_clip() -> None:
    levels = torch.arange(300).expand(speech.BANDS, -1) / 300
    clips = speech.pictures(levels)
    assert clips.shape == (2, 8, 1, 64, 64)
    columns = clips[:, :, 0, 0, :: speech.WIDTH].flatten()
    assert torch.equal(columns, (255 * levels[0, :256]).round().byte())
    assert speech.pictures(levels[:, :20])[0, 2:].sum() == 0


def test_a_very_short_and_a_silent_sound_are_clips() -> None:
    for sound in (np.ones(1, np.float32), np.zeros(4000, np.float32)):
        assert speech.clips(sound, RATE).shape == (1, 8, 1, 64, 64)


def digits(folder: Path, zipped: bool) -> None:
    names = [f"{d}_{s}_{n}.wav" for d in (0, 7) for s in ("theo", "lucas") for n in (0, 5, 12)]
    files = {name: riff(tone(200 + 100 * int(name[0]))) for name in names}
    if zipped:
        with zipfile.ZipFile(folder / "x.zip", "w") as archive:
            for name, content in files.items():
                archive.writestr(f"fsdd-26eb/recordings/{name}", content)
            archive.writestr("fsdd-26eb/README.md", "text")
        return
    for name, content in files.items():
        (folder / name).write_bytes(content)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_digits_are_read_from_files_and_from_the_archive(
    tmp_path: Path, zipped: bool, split: str
) -> None:
    digits(tmp_path, zipped)
    clips = data.load("fsdd", split, tmp_path)
    assert clips.frames.shape == (4, 8, 3, 64, 64)
    assert clips.labels.tolist() == [[2, 0], [4, 0], [2, 7], [4, 7]]
    x = clips.batch(torch.tensor([0, 2]))
    assert torch.equal(x[:, :, 0], x[:, :, 2])
    assert not torch.equal(x[0], x[1])


def test_a_folder_without_digits_and_a_broken_archive_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no recording .*rwae\.data\.download fsdd"):
        data.load("fsdd", "test", tmp_path)
    (tmp_path / "a.zip").write_bytes(b"PK but no archive")
    with pytest.raises(DataError, match=r"a\.zip is damaged"):
        data.load("fsdd", "test", tmp_path)


def test_a_broken_digit_is_named(tmp_path: Path) -> None:
    digits(tmp_path, zipped=False)
    (tmp_path / "7_theo_0.wav").write_bytes(b"RIFF")
    with pytest.raises(DataError, match=r"7_theo_0\.wav"):
        data.load("fsdd", "test", tmp_path)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Three training speakers, a core test speaker and eight others, two sentences each."""
    speakers = [("TRAIN", f"FTR{n}0") for n in range(3)] + [("TEST", "MDAB0")]
    speakers += [("TEST", f"MOT{n}0") for n in range(8)]
    for number, (part, name) in enumerate(speakers):
        folder = tmp_path / "TIMIT" / part / "DR1" / name
        folder.mkdir(parents=True)
        for sentence in ("SA1", "SX7", "SI9"):
            sound = tone(200 + 40 * number, 1.5, 16000)
            (folder / f"{sentence}.WAV").write_bytes(sphere(sound))
            (folder / f"{sentence}.WRD").write_text("0 100 she\n")
    return tmp_path


def test_timit_keeps_speakers_apart_and_drops_the_shared_sentences(corpus: Path) -> None:
    found = {split: data.load("timit", split, corpus) for split in timit.SPLITS}
    names = {
        split: {clips.factors[0].values[k] for k in clips.labels[:, 0].tolist()}
        for split, clips in found.items()
    }
    assert names["train"] == {"ftr00", "ftr10", "ftr20"}
    assert names["test"] == {"mdab0"}
    assert names["validation"] == {"mot00", "mot70"}
    clips = found["test"]
    assert clips.factors[1].values == ("si9", "sx7")
    assert clips.labels[:, 1].tolist() == [0, 0, 1, 1]
    assert len(timit.CORE) == 24


def test_timit_reads_wav_copies_and_names_a_broken_one(corpus: Path) -> None:
    folder = corpus / "TIMIT" / "TEST" / "DR1" / "MDAB0"
    before = data.load("timit", "test", corpus)
    (folder / "SX7.WAV.wav").write_bytes(riff(tone(400, 1.5, 16000), 16000))
    assert len(data.load("timit", "test", corpus)) == len(before)
    (folder / "SI9.WAV").write_bytes(b"NIST_1A\n   1024\n")
    with pytest.raises(DataError, match=r"SI9\.WAV is damaged"):
        data.load("timit", "test", corpus)


def test_a_folder_without_the_corpus_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="licensed TIMIT"):
        data.load("timit", "train", tmp_path)


def test_the_real_digits_have_their_published_number(real_data: Callable[[str], Path]) -> None:
    clips = fsdd.load(real_data("fsdd"), "test")
    assert len(clips) == 300
    assert clips.labels[:, 0].bincount().tolist() == [50] * 6
    assert clips.labels[:, 1].bincount().tolist() == [30] * 10
