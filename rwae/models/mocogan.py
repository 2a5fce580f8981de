"""MoCoGAN, the rival without an encoder (Tulyakov et al., CVPR 2018, arXiv 1707.04993).

sample:  z_c ~ N(0, I);  h_0 ~ N(0, I);  z_t = h_t = GRU(e_t, h_t-1) with e_t ~ N(0, I)
decode:  z_c, z_t -> x_t

From the paper: the content code, the recurrent network that turns noise into motion codes, and
that a frame is decoded from the two alone. Ours: the decoder is the one that R-WAE has here, so
that the two models differ in the prior of the motion and in how they are trained, and not in what
draws the pictures. This is the variant without labels: the paper's optional action category is
left out.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rwae.config import ModelConfig
from rwae.errors import ConfigError
from rwae.models.base import CodeModel
from rwae.models.distributions import standard_normal
from rwae.models.networks import Decoder

KEEP = 3.0  # the update gate's first bias; its sigmoid, .95, is the share of the state that stays


class MotionPrior(nn.Module):
    """P(z_1:T) that can be drawn from but not evaluated: a GRU fed with one noise per frame.

    The GRU's state is the motion code itself, as in the paper, so that z_t says all that matters
    of the past and lies in (-1, 1) once the h_0 ~ N(0, I) is forgotten. The initial state drawn
    from N(0, I) is that of the authors' code (github.com/sergeytulyakov/mocogan, src/models.py).
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.cell = nn.GRUCell(config.dynamic_size, config.dynamic_size)
        # The gates are reset, update and new, and an update gate near one keeps the state. Only
        # what h_0 says can last for a whole clip; a GRU that starts out forgetful stands still.
        with torch.no_grad():
            self.cell.bias_hh[config.dynamic_size : 2 * config.dynamic_size] = KEEP

    def sample(
        self,
        clips: int,
        frames: int,
        generator: torch.Generator,
        temperature: float = 1.0,
        begin: Tensor | None = None,
        action: Tensor | None = None,  # noqa: ARG002, so that it can be drawn from as any prior
    ) -> Tensor:
        """Draws codes (clips, frames, D_m), differentiable in the weights.

        Args:
            clips: number of sequences.
            frames: number of codes to draw for each, of any length.
            generator: source of the randomness.
            temperature: scales h_0 and the noise; at 0 every clip moves alike.
            begin: codes (clips, T, D_m) to go on from; they are not returned. The last of them
                is the GRU's state, so the motion goes on exactly as it would have.
            action: not used: the model has no actions.
        """
        size, like = self.cell.hidden_size, self.cell.weight_hh
        noise = temperature * standard_normal((clips, frames + 1, size), like, generator)
        state = noise[:, 0] if begin is None else begin[:, -1].to(like)
        codes = []
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

    def __init__(self, config: ModelConfig) -> None:
        if config.actions:
            raise ConfigError(
                f"The model setting actions is {config.actions}: this MoCoGAN is the variant "
                "without labels, so it needs to be 0."
            )
        super().__init__(config, MotionPrior(config), Decoder(config))
        # Nothing is reconstructed here, so z_c counts for something from the start or never: He
        # et al. (ICCV 2015) give its network the gain that torch's default weights lack. Half of
        # it at the end, so that a channel's scale 1 + s seldom changes its sign.
        for layer in self.decoder.style:
            if isinstance(layer, nn.Linear) and not layer.weight.is_meta:
                nn.init.kaiming_normal_(layer.weight, a=0.1)
        with torch.no_grad():
            self.decoder.style[-1].weight.mul_(0.5)
        self.to(memory_format=torch.channels_last)
