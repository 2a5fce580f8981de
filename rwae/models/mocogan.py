"""MoCoGAN, a baseline without an encoder (Tulyakov et al., CVPR 2018, arXiv 1707.04993).

sample:  z_c ~ N(0, I);  h_0 ~ N(0, I);  z_t = h_t = GRU(e_t, h_t-1) with e_t ~ N(0, I)
decode:  z_c, z_t -> x_t

From the paper: the content code, the recurrent network that turns noise into motion codes, and a
decoder that gets these two alone. Ours: the decoder is R-WAE's, so that the two models differ in
the prior of the motion and in their training only. This is the variant without labels: the paper's
optional action category is left out.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rwae.config import ModelConfig
from rwae.errors import ConfigError
from rwae.models.base import CodeModel
from rwae.models.distributions import standard_normal
from rwae.models.networks import BasePrior, Decoder
from rwae.models.networks.layers import channels_last

# The initial bias of the update gate: sigmoid(3) = 0.95 is the share of the state that is kept.
UPDATE_GATE_BIAS = 3.0


class MotionPrior(BasePrior):
    """P(z_1:T) that can be drawn from but not evaluated: a GRU fed with one noise per frame.

    The GRU's state is the motion code itself, as in the paper, so z_t holds all that the network
    knows of the past, and lies in (-1, 1) once h_0 ~ N(0, I) is forgotten. That h_0 is drawn from
    N(0, I) is as in the authors' code (github.com/sergeytulyakov/mocogan, src/models.py).
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.cell = nn.GRUCell(config.dynamic_size, config.dynamic_size)
        # The gates are, in this order, reset, update and new. The update gate starts near 1, so
        # that h_0 lasts for a clip; the motion of a GRU that forgets it at once stands still.
        with torch.no_grad():
            self.cell.bias_hh[config.dynamic_size : 2 * config.dynamic_size] = UPDATE_GATE_BIAS

    def sample(
        self,
        clips: int,
        frames: int,
        generator: torch.Generator,
        temperature: float = 1.0,
        begin: Tensor | None = None,
        action: Tensor | None = None,  # noqa: ARG002, the signature is that of `Prior.sample`
    ) -> Tensor:
        """See `BasePrior.sample`; the draws are differentiable in the weights.

        The temperature scales h_0 and the noise; at 0 every clip has the same motion. The last
        code of `begin` is the GRU's state, so the motion continues exactly as it would have.
        """
        size, like = self.cell.hidden_size, self.cell.weight_hh
        noise = temperature * standard_normal((clips, frames + 1, size), like, generator)
        state = noise[:, 0] if begin is None else begin[:, -1].to(like)
        codes: list[Tensor] = []
        for e in noise[:, 1:].unbind(1):
            state = self.cell(e, state)
            codes.append(state)
        return torch.stack(codes, 1)


class MoCoGAN(CodeModel):
    """A generator with a content code and motion codes; `rwae.training.adversarial` trains it.

    It has no posteriors: clips can be drawn, decoded and extended, but not encoded.

    Raises:
        ConfigError: if the settings ask for actions, or are those of another family.
    """

    family = "mocogan"
    prior: MotionPrior
    decoder: Decoder

    def __init__(self, config: ModelConfig) -> None:
        if config.actions:
            raise ConfigError(
                f"The model setting actions is {config.actions}: this MoCoGAN is the variant "
                "without labels, so it needs to be 0."
            )
        super().__init__(config)
        self.prior = MotionPrior(config)
        self.decoder = Decoder(config)
        # Without a reconstruction cost, a z_c that hardly acts at the start is never used. So its
        # network gets the gain of He et al. (ICCV 2015), which torch's default weights lack, and
        # half of it in the last layer, so that a channel's scale 1 + s seldom changes its sign.
        layers = [layer for layer in self.decoder.style if isinstance(layer, nn.Linear)]
        for layer in layers:
            if not layer.weight.is_meta:
                nn.init.kaiming_normal_(layer.weight, a=0.1)
        with torch.no_grad():
            layers[-1].weight.mul_(0.5)
        channels_last(self)
