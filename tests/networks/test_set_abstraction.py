"""Ragged set abstraction against the padded one: convolutions, batch norms and a maximum over the last axis."""

import pytest
import torch

from scanpick.geometry.ball_query import Ring
from scanpick.geometry.ball_query import ball_query as query_one
from scanpick.networks import row_kernels
from scanpick.networks.gathering import gather_linear
from scanpick.networks.neighbourhoods import ball_query
from scanpick.networks.set_abstraction import ConvNorm, SetAbstraction

RINGS = (Ring(0, 0.5, 8), Ring(0.5, 1.2, 12))
WIDTHS = ((8, 16), (8, 8, 16))


@pytest.fixture
def inputs():
    generator = torch.Generator().manual_seed(0)
    points = torch.rand(2, 300, 3, generator=generator).double() * 5
    features = torch.randn(2, 300, 4, generator=generator).double()
    centres = torch.cat([points[:, :40], points[:, :10] + 0.01], dim=1)
    return points, features, centres


def padded(network, points, features, centres):
    """As in the published code."""
    found = []
    for ring, mlp in zip(network.rings, network.mlps, strict=True):
        grouped = []
        for cloud in range(len(points)):
            (neighbours,) = query_one(points[cloud].numpy(), centres[cloud].detach().numpy(), [ring])
            rows = torch.from_numpy(neighbours.pad()).long()
            offsets = points[cloud][rows] - centres[cloud][:, None]
            grouped.append(torch.cat([offsets, features[cloud][rows]], dim=2).permute(2, 0, 1))
        values = torch.stack(grouped)  # (B, 3 + C, M, K)
        for layer in mlp.children():
            values = torch.relu(layer.bn(layer.conv(values)))
        found.append(values.amax(dim=3).transpose(1, 2))
    return torch.cat(found, dim=2)


def randomised(network):
    for layer in network.modules():
        if isinstance(layer, ConvNorm):
            torch.nn.init.normal_(layer.bn.weight)
            torch.nn.init.normal_(layer.bn.bias)
            torch.nn.init.normal_(layer.conv.bias)
    return network


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("path", ["kernels", "torch"])
def test_equals_the_padded_network(inputs, path, training, monkeypatch):
    """Outputs, gradients of parameters, features and centres, and running statistics."""
    if path == "torch":
        monkeypatch.setattr(row_kernels, "on_cpu", lambda tensor: False)
    points, features, centres = inputs
    torch.manual_seed(0)
    network = randomised(SetAbstraction(RINGS, 4, WIDTHS, eps=1e-3)).double().train(training)
    twin = SetAbstraction(RINGS, 4, WIDTHS, eps=1e-3).double().train(training)
    twin.load_state_dict(network.state_dict())
    results = []
    for compute, module in ((network, network), (lambda *args: padded(twin, *args), twin)):
        leaves = features.clone().requires_grad_(), centres.clone().requires_grad_()
        output = compute(points, *leaves)
        output.square().sum().backward()
        gradients = {
            n: p.grad for n, p in module.named_parameters() if p.grad is not None and p.grad.abs().max() > 1e-9
        }
        results.append((output, leaves[0].grad, leaves[1].grad, gradients, dict(module.named_buffers())))
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)


def test_gathering_has_the_gradient_of_differences(inputs):
    points, features, centres = inputs
    points, centres = points[:, :30].contiguous(), centres[:, :7].contiguous()
    (around,) = ball_query(points, centres, [Ring(0, 1, 4)])

    def compute(mapped, weight, flat_centres):
        return gather_linear(mapped, weight, points.flatten(0, 1), flat_centres, around)

    leaves = features[:, :30].flatten(0, 1), torch.randn(4, 3).double(), centres.flatten(0, 1)
    assert torch.autograd.gradcheck(compute, [leaf.clone().requires_grad_() for leaf in leaves])


def test_gradients_reach_points_that_ask_for_them(inputs):
    """The kernel has none for points: the torch path takes over instead of leaving it out."""
    points, features, centres = inputs
    (around,) = ball_query(points, centres, [Ring(0, 1, 4)])
    flat = points.flatten(0, 1).requires_grad_()
    gather_linear(
        features.flatten(0, 1), torch.ones(4, 3).double(), flat, centres.flatten(0, 1), around
    ).sum().backward()
    counts = torch.bincount(around.rows.long(), minlength=len(flat))
    torch.testing.assert_close(flat.grad, 4.0 * counts[:, None].double().expand(-1, 3))


def test_a_cloud_does_not_depend_on_the_others(inputs):
    points, features, centres = inputs
    network = randomised(SetAbstraction(RINGS, 4, WIDTHS, eps=1e-3)).double().eval()
    together = network(points, features, centres)
    for cloud in range(2):
        alone = network(*(value[cloud : cloud + 1] for value in inputs))
        torch.testing.assert_close(alone[0], together[cloud], rtol=1e-12, atol=1e-12)
