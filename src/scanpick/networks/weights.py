"""Files of weights: written whole, read without running anything that is in them."""

import io
import pickle
from pathlib import Path
from typing import Any

import torch

from scanpick.errors import ScanpickError
from scanpick.files import read_bytes, write_bytes
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


def write_weights_file(path: Path, content: Any) -> None:
    """Write tensors and plain values atomically, with a digest.

    The same content gives the same bytes, whatever the file's name.
    """
    buffer = io.BytesIO()  # torch.save would put a file's name into it
    torch.save(content, buffer)
    write_bytes(path, sealed_archive(buffer.getvalue()))
