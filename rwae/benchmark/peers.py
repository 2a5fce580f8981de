"""The networks of the peers, restated from their published code to compare their speed.

They have the layers and sizes of the originals, and random weights. They show how long a pass
takes and how many operations it needs, and nothing about quality. A training step of a peer is
one pass, its reconstruction loss and one Adam step. That is less than the originals do: C-DSVAE
encodes two augmented clips beside each clip, SKD decodes twice and solves for its Koopman
matrix, and MoCoGAN trains two discriminators.

Frames are RGB with 64 x 64 pixels, a clip has T of them, and codes have shape (B, T, D).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

PEER_SIDE = 64  # pixels


def dcgan_encoder(width: int, size: int) -> nn.Sequential:
    """The DCGAN frame encoder: frames (N, 3, 64, 64) to features (N, size, 1, 1) in (-1, 1)."""
    layers: list[nn.Module] = []
    inputs = 3
    for outputs in (width, 2 * width, 4 * width, 8 * width):
        layers += [
            nn.Conv2d(inputs, outputs, 4, 2, 1),
            nn.BatchNorm2d(outputs),
            nn.LeakyReLU(0.2, inplace=True),
        ]
        inputs = outputs
    return nn.Sequential(*layers, nn.Conv2d(inputs, size, 4), nn.BatchNorm2d(size), nn.Tanh())


def dcgan_decoder(
    size: int,
    width: int,
    bias: bool = True,
    activation: Callable[[], nn.Module] = lambda: nn.LeakyReLU(0.2, inplace=True),
    last: Callable[[], nn.Module] = nn.Sigmoid,
) -> nn.Sequential:
    """The DCGAN frame decoder: codes (N, size, 1, 1) to frames (N, 3, 64, 64)."""
    layers: list[nn.Module] = []
    inputs, stride, padding = size, 1, 0
    for outputs in (8 * width, 4 * width, 2 * width, width):
        layers += [
            nn.ConvTranspose2d(inputs, outputs, 4, stride, padding, bias=bias),
            nn.BatchNorm2d(outputs),
            activation(),
        ]
        inputs, stride, padding = outputs, 2, 1
    return nn.Sequential(*layers, nn.ConvTranspose2d(inputs, 3, 4, 2, 1, bias=bias), last())


class Peer(nn.Module):
    """A network that decodes clips from codes and, but for one, also infers the codes.

    Attributes:
        title: its name in the table.
        encodes: whether it has an encoder.
        size: D, the numbers per frame that it decodes.
    """

    title: str
    encodes = True
    size: int
    render: nn.Sequential

    def encode(self, x: Tensor) -> Tensor:
        """Clips (B, T, 3, 64, 64) to codes (B, T, D)."""
        raise NotImplementedError

    def decode(self, codes: Tensor) -> Tensor:
        """Codes (B, T, D) to clips (B, T, 3, 64, 64)."""
        frames: Tensor = self.render(codes.flatten(0, 1)[..., None, None])
        return frames.reshape(*codes.shape[:2], *frames.shape[1:])

    def loss(self, x: Tensor) -> Tensor:
        """The squared error of a reconstruction, summed over a frame's pixels."""
        return (self.decode(self.encode(x)) - x).square().flatten(2).sum(-1).mean()


