"""Named tensors of a file, and a network that takes them as its weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor, nn

from scanpick.errors import ScanpickError
from scanpick.networks.weights import read_weights_file


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Named tensors of a file written by torch.save, plain or under ``state_dict``; nothing else is unpickled.

    Raises:
        ScanpickError: The file is missing, truncated, or holds more than tensors and plain values.
    """
    content = read_weights_file(path)
    state = content.get("state_dict", content) if isinstance(content, dict) else content
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ScanpickError(f"{path}: expected named tensors, plain or under 'state_dict'.")
    return {str(key): value for key, value in state.items()}


def take_weights(network: nn.Module, state: Mapping[str, Tensor], *, source: str) -> None:
    """Give `network` these weights.

    Raises:
        ScanpickError: Some are missing, left over or of another shape; the message names `source` and them.
    """
    expected = network.state_dict()
    missing = [name for name in expected if name not in state]
    left_over = [name for name in state if name not in expected]
    other = [
        f"{name}: {tuple(state[name].shape)} instead of {tuple(value.shape)}"
        for name, value in expected.items()
        if name in state and state[name].shape != value.shape
    ]
    if missing or left_over or other:
        raise ScanpickError(
            f"{source}: does not fit the detector: {_counted(missing)} missing, {_counted(left_over)} left over, "
            f"{_counted(other)} of another shape, of the {len(expected)} that are expected."
        )
    network.load_state_dict(state)


def _counted(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    return f"{len(names)} parameters ({shown})" if names else "none"
