"""A look at the clips that training never shows: the who of one clip with the motion of another.

This is ours, and not the paper's. The decoder is trained on the combinations of who and motion
that were filmed, and where these are few, it may learn them by heart. So the static codes of a
batch are exchanged, the clips are decoded, and the posteriors read them: both codes should come
back. The posteriors stand still meanwhile, so that the decoder alone has to make it so, and no
label says what is seen.
"""

from __future__ import annotations

from torch import Tensor, nn

from rwae.model import RWAE
from rwae.training.penalties import frozen


def exchange_error(model: RWAE, z_c: Tensor, z_m: Tensor) -> Tensor:
    """How far the codes of exchanged clips are from those they were decoded from.

    The mean squared difference of z_c and the static posterior's mean, plus that of z_t and the
    dynamic posterior's mean, both a mean over all numbers; gradients reach the decoder alone.

    Args:
        model: in training mode.
        z_c: static codes, with shape (B, D_c).
        z_m: dynamic codes, with shape (B, T, D_m).
    """
    who, motion = z_c.detach().roll(1, 0), z_m.detach()
    x_hat = model.decoder(who, motion)
    seen = still(model.static_posterior, x_hat).mean
    moves = still(model.dynamic_posterior, x_hat, None)[0].mean
    return (seen - who).square().mean() + (moves - motion).square().mean()


def still(module: nn.Module, *arguments: object) -> object:
    """Calls a module as in evaluation, with its weights held: a gradient reaches its inputs."""
    training = module.training
    module.eval()
    try:
        return frozen(module, *arguments)
    finally:
        module.train(training)
