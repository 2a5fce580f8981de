"""The peers' networks have the published sizes and costs."""

import pytest
import torch

from rwae.benchmark.contenders import parameter_count
from rwae.benchmark.cost import operations
from rwae.benchmark.peers import CDSVAE, PEERS, SKD, MoCoGANGenerator, Peer

# Millions of parameters, and GFLOP to encode and to decode a clip of 8 frames: sums over the
# layers of the published code, by hand, without biases, norms and recurrent cells.
PUBLISHED = {
    CDSVAE: (11.0, 1.68, 1.69),
    SKD: (1.7, 0.43, 0.43),
    MoCoGANGenerator: (3.3, None, 1.67),
}
TOLERANCE = 0.03


@pytest.mark.parametrize("kind", PEERS)
def test_a_peer_has_the_published_number_of_parameters(kind: type[Peer]) -> None:
    assert parameter_count(kind()) / 1e6 == pytest.approx(PUBLISHED[kind][0], rel=TOLERANCE)


@pytest.mark.parametrize("kind", PEERS)
@torch.no_grad()
def test_a_peer_needs_the_published_operations(kind: type[Peer]) -> None:
    _, encode, decode = PUBLISHED[kind]
    peer = kind().eval()
    counted = operations(lambda: peer.decode(torch.zeros(1, 8, kind.size)))
    assert counted / 1e9 == pytest.approx(decode, rel=TOLERANCE)
    assert kind.encodes == (encode is not None)
    if encode is not None:
        counted = operations(lambda: peer.encode(torch.zeros(1, 8, 3, 64, 64)))
        assert counted / 1e9 == pytest.approx(encode, rel=TOLERANCE)


@pytest.mark.parametrize("kind", PEERS)
def test_a_training_step_of_a_peer_reaches_every_weight_it_uses(kind: type[Peer]) -> None:
    torch.manual_seed(0)
    peer = kind().train()
    x = torch.rand(2, 2, 3, 64, 64)
    loss = peer.loss(x)
    loss.backward()
    assert loss.ndim == 0
    assert loss.item() > 0
    idle = {name.split(".")[0] for name, p in peer.named_parameters() if p.grad is None}
    # C-DSVAE's prior stands beside the reconstruction: only its KL term would train it.
    assert idle == ({"prior", "prior_mean", "prior_log_variance"} if kind is CDSVAE else set())


def test_codes_of_a_peer_have_one_row_for_each_frame() -> None:
    x = torch.rand(2, 3, 3, 64, 64)
    for kind in (CDSVAE, SKD):
        peer = kind().eval()
        codes = peer.encode(x)
        assert codes.shape == (2, 3, kind.size)
        assert peer.decode(codes).shape == x.shape
    assert MoCoGANGenerator().draw(2, 3).shape == (2, 3, MoCoGANGenerator.size)


def test_the_static_part_of_a_code_is_the_same_in_all_frames() -> None:
    codes = CDSVAE().eval().encode(torch.rand(1, 3, 3, 64, 64))
    assert torch.equal(codes[:, 0, 32:], codes[:, 2, 32:])
    assert not torch.equal(codes[:, 0, :32], codes[:, 2, :32])
    drawn = MoCoGANGenerator().draw(1, 3)
    assert torch.equal(drawn[:, 0, :56], drawn[:, 2, :56])
    assert not torch.equal(drawn[:, 0, 56:], drawn[:, 2, 56:])
