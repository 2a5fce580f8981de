"""The prior of the dynamic codes: P(z_t | z_<t)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rwae.config import ModelConfig
from rwae.models.distributions import GaussianMixture
from rwae.models.networks.layers import concat_action


class BasePrior(nn.Module):
    """A prior of the dynamic codes that can be drawn from."""

    def sample(
        self,
        clips: int,
        frames: int,
        generator: torch.Generator,
        temperature: float = 1.0,
        begin: Tensor | None = None,
        action: Tensor | None = None,
    ) -> Tensor:
        """Draws codes (clips, frames, D_m), each frame from the ones before.

        Args:
            clips: number of sequences.
            frames: number of codes to draw for each, of any length.
            generator: source of the randomness.
            temperature: scales the randomness; 0 gives the likeliest motion.
            begin: codes (clips, T, D_m) to continue; they are not returned.
            action: with shape (clips, A), for a model that has actions.
        """
        raise NotImplementedError


class Prior(BasePrior):
    """P(z_t | z_<t): an LSTM over the codes before, and a mixture of Gaussians for the next one.

    In a weakly supervised model it is P(z_t | z_<t, a), so that an action can be chosen.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        hidden, size = config.hidden_size, config.dynamic_size
        self.components, self.size = config.prior_components, size
        self.start = nn.Parameter(torch.zeros(size))
        self.cell = nn.LSTMCell(size + config.actions, hidden)
        self.head = nn.Sequential(
            nn.Linear(hidden, hidden),
            nn.LeakyReLU(0.1),
            nn.Linear(hidden, self.components * (1 + 2 * size)),
        )

    def _mixture(self, hidden: Tensor) -> GaussianMixture:
        logits, rest = self.head(hidden).split(
            [self.components, 2 * self.components * self.size], -1
        )
        means, scales = rest.unflatten(-1, (self.components, 2, self.size)).unbind(-2)
        return GaussianMixture(logits, means, F.softplus(scales) + 0.05)

    def forward(self, dynamic: Tensor, action: Tensor | None = None) -> GaussianMixture:
        """P(z_t | z_<t) at every t, with batch shape (B, T); z_T itself is not used.

        Args:
            dynamic: the codes, with shape (B, T, D_m).
            action: with shape (B, A), for a model that has actions.
        """
        state: tuple[Tensor, Tensor] | None = None
        hidden: list[Tensor] = []
        start = self.start.expand(len(dynamic), 1, -1)
        for code in torch.cat([start, dynamic[:, :-1]], 1).unbind(1):
            state = self.cell(concat_action(code, action), state)
            hidden.append(state[0])
        return self._mixture(torch.stack(hidden, 1))

    def sample(
        self,
        clips: int,
        frames: int,
        generator: torch.Generator,
        temperature: float = 1.0,
        begin: Tensor | None = None,
        action: Tensor | None = None,
    ) -> Tensor:
        """See `BasePrior.sample`; the temperature is that of `GaussianMixture.sample`."""
        state: tuple[Tensor, Tensor] | None = None
        codes: list[Tensor] = []
        code = self.start.expand(clips, -1)
        if begin is not None:
            for following in begin.unbind(1):
                state = self.cell(concat_action(code, action), state)
                code = following
        for _ in range(frames):
            state = self.cell(concat_action(code, action), state)
            code = self._mixture(state[0]).sample(generator, temperature)
            codes.append(code)
        return torch.stack(codes, 1)
