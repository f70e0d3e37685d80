"""Base64, URLs' percent signs, compression, hashes."""

from __future__ import annotations

import base64
import binascii
import gzip
import re
import struct
import uuid
import zlib
from typing import Final
from urllib.parse import quote, unquote

from tiercel.plan.routines.routine import Routine
from tiercel.tables import KustoType

__all__ = ["ROUTINES"]

_LARGEST_TEXT: Final = 64 * 1024 * 1024
"""Bytes that a decompression gives at most; more is taken for a bomb and gives nothing."""

_SHORT: Final = 256
_NO_HINT: Final = b"\x00\xff"
"""The level and system in gzip's header: not said."""


def _decoded(text: str | None) -> bytes | None:
    """The bytes that a base64 text writes, None where it is none: the padding must be there."""
    try:
        return base64.b64decode((text or "").encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        return None


def _text(data: bytes | None) -> str:
    try:
        return "" if data is None else data.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _base64_decode_tostring(text: str | None) -> str:
    """The text whose UTF-8 bytes a base64 text writes; empty where it is no base64 or the bytes are no UTF-8.

    Example: `base64_decode_tostring("S3VzdG8=")` is `Kusto`.
    """
    return _text(_decoded(text))


def _base64_decode_toarray(text: str | None) -> list[int] | None:
    """The array of the bytes that a base64 text writes; null where it is none.

    Example: `base64_decode_toarray("S3VzdG8=")` is [75, 117, 115, 116, 111].
    """
    data = _decoded(text)
    return None if data is None else list(data)


def _base64_encode_fromarray(values: object) -> str:
    """An array of bytes in base64; empty where it is none.

    Example: `base64_encode_fromarray(dynamic([75, 117, 115, 116, 111]))` is `S3VzdG8=`.
    """
    if not isinstance(values, list) or not all(isinstance(one, int) and 0 <= one <= 255 for one in values):
        return ""
    return base64.b64encode(bytes(values)).decode("ascii")


def _base64_encode_fromguid(guid: str | None) -> str:
    """The 16 bytes of a guid, the way Windows orders them, in base64.

    Example: `base64_encode_fromguid(toguid("ae3133f2-6e22-49ae-b06a-16e6a9b212eb"))` is `8jMxriJurkmwahbmqbIS6w==`.
    """
    return base64.b64encode(uuid.UUID(guid).bytes_le).decode("ascii") if guid else ""


def _base64_decode_toguid(text: str | None) -> str | None:
    """The guid whose 16 bytes, the way Windows orders them, a base64 text writes; else null.

    Example: `base64_decode_toguid("8jMxriJurkmwahbmqbIS6w==")`.
    """
    data = _decoded(text)
    return str(uuid.UUID(bytes_le=data)) if data is not None and len(data) == 16 else None


# --- URLs ------------------------------------------------------------------------------------------------------------

_ESCAPED: Final = re.compile("%[0-9A-F]{2}")


def _quoted(text: str, safe: str) -> str:
    return _ESCAPED.sub(lambda found: found[0].lower(), quote(text, safe=safe, errors="replace"))


def _url_encode(text: str | None) -> str:
    """A text for a URL's query: what is not safe there as %xx, a space as `+`.

    Example: `url_encode("https://h.io/a b")` is `https%3a%2f%2fh.io%2fa+b`.
    """
    return _quoted(text or "", " !()*").replace("~", "%7e").replace(" ", "+")


def _url_encode_component(text: str | None) -> str:
    """A text for a part of a URL: as `url_encode`, but a space is %20.

    Example: `url_encode_component("a b/")` is `a%20b%2f`.
    """
    return _quoted(text or "", "!()*").replace("~", "%7e")


def _url_decode(text: str | None) -> str:
    """The text that a URL's %xx and `+` stand for.

    Example: `url_decode("https%3a%2f%2fh.io%2fa+b")` is `https://h.io/a b`.
    """
    return unquote((text or "").replace("+", " "))


# --- compression -----------------------------------------------------------------------------------------------------


def _level(data: bytes) -> int:
    """Short texts are stored, as Kusto stores them."""
    return 0 if len(data) < _SHORT else 6


def _zlib_compress(text: str | None) -> str:
    """A text compressed by zlib, in base64.

    Example: `zlib_compress_to_base64_string("1234567890qwertyuiop")`.
    Where we differ: other bytes than Kusto's for long texts; they decompress to the same.
    """
    data = (text or "").encode("utf-8", "replace")
    return base64.b64encode(zlib.compress(data, _level(data))).decode("ascii") if data else ""


def _gzip_compress(text: str | None) -> str:
    """A text compressed by gzip, in base64.

    Example: `gzip_compress_to_base64_string("1234567890qwertyuiop")`.
    Where we differ: other bytes than Kusto's for long texts; they decompress to the same.
    """
    data = (text or "").encode("utf-8", "replace")
    if not data:
        return ""
    compressed = bytearray(gzip.compress(data, _level(data), mtime=0))
    compressed[8:10] = _NO_HINT
    return base64.b64encode(compressed).decode("ascii")


def _inflated(text: str | None, window: int) -> str:
    data = _decoded(text)
    if not data:
        return ""
    try:
        decompressor = zlib.decompressobj(window)
        result = decompressor.decompress(data, _LARGEST_TEXT)
    except zlib.error:
        return ""
    return "" if decompressor.unconsumed_tail else _text(result)


def _zlib_decompress(text: str | None) -> str:
    """The text that was compressed by zlib and written in base64; empty where it is none.

    Example: `zlib_decompress_from_base64_string("eJwLSS0uUSguKcrMS1cwNDIGACxqBQ4=")` is `Test string 123`.
    Where we differ: a result over 64 MB is taken for a bomb and is empty.
    """
    return _inflated(text, zlib.MAX_WBITS)


def _gzip_decompress(text: str | None) -> str:
    """The text that was compressed by gzip and written in base64; empty where it is none.

    Example: `gzip_decompress_from_base64_string(Payload)`.
    Where we differ: a result over 64 MB is taken for a bomb and is empty.
    """
    return _inflated(text, zlib.MAX_WBITS | 16)


# --- hashes ----------------------------------------------------------------------------------------------------------

_MASK: Final = (1 << 64) - 1
_P1, _P2, _P3, _P4, _P5 = (
    11400714785074694791,
    14029467366897019727,
    1609587929392839161,
    9650029242287828579,
    2870177450012600261,
)


def _rotated(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (64 - bits))) & _MASK


