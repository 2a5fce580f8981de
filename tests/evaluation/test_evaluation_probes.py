"""Probes: they read what is there, say chance where nothing is, and see through small scales."""

import pytest
import torch

from rwae.codes import Codes, Factor
from rwae.evaluation import probes
from rwae.evaluation.tasks import LabelledCodes
from rwae.files.metrics import PROBE_KINDS, PROBES, ProbedView, ProbeKind
from rwae.files.scores import Scores

FACTORS = (Factor("shape", ("a", "b", "c"), True), Factor("way", ("up", "down"), False))


def coded(clips: int, seed: int, leak: float = 0.0) -> LabelledCodes:
    """Codes whose static part says the shape, and whose dynamic part says the way.

    `leak` is the size at which the dynamic codes of the last frame also say the shape.
    """
    generator = torch.Generator().manual_seed(seed)
    labels = torch.stack([torch.randint(n, (clips,), generator=generator) for n in (3, 2)], 1)
    shape = torch.eye(3)[labels[:, 0]]
    static = shape + 0.1 * torch.randn(clips, 3, generator=generator)
    dynamic = torch.zeros(clips, 4, 4)
    dynamic[..., 0] = 4 * labels[:, 1:] + torch.randn(clips, 4, generator=generator)
    dynamic[:, -1, 1:] = leak * (shape + 0.1 * torch.randn(clips, 3, generator=generator))
    return LabelledCodes(Codes(static, dynamic), labels)


def scores(leak: float = 0.0) -> Scores:
    parts = [coded(n, seed, leak) for n, seed in ((300, 0), (100, 1), (300, 2))]
    return probes.score_probes("mean", *parts, FACTORS, seed=0)


def accuracy(found: Scores, view: ProbedView, kind: ProbeKind, factor: str) -> float | None:
    return found.number(PROBES["mean", view, kind], factor)


def test_what_is_in_a_code_is_read_and_what_is_not_is_chance() -> None:
    found = scores()
    for kind in PROBE_KINDS:
        assert accuracy(found, "static", kind, "shape") > 0.98
        assert accuracy(found, "dynamic", kind, "way") > 0.98
        assert accuracy(found, "frame", kind, "way") > 0.9
        assert accuracy(found, "static", kind, "way") == pytest.approx(0.5, abs=0.12)
        assert accuracy(found, "dynamic", kind, "shape") == pytest.approx(1 / 3, abs=0.12)


def test_a_leak_is_found_however_small_its_scale() -> None:
    assert accuracy(scores(leak=1e-3), "dynamic", "linear", "shape") > 0.95


def test_only_the_nonlinear_probe_reads_an_exclusive_or() -> None:
    generator = torch.Generator().manual_seed(0)
    parts = []
    for n in (600, 200, 400):
        x = torch.randn(n, 2, generator=generator)
        parts.append((x, (x[:, 0] * x[:, 1] > 0).long()[:, None]))
    linear, curved = (
        float(probes.probe_accuracies(*parts, hidden, torch.Generator().manual_seed(0))[0])
        for hidden in (0, probes.PROBE_HIDDEN)
    )
    assert linear < 0.62
    assert curved > 0.93


def test_the_step_is_chosen_without_the_held_out_clips() -> None:
    """Whatever the held-out labels are, the same probe is taken: its errors mirror exactly."""
    x = torch.randn(300, 5, generator=torch.Generator().manual_seed(0))
    y = (x[:, :1] > 0).long()
    parts = ((x[:100], y[:100]), (x[100:200], y[100:200]))
    right, wrong = (
        float(
            probes.probe_accuracies(*parts, (x[200:], held), 0, torch.Generator().manual_seed(0))
        )
        for held in (y[200:], 1 - y[200:])
    )
    assert right > 0.9
    assert right + wrong == pytest.approx(1)


def test_the_seed_decides() -> None:
    parts = [coded(100, seed) for seed in range(3)]
    one, same = (probes.score_probes("draw", *parts, FACTORS, seed=3) for _ in range(2))
    assert one == same


def test_whitened_inputs_have_unit_covariance_and_a_constant_one_stays_finite() -> None:
    x = torch.randn(500, 4, generator=torch.Generator().manual_seed(0)) * torch.tensor(
        [5, 1, 0.1, 0]
    )
    (white,) = probes.whiten(x)
    assert white.isfinite().all()
    variances = torch.linalg.eigvalsh(white.T.cov())
    assert torch.allclose(variances[1:], torch.ones(3), atol=5e-3)
    assert float(variances[0]) < 1e-3


def test_chance_is_the_commonest_class_of_the_training_clips() -> None:
    fit = torch.tensor([[0, 1], [0, 1], [2, 0]])
    held_out = torch.tensor([[0, 0], [1, 0], [0, 1], [2, 0]])
    assert probes.chance(fit, held_out, FACTORS) == {"shape": 0.5, "way": 0.25}
