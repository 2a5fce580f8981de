"""Mutual information: exact where the truth is known, bounded, and with each code's own past."""

import math

import pytest
import torch
from evaluation_doubles import FACTORS

from rwae import RWAE, Codes
from rwae.data.clips import Clips
from rwae.evaluation.information import (
    Posteriors,
    infer_posteriors,
    pointwise_information,
    score_information,
)
from rwae.files.metrics import (
    DYNAMIC_LABELS,
    INFORMATION_BOTH,
    INFORMATION_CEILING,
    INFORMATION_DYNAMIC,
    INFORMATION_SHARED,
    INFORMATION_STATIC,
    STATIC_LABELS,
)
from rwae.models.distributions import Gaussian


def gaussian_channel(clips: int, drawn: int, std: float, dimensions: int = 1) -> float:
    """The estimate for x ~ N(0, I) and z = x + std * noise."""
    generator = torch.Generator().manual_seed(0)
    means = torch.randn(clips, dimensions, generator=generator)
    own = torch.arange(drawn)
    noise = torch.randn(drawn, dimensions, generator=generator)
    codes = means[:drawn] + std * noise
    density = torch.stack([Gaussian(means, std).log_prob(code) for code in codes])
    return float(pointwise_information(density, own).mean())


@pytest.mark.parametrize("std", [0.5, 1.0, 2.0])
def test_a_gaussian_channel_has_the_information_of_the_textbook(std: float) -> None:
    """I = log(1 + 1 / std^2) / 2 for each dimension."""
    truth = math.log(1 + 1 / std**2) / 2
    assert gaussian_channel(3000, 3000, std) == pytest.approx(truth, abs=0.03)


def test_distinct_clips_reach_the_ceiling_and_not_more() -> None:
    assert gaussian_channel(64, 64, 1e-3, 8) == pytest.approx(math.log(64), abs=1e-6)
    values = pointwise_information(torch.randn(20, 20), torch.arange(20))
    assert float(values.max()) <= math.log(20)


def test_codes_that_name_one_of_four_groups_tell_log_4() -> None:
    group = torch.arange(40) % 4
    density = torch.where(group[:, None] == group, 0.0, -1e4)
    found = pointwise_information(density, torch.arange(40))
    assert torch.allclose(found, torch.full((40,), math.log(4), dtype=torch.float64))


def test_one_code_for_all_clips_has_no_information() -> None:
    assert torch.allclose(
        pointwise_information(torch.zeros(7, 30), torch.arange(7)),
        torch.zeros(7).double(),
        atol=1e-12,
    )


@pytest.fixture
def posteriors(tiny: RWAE, generator: torch.Generator) -> Posteriors:
    frames = torch.randint(256, (6, 4, 3, 32, 32), generator=generator, dtype=torch.uint8)
    return infer_posteriors(
        tiny, Clips(frames, torch.zeros(6, 3).long(), FACTORS), torch.arange(6)
    )


def test_the_means_are_those_of_encode(
    tiny: RWAE, posteriors: Posteriors, generator: torch.Generator
) -> None:
    frames = torch.randint(256, (6, 4, 3, 32, 32), generator=generator, dtype=torch.uint8)
    clips = Clips(frames, torch.zeros(6, 3).long(), FACTORS)
    x = clips.batch(torch.arange(6))
    posteriors = infer_posteriors(tiny, clips, torch.arange(6))
    codes = tiny.encode(x)
    means = posteriors.means()
    assert torch.allclose(means.static, codes.static, atol=1e-6)
    assert torch.allclose(means.dynamic, codes.dynamic, atol=1e-6)
    _, drawn = tiny.dynamic_posterior(tiny.crop(x), torch.Generator().manual_seed(3))
    network = tiny.dynamic_posterior
    again = network.unroll(posteriors.seen, torch.Generator().manual_seed(3))[1]
    assert torch.allclose(again, drawn, atol=1e-6)


