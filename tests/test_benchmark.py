"""The benchmark: what it times, what it counts, and that its command runs."""

import dataclasses
import statistics
from pathlib import Path

import pytest
import torch
from conftest import TINY
from torch.utils.flop_counter import FlopCounterMode

from rwae import RWAE
from rwae.benchmark import __main__ as command
from rwae.benchmark.contenders import Contender, ours
from rwae.benchmark.cost import MATRIX_SIDES, large_product, operations
from rwae.benchmark.peers import SKD
from rwae.benchmark.report import Measured, markdown, table, text
from rwae.benchmark.timing import WARM_UP, Times, interleave, ratio
from rwae.training.config import TrainingConfig
from rwae.training.presets import PRESETS

SMALL = dataclasses.replace(TINY, frame_size=64, frames=2)


def test_calls_take_turns_and_the_warm_up_does_not_count() -> None:
    order: list[str] = []
    times = interleave({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 5)
    assert order == ["a", "b"] * (5 + WARM_UP)
    assert all(len(taken.values) == 5 and min(taken.values) >= 0 for taken in times.values())


def test_a_ratio_is_of_calls_of_the_same_round() -> None:
    # The second call is always twice as long, though the machine slows down by ten.
    first, second = Times((1.0, 2.0, 10.0, 3.0)), Times((2.0, 4.0, 20.0, 6.0))
    found = ratio(first, second)
    assert (found.low, found.median, found.high) == (0.5, 0.5, 0.5)
    assert ratio(first, Times((1.0, 1.0, 1.0, 1.0))).median == statistics.median(first.values)


def test_operations_of_a_product_and_of_its_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = torch.rand(3, 5, requires_grad=True), torch.rand(5, 7)
    assert operations(lambda: a @ b) == 2 * 3 * 5 * 7
    assert operations(lambda: (a @ b).sum().backward()) == 2 * 2 * 3 * 5 * 7
    monkeypatch.setitem(MATRIX_SIDES, "cpu", 32)
    call, promised = large_product(torch.device("cpu"), torch.float32)
    assert operations(call) == promised


def test_operations_of_a_recurrent_network_are_seen() -> None:
    lstm = torch.nn.LSTM(6, 4, batch_first=True)
    with torch.no_grad():
        counted = operations(lambda: lstm(torch.zeros(1, 3, 6)))
    assert counted == 3 * 2 * 4 * 4 * (6 + 4)


def test_operations_agree_with_the_counter_of_torch_and_survive_a_second_derivative() -> None:
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, 2), torch.nn.Flatten())
    x = torch.rand(2, 3, 9, 9, requires_grad=True)
    with FlopCounterMode(display=False) as theirs:
        network(x).sum().backward()
    once = operations(lambda: network(x).sum().backward())
    assert once == theirs.get_total_flops()

    def penalty() -> None:
        (slope,) = torch.autograd.grad(network(x).square().sum(), x, create_graph=True)
        slope.square().sum().backward()

    assert operations(penalty) > once


def test_a_training_step_of_ours_moves_the_weights_and_costs_more_than_decoding() -> None:
    config = TrainingConfig(dataset="none", model=SMALL, batch=4, prior_draws=4)
    contender = ours(RWAE(SMALL).eval(), config, torch.float32)
    assert set(contender.calls) == {"encode", "decode", "train"}
    assert contender.clips("train") == 4
    assert contender.clips("decode") == 1
    counted = {task: operations(call) for task, call in contender.calls.items()}
    assert 0 < counted["encode"] < counted["train"]
    assert 0 < counted["decode"] < counted["train"]


def measured(title: str, seconds: float) -> Measured:
    times = {"decode": Times((seconds,) * 4), "train": Times((8 * seconds,) * 4)}
    contender = Contender(title, 1_500_000, dict.fromkeys(times, lambda: None), batch=16)
    return Measured(contender, times, {"decode": 1e9, "train": 3e9}, dict.fromkeys(times, 1e11))


def test_the_table_has_a_column_each_and_states_our_time_over_theirs() -> None:
    rows = table([measured("us", 0.02), measured("them", 0.05)])
    assert {len(row) for row in rows} == {3}
    named = {row[0] + str(number): row[1:] for number, row in enumerate(rows)}
    assert named["parameters1"] == ["1.50 M", "1.50 M"]
    assert named["decode6"] == ["20.00 ms (20.00 to 20.00)", "50.00 ms (50.00 to 50.00)"]
    assert named["our time / theirs7"] == ["", "0.40 (0.40 to 0.40)"]
    assert named["share of the peak9"] == ["50%", "20%"]
    assert named["training10"] == ["100.0 clips/s", "40.0 clips/s"]
    assert markdown(rows).splitlines()[1] == "|---|---:|---:|"
    assert len(text(rows).splitlines()) == len(rows)


def small_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Saves a small model, and leaves the command with one peer and a small preset."""
    torch.manual_seed(0)
    RWAE(SMALL).save_pretrained(folder)
    preset = TrainingConfig(dataset="sprites", model=SMALL, batch=4, prior_draws=4)
    monkeypatch.setitem(PRESETS, "sprites", preset)
    monkeypatch.setattr(command, "PEERS", (SKD,))
    return str(folder)


def test_the_command_prints_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = small_run(tmp_path, monkeypatch)
    assert command.main([folder, "--rounds", "4", "--markdown"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("|  | R-WAE, ours | SKD | DCGAN decoder |\n|---|---:|---:|---:|\n")
    assert "clips/s" in out
    assert "4 rounds" in out
    assert "at batch 4 in float32" in out


def test_a_model_of_another_frame_size_is_refused(
    tmp_path: Path, tiny: RWAE, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny.save_pretrained(tmp_path)
    assert command.main([str(tmp_path), "--rounds", "4"]) == 2
    assert "32 pixels a side" in capsys.readouterr().err
