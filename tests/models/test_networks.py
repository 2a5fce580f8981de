"""What each network depends on, tested by its gradients."""

import dataclasses

import pytest
import torch
from conftest import TINY

from rwae import RWAE


@pytest.fixture
def frames(generator: torch.Generator) -> torch.Tensor:
    return torch.rand(2, 4, 3, 24, 24, generator=generator).requires_grad_()


def depends(value: torch.Tensor, on: torch.Tensor) -> list[bool]:
    """For each frame of the first clip of `on`, whether `value` changes with it."""
    (gradient,) = torch.autograd.grad(value.square().sum(), on, retain_graph=True)
    return [bool(frame.abs().sum() > 0) for frame in gradient[0]]


def test_the_static_code_depends_on_every_frame_in_any_order(
    tiny: RWAE, frames: torch.Tensor
) -> None:
    code = tiny.static_posterior(frames).mean
    assert depends(code[0], frames) == [True] * 4
    shuffled = tiny.static_posterior(frames[:, [2, 0, 3, 1]]).mean
    torch.testing.assert_close(shuffled, code)


def test_a_recurrent_static_code_depends_on_every_frame_and_on_their_order(
    frames: torch.Tensor,
) -> None:
    torch.manual_seed(0)
    posterior = RWAE(dataclasses.replace(TINY, recurrent_static=True)).eval().static_posterior
    code = posterior(frames).mean
    assert depends(code[0], frames) == [True] * 4
    shuffled = posterior(frames[:, [2, 0, 3, 1]]).mean
    assert (shuffled - code).abs().max() > 1e-4


def test_the_static_code_takes_any_number_of_frames(tiny: RWAE, frames: torch.Tensor) -> None:
    twice = tiny.static_posterior(torch.cat([frames, frames], 1)).mean
    torch.testing.assert_close(twice, tiny.static_posterior(frames).mean)


def test_a_dynamic_code_depends_on_its_frame_and_those_before(
    tiny: RWAE, frames: torch.Tensor
) -> None:
    mean = tiny.dynamic_posterior(frames, None)[0].mean
    for t in range(4):
        assert depends(mean[0, t], frames) == [s <= t for s in range(4)]


def test_a_dynamic_code_does_not_depend_on_hue(tiny: RWAE, frames: torch.Tensor) -> None:
    swapped = tiny.dynamic_posterior(frames[:, :, [2, 0, 1]], None)[0].mean
    torch.testing.assert_close(swapped, tiny.dynamic_posterior(frames, None)[0].mean)


def test_the_dynamic_means_lie_on_a_sphere_of_variance_one_less_the_noise(
    tiny: RWAE, frames: torch.Tensor
) -> None:
    posterior, _ = tiny.dynamic_posterior(frames, None)
    power = posterior.mean.square().mean(-1)
    torch.testing.assert_close(
        power, torch.full_like(power, 1 - posterior.std**2), rtol=1e-2, atol=0
    )


def test_drawn_codes_are_fed_back(tiny: RWAE, frames: torch.Tensor) -> None:
    posterior, codes = tiny.dynamic_posterior(frames, torch.Generator().manual_seed(3))
    still, means = tiny.dynamic_posterior(frames, None)
    torch.testing.assert_close(means, still.mean)
    torch.testing.assert_close(posterior.mean[:, 0], still.mean[:, 0])
    assert not torch.allclose(posterior.mean[:, 1], still.mean[:, 1])
    assert (codes - posterior.mean).std().item() == pytest.approx(posterior.std, rel=0.5)


def test_the_prior_depends_on_the_past_alone(tiny: RWAE) -> None:
    codes = torch.randn(2, 4, 4).requires_grad_()
    means = tiny.prior(codes).means
    for t in range(4):
        assert depends(means[0, t], codes) == [s < t for s in range(4)]


def test_the_prior_is_the_same_when_sampling_and_when_given_the_samples(tiny: RWAE) -> None:
    """Teacher-forced equals free-running: at temperature 0 a draw is one of the means."""
    drawn = tiny.prior.sample(3, 6, torch.Generator().manual_seed(0), temperature=0.0)
    prior = tiny.prior(drawn)
    best = prior.logits.argmax(-1)[..., None, None].expand(3, 6, 1, 4)
    torch.testing.assert_close(prior.means.gather(-2, best).squeeze(-2), drawn)


def test_continuing_a_sample_equals_one_longer_sample(tiny: RWAE) -> None:
    whole = tiny.prior.sample(2, 7, torch.Generator().manual_seed(0), temperature=0.0)
    rest = tiny.prior.sample(2, 4, torch.Generator().manual_seed(0), 0.0, begin=whole[:, :3])
    torch.testing.assert_close(rest, whole[:, 3:])


@pytest.mark.parametrize("recurrent", [False, True])
def test_a_frame_depends_on_no_later_code(recurrent: bool) -> None:
    torch.manual_seed(0)
    model = RWAE(dataclasses.replace(TINY, recurrent_decoder=recurrent)).eval()
    static, dynamic = torch.randn(2, 6).requires_grad_(), torch.randn(2, 4, 4).requires_grad_()
    x = model.decoder(static, dynamic)
    for t in range(4):
        seen = [s <= t for s in range(4)] if recurrent else [s == t for s in range(4)]
        assert depends(x[0, t], dynamic) == seen
        (gradient,) = torch.autograd.grad(x[0, t].sum(), static, retain_graph=True)
        assert gradient[0].abs().sum() > 0
        assert gradient[1].abs().sum() == 0


@pytest.mark.parametrize("width", [0, 12])
def test_with_late_film_shapes_do_not_depend_on_the_static_code(width: int) -> None:
    """Two static codes and one pose give the same map before the first FiLM."""
    torch.manual_seed(0)
    model = RWAE(dataclasses.replace(TINY, late_film_width=width)).eval()
    drawn = []
    model.decoder.convs[1].register_forward_hook(lambda *call: drawn.append(call[-1]))
    people, pose = torch.randn(2, 6), torch.randn(1, 4).expand(2, -1)
    x = model.decoder.frame(people, pose)
    assert x.shape == (2, 3, 24, 24)
    assert not torch.allclose(x[0], x[1], atol=1e-3)
    assert torch.equal(drawn[0][0], drawn[0][1]) == bool(width)