def _round(accumulator: int, lane: int) -> int:
    return _rotated((accumulator + lane * _P2) & _MASK, 31) * _P1 & _MASK


def xxhash64(data: bytes) -> int:
    """The 64-bit xxHash of the bytes, seed 0, as a signed number (the algorithm as its specification states it).

    >>> xxhash64(b"World")
    1846988464401551951
    """
    at, length = 0, len(data)
    if length >= 32:
        lanes = [(_P1 + _P2) & _MASK, _P2, 0, -_P1 & _MASK]
        while at + 32 <= length:
            lanes = [_round(lane, word) for lane, word in zip(lanes, struct.unpack_from("<4Q", data, at), strict=True)]
            at += 32
        total = sum(_rotated(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18), strict=True)) & _MASK
        for lane in lanes:
            total = ((total ^ _round(0, lane)) * _P1 + _P4) & _MASK
    else:
        total = _P5
    total = (total + length) & _MASK
    while at + 8 <= length:
        total = (_rotated(total ^ _round(0, struct.unpack_from("<Q", data, at)[0]), 27) * _P1 + _P4) & _MASK
        at += 8
    if at + 4 <= length:
        total = (_rotated(total ^ struct.unpack_from("<I", data, at)[0] * _P1 & _MASK, 23) * _P2 + _P3) & _MASK
        at += 4
    for byte in data[at:]:
        total = _rotated(total ^ byte * _P5 & _MASK, 11) * _P1 & _MASK
    total = (total ^ (total >> 33)) * _P2 & _MASK
    total = (total ^ (total >> 29)) * _P3 & _MASK
    total ^= total >> 32
    return total - (1 << 64) if total >> 63 else total


def _modulo(value: int, modulus: int | None) -> int | None:
    if modulus is None:
        return value
    return (value & _MASK) % modulus if modulus > 0 else None


def _hash_text(text: str | None, modulus: int | None) -> int | None:
    """The 64-bit xxHash of a value, or what it leaves modulo a number; `hash_xxhash64` is the same.

    Example: `hash("World")` is 1846988464401551951, `hash("World", 100)` is 51.
    Where we differ: a dynamic is refused.
    """
    return _modulo(xxhash64((text or "").encode("utf-8", "replace")), modulus)


def _hash_long(value: int | None, modulus: int | None) -> int | None:
    """The 64-bit xxHash of a whole number's eight bytes."""
    return None if value is None else _modulo(xxhash64(struct.pack("<q", value)), modulus)


def _hash_real(value: float | None, modulus: int | None) -> int | None:
    """The 64-bit xxHash of a real's eight bytes."""
    return None if value is None else _modulo(xxhash64(struct.pack("<d", value)), modulus)


_STRING, _LONG, _REAL, _DYNAMIC, _GUID = (
    KustoType.STRING,
    KustoType.LONG,
    KustoType.REAL,
    KustoType.DYNAMIC,
    KustoType.GUID,
)

ROUTINES: Final = (
    Routine("base64_decode_tostring", _base64_decode_tostring, (_STRING,), _STRING),
    Routine("base64_decode_toarray", _base64_decode_toarray, (_STRING,), _DYNAMIC),
    Routine("base64_encode_fromarray", _base64_encode_fromarray, (_DYNAMIC,), _STRING),
    Routine("base64_encode_fromguid", _base64_encode_fromguid, (_GUID,), _STRING),
    Routine("base64_decode_toguid", _base64_decode_toguid, (_STRING,), _GUID),
    Routine("url_encode", _url_encode, (_STRING,), _STRING),
    Routine("url_encode_component", _url_encode_component, (_STRING,), _STRING),
    Routine("url_decode", _url_decode, (_STRING,), _STRING),
    Routine("zlib_compress_to_base64_string", _zlib_compress, (_STRING,), _STRING),
    Routine("gzip_compress_to_base64_string", _gzip_compress, (_STRING,), _STRING),
    Routine("zlib_decompress_from_base64_string", _zlib_decompress, (_STRING,), _STRING),
    Routine("gzip_decompress_from_base64_string", _gzip_decompress, (_STRING,), _STRING),
    Routine("hash_text", _hash_text, (_STRING, _LONG), _LONG),
    Routine("hash_long", _hash_long, (_LONG, _LONG), _LONG),
    Routine("hash_real", _hash_real, (_REAL, _LONG), _LONG),
)