def test_a_sequence_is_scored_with_its_own_past(
    posteriors: Posteriors, generator: torch.Generator
) -> None:
    """log q(z | x) by a plain loop: z_<t are those of the sequence, x_t those of the clip."""
    drawn = posteriors.draw(generator).dynamic[:2]
    found = posteriors.dynamic_density(drawn)
    network = posteriors.network
    for k in range(2):
        for n in range(6):
            state, past, total = None, torch.zeros(1, network.size), 0.0
            for t in range(4):
                seen = posteriors.seen[n : n + 1, t]
                state = network.cell(torch.cat([seen, past], 1), state)
                here = network._posterior(torch.cat([state[0], seen], 1))
                normal = torch.distributions.Normal(here.mean, here.std)
                total += float(normal.log_prob(drawn[k, t]).sum().detach())
                past = drawn[k : k + 1, t]
            assert float(found[k, n]) == pytest.approx(total, rel=1e-4)


def test_known_codes_spare_the_static_encoder_and_change_nothing(tiny: RWAE) -> None:
    frames = torch.randint(256, (40, 4, 3, 32, 32), dtype=torch.uint8)
    clips = Clips(frames, torch.zeros(40, 3).long(), FACTORS)
    codes = tiny.encode(clips.batch(torch.arange(40)))
    one = infer_posteriors(tiny, clips, torch.arange(40))
    other = infer_posteriors(tiny, clips, torch.arange(40), codes)
    assert torch.allclose(one.static.mean, other.static.mean, atol=1e-6)
    assert torch.equal(one.static.std, other.static.std)


class Groups:
    """Posteriors of six clips, two characters in three motions, whose codes name a group."""

    def __init__(self, static: list[int], dynamic: list[int]) -> None:
        self.groups = torch.tensor(static), torch.tensor(dynamic)

    def __len__(self) -> int:
        return 6

    def draw(self, _: torch.Generator) -> Codes:
        static, dynamic = (g.float()[:, None] for g in self.groups)
        return Codes(static, dynamic[:, None])

    def static_density(self, static: torch.Tensor) -> torch.Tensor:
        return torch.where(static.long() == self.groups[0], 0.0, -1e4)

    def dynamic_density(self, dynamic: torch.Tensor) -> torch.Tensor:
        return torch.where(dynamic[:, 0].long() == self.groups[1], 0.0, -1e4)


@pytest.mark.parametrize(
    ("static", "dynamic", "expected"),
    [
        ([0, 0, 0, 1, 1, 1], [0, 1, 2, 0, 1, 2], (2, 3, 6, 1)),  # who, how: independent
        ([0, 1, 2, 3, 4, 5], [0, 1, 2, 0, 1, 2], (6, 3, 6, 3)),  # z_c also knows how
        ([0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 1], (2, 2, 2, 2)),  # both know who alone
    ],
)
def test_codes_that_name_groups_tell_their_logarithms(
    static: list[int], dynamic: list[int], expected: tuple[int, ...], generator: torch.Generator
) -> None:
    labels = torch.tensor([[0, 0, 0], [0, 0, 1], [0, 0, 2], [1, 1, 0], [1, 1, 1], [1, 1, 2]])
    found = score_information(Groups(static, dynamic), labels, FACTORS, generator)
    estimates = (INFORMATION_STATIC, INFORMATION_DYNAMIC, INFORMATION_BOTH, INFORMATION_SHARED)
    for estimate, groups in zip(estimates, expected, strict=True):
        assert found.number(estimate.nats) == pytest.approx(math.log(groups), abs=1e-9)
        assert found.number(estimate.standard_error) == pytest.approx(0, abs=1e-9)
    assert found.number(INFORMATION_CEILING) == pytest.approx(math.log(6))
    assert found.number(STATIC_LABELS) == pytest.approx(math.log(2))
    assert found.number(DYNAMIC_LABELS) == pytest.approx(math.log(3))
