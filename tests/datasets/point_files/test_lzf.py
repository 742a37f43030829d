"""LZF against a plain decoder written from its description, a sample by liblzf, and damage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanpick.datasets.point_files import lzf
from scanpick.errors import ScanpickError
from tests.datasets.point_files.files import lzf_compress

LIBLZF_SAMPLE = bytes.fromhex(
    "097363616e7069636b2073e023081f000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f0820212223242526"
    "2700e0ff00e01a00026162636002016358"
)
"""What liblzf 3.6 makes of `SAMPLE`."""

SAMPLE = b"scanpick " * 6 + bytes(range(40)) + b"\0" * 300 + b"abcabcabcX"


def plain_decompress(source: bytes) -> bytes:
    out, position = bytearray(), 0
    while position < len(source):
        control = source[position]
        position += 1
        if control < 32:
            out += source[position : position + control + 1]
            position += control + 1
            continue
        length = control >> 5
        if length == 7:
            length += source[position]
            position += 1
        start = len(out) - ((control & 31) << 8) - source[position] - 1
        position += 1
        for step in range(length + 2):
            out.append(out[start + step])
    return bytes(out)


def test_a_sample_by_liblzf() -> None:
    assert lzf.decompress(LIBLZF_SAMPLE, len(SAMPLE)) == SAMPLE
    assert plain_decompress(LIBLZF_SAMPLE) == SAMPLE


@given(st.binary(max_size=3000) | st.lists(st.sampled_from([b"abc", b"aaaa", b"\0" * 90, b"x"])).map(b"".join))
def test_round_trip_and_the_plain_decoder(data: bytes) -> None:
    packed = lzf_compress(data)
    assert plain_decompress(packed) == data
    assert lzf.decompress(packed, len(data)) == data


@given(st.binary(max_size=200), st.integers(-5, 20000))
def test_damaged_data_are_refused_or_unpack_to_the_size(source: bytes, size: int) -> None:
    try:
        unpacked = lzf.decompress(source, size)
    except ScanpickError:
        return
    assert len(unpacked) == size
    assert plain_decompress(source) == unpacked


@pytest.mark.parametrize("cut", range(1, len(LIBLZF_SAMPLE)))
def test_truncation_is_noticed(cut: int) -> None:
    with pytest.raises(ScanpickError, match="LZF"):
        lzf.decompress(LIBLZF_SAMPLE[:cut], len(SAMPLE))