class CDSVAE(Peer):
    """C-DSVAE (Bai, Wang and Gomes, NeurIPS 2021), github.com/JunwenBai/C-DSVAE, model.py.

    Sizes are the defaults of its train_cdsvae.py: features 128, LSTM 256 each way, f 256, z_t 32.
    The static code f comes from both ends of the LSTM, z_t from a plain RNN on top of it.
    """

    title, size = "C-DSVAE", 32 + 256

    def __init__(self) -> None:
        super().__init__()
        self.features = dcgan_encoder(64, 128)
        self.lstm = nn.LSTM(128, 256, bidirectional=True, batch_first=True)
        self.static_mean = nn.Sequential(nn.Linear(512, 256), nn.LeakyReLU(0.2))
        self.static_log_variance = nn.Sequential(nn.Linear(512, 256), nn.LeakyReLU(0.2))
        self.rnn = nn.RNN(512, 256, batch_first=True)
        self.dynamic_mean = nn.Linear(256, 32)
        self.dynamic_log_variance = nn.Linear(256, 32)
        self.prior = nn.ModuleList([nn.LSTMCell(32, 256), nn.LSTMCell(256, 256)])
        self.prior_mean = nn.Linear(256, 32)
        self.prior_log_variance = nn.Linear(256, 32)
        self.render = dcgan_decoder(self.size, 64)

    def encode(self, x: Tensor) -> Tensor:
        features = self.features(x.flatten(0, 1)).flatten(1).unflatten(0, x.shape[:2])
        states = self.lstm(features)[0]
        ends = torch.cat([states[:, -1, :256], states[:, 0, 256:]], -1)
        static = self._draw(self.static_mean(ends), self.static_log_variance(ends))
        over_time = self.rnn(states)[0]
        dynamic = self._draw(self.dynamic_mean(over_time), self.dynamic_log_variance(over_time))
        return torch.cat([dynamic, static.unsqueeze(1).expand(-1, x.shape[1], -1)], -1)

    def _draw(self, mean: Tensor, log_variance: Tensor) -> Tensor:
        if not self.training:
            return mean
        return mean + (log_variance / 2).exp() * torch.randn_like(mean)


class SKD(Peer):
    """SKD (Berman, Naiman and Azencot, ICLR 2023), github.com/azencot-group/SKD, model.py.

    Sizes are those of its Sprites weights, in experiments/disentanglement_swaps.py: 32 channels
    at first, k = 40, an LSTM of 40 units behind the encoder and another before the decoder.
    """

    title, size = "SKD", 40

    def __init__(self) -> None:
        super().__init__()
        self.features = dcgan_encoder(32, 40)
        self.encoder_lstm = nn.LSTM(40, 40, batch_first=True)
        self.decoder_lstm = nn.LSTM(40, 40, batch_first=True)
        self.render = dcgan_decoder(40, 32)

    def encode(self, x: Tensor) -> Tensor:
        features = self.features(x.flatten(0, 1)).flatten(1).unflatten(0, x.shape[:2])
        codes: Tensor = self.encoder_lstm(features)[0]
        return codes

    def decode(self, codes: Tensor) -> Tensor:
        return super().decode(self.decoder_lstm(codes)[0])


class MoCoGANGenerator(Peer):
    """MoCoGAN's generator (Tulyakov et al., CVPR 2018), github.com/sergeytulyakov/mocogan.

    Sizes are the defaults of its src/train.py: content 50, motion 10, category 6. It has no
    encoder. A training step here draws codes at random and reconstructs the clips from them:
    useless for learning, but it costs what a reconstruction costs.
    """

    title, size, encodes = "MoCoGAN, generator", 50 + 10 + 6, False

    def __init__(self) -> None:
        super().__init__()
        self.motion = nn.GRUCell(10, 10)
        self.render = dcgan_decoder(
            self.size, 64, bias=False, activation=lambda: nn.ReLU(inplace=True), last=nn.Tanh
        )

    def draw(self, clips: int, frames: int) -> Tensor:
        """Codes (clips, frames, 66)."""
        device = self.motion.weight_hh.device
        static = torch.randn(clips, 1, 56, device=device).expand(-1, frames, -1)
        state = torch.randn(clips, 10, device=device)
        states = []
        for _ in range(frames):
            state = self.motion(torch.randn_like(state), state)
            states.append(state)
        return torch.cat([static, torch.stack(states, 1)], -1)

    def loss(self, x: Tensor) -> Tensor:
        return (self.decode(self.draw(*x.shape[:2])) - x).square().flatten(2).sum(-1).mean()


PEERS: tuple[type[Peer], ...] = (CDSVAE, SKD, MoCoGANGenerator)
