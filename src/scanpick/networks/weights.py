"""Files of weights: written whole, read without running anything that is in them."""

import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from scanpick.errors import ScanpickError
from scanpick.files import read_bytes, write_bytes
from scanpick.networks.fit import check_fit
from scanpick.seals import check_seal, sealed_archive
from scanpick.texts import parsing


def read_weights_file(path: Path) -> Any:
    """What a file written by torch.save holds, on the CPU: tensors and plain values; nothing else is unpickled.

    Raises:
        ScanpickError: The file is missing, damaged, or holds more than that.
    """
    if not path.exists():
        raise ScanpickError(f"{path}: no such checkpoint file.")
    content = read_bytes(path)
    check_seal(content, str(path))
    with parsing(str(path), "a whole checkpoint file"):
        try:
            return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        except pickle.UnpicklingError as error:
            raise ScanpickError(
                f"{path}: refused, since it holds more than tensors and plain values (or is no checkpoint): "
                f"{str(error).splitlines()[0]} Nothing in it was run. Expected a file written by torch.save."
            ) from error
        except RuntimeError as error:
            raise ScanpickError(f"{path}: is not a readable checkpoint, or is truncated: {error}") from error


def read_tensors(path: Path, entry: str) -> dict[str, Tensor]:
    """Named tensors of a file written by torch.save, plain or under the entry of this name.

    Raises:
        ScanpickError: The file is missing, damaged, or holds something else.
    """
    content = read_weights_file(path)
    state = content.get(entry, content) if isinstance(content, dict) else content
    if not isinstance(state, dict) or not state or not all(isinstance(value, Tensor) for value in state.values()):
        raise ScanpickError(f"{path}: expected named tensors, plain or under '{entry}'.")
    return {str(name): value for name, value in state.items()}


def take_weights(network: nn.Module, state: Mapping[str, Tensor], name: str, source: str) -> None:
    """Give a network weights.

    Raises:
        ScanpickError: They do not fit; the message says so of `name` and `source`, see `check_fit`.
    """
    given, expected = (
        {key: tuple(value.shape) for key, value in weights.items()} for weights in (state, network.state_dict())
    )
    check_fit(given, expected, name, source)
    network.load_state_dict(state)


def write_weights_file(path: Path, content: Any) -> None:
    """Write tensors and plain values atomically, with a digest.

    The same content gives the same bytes, whatever the file's name.
    """
    buffer = io.BytesIO()  # torch.save would put a file's name into it
    torch.save(content, buffer)
    write_bytes(path, sealed_archive(buffer.getvalue()))
