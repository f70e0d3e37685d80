"""Searching, cutting and rewriting text."""

from __future__ import annotations

import re
from typing import Final

from tiercel.plan.routines.dynamic import dynamic_text
from tiercel.plan.routines.routine import Routine
from tiercel.tables import KustoType

__all__ = ["ROUTINES"]

_MAXIMUM_REPEATS: Final = 1024
"""How often `strrep` repeats at most (Microsoft Learn, "strrep()")."""


def _span(text: str, start: int | None, length: int | None) -> tuple[int, int] | None:
    """Where to search: a start below zero counts from the end, a negative length means to the end."""
    begin = start or 0
    if begin < 0:
        begin += len(text)
    if not 0 <= begin <= len(text):
        return None
    return begin, len(text) if length is None or length < 0 else min(len(text), begin + length)


def _indexof(
    text: str | None, lookup: str | None, start: int | None, length: int | None, occurrence: int | None
) -> int | None:
    """Where a text first holds another, from 0; -1 where it does not.

    A start (negative: from the end), a length (-1: to the end) and which occurrence may be given.

    Example: `indexof("abcdefgabc", "abc", 1)` is 7.
    """
    text, lookup, occurrence = text or "", lookup or "", 1 if occurrence is None else occurrence
    if occurrence < 1 or (length is not None and length < -1):
        return None
    found = -1
    for _ in range(occurrence):
        # The length is counted anew after each occurrence, as Microsoft Learn's own example shows.
        span = _span(text, start if found < 0 else found + 1, length)
        found = text.find(lookup, *span) if span else -1
        if found < 0:
            return -1
    return found


def _countof(text: str | None, lookup: str | None) -> int:
    """How often a text holds another, overlapping ones counted; with "regex" how many matches follow one another.

    Example: `countof("aaaa", "aa")` is 3, `countof("aaaa", "aa", "regex")` is 2.
    """
    if not text or not lookup:
        return 0
    count, at = 0, text.find(lookup)
    while at >= 0:
        count, at = count + 1, text.find(lookup, at + 1)
    return count


def _has_any_index(text: str | None, lookups: object) -> int | None:
    """The index of the first of an array's texts that a text has as a whole term, from 0; -1 where it has none.

    Example: `has_any_index("this is an example", dynamic(["not", "example"]))` is 1.
    """
    if not isinstance(lookups, list):
        return None
    folded = (text or "").lower()
    for at, lookup in enumerate(lookups):
        if _has_term(folded, dynamic_text(lookup).lower()):
            return at
    return -1


def _has_term(text: str, term: str) -> bool:
    at = text.find(term)
    while at >= 0:
        before = at > 0 and text[at - 1].isalnum() and term[:1].isalnum()
        end = at + len(term)
        after = end < len(text) and text[end].isalnum() and term[-1:].isalnum()
        if not before and not after:
            return True
        at = text.find(term, at + 1)
    return False


def _replace_strings(text: str | None, lookups: object, rewrites: object) -> str | None:
    """A text with each of an array's texts replaced by the one at the same place of another array.

    They are taken in order, and what was put in is not searched again; one text may replace all.

    Example: `replace_strings("cat, dog", dynamic(["cat", "dog"]), dynamic(["dog", "pigeon"]))` is `dog, pigeon`.
    """
    if text is None or not isinstance(lookups, list):
        return None
    if isinstance(rewrites, list):
        if len(rewrites) != len(lookups):
            return None
        replacements = [dynamic_text(one) for one in rewrites]
    else:
        replacements = [dynamic_text(rewrites)] * len(lookups)
    pieces = [(text, False)]
    for lookup, replacement in zip(map(dynamic_text, lookups), replacements, strict=True):
        if lookup:
            pieces = [new for piece in pieces for new in _replaced(piece, lookup, replacement)]
    return "".join(piece for piece, _ in pieces)


def _strcat_array(array: object, delimiter: str | None) -> str:
    """The texts of an array's elements with a delimiter between them; `array_strcat` is the same.

    Example: `strcat_array(dynamic([1, 2, 3]), "->")` is `1->2->3`.
    """
    elements = array if isinstance(array, list) else [array]
    return (delimiter or "").join(map(dynamic_text, elements))


def _replaced(piece: tuple[str, bool], lookup: str, replacement: str) -> list[tuple[str, bool]]:
    """The piece cut at every occurrence, replacements marked as done."""
    text, done = piece
    if done or lookup not in text:
        return [piece]
    first, *others = text.split(lookup)
    return [(first, False), *(new for other in others for new in ((replacement, True), (other, False)))]


def _translate(search: str | None, replacement: str | None, text: str | None) -> str:
    """A text with each character of a list replaced by the one at the same place of another list.

    Where the second list is shorter, its last character replaces the rest; an empty one takes them out.

    Example: `translate("krasp", "otsku", "spark")` is `kusto`.
    """
    search, replacement = search or "", replacement or ""
    padded = replacement + replacement[-1:] * max(0, len(search) - len(replacement))
    table: dict[int, str] = {}
    for at, character in enumerate(search):
        table.setdefault(ord(character), padded[at : at + 1])
    return (text or "").translate(table)


def _strrep(text: str | None, count: int | None, delimiter: str | None) -> str:
    """A text repeated, at most 1,024 times, with a delimiter between if one is given.

    Example: `strrep("abc", 3, ".")` is `abc.abc.abc`.
    """
    return (delimiter or "").join([text or ""] * max(0, min(count or 0, _MAXIMUM_REPEATS)))


def _regex_quote(text: str | None) -> str:
    """A text with every character escaped that means something in a regular expression.

    Example: `regex_quote("(so$me.Te^xt)")` gives a pattern that matches just that text.
    """
    return re.sub(
        r"([^\w\s]|_)",
        lambda found: f"\\{found[0]}" if found[0].isascii() and found[0] != "_" else found[0],
        text or "",
    )


def _split_at(text: str | None, delimiter: str | None, index: int | None) -> list[str] | None:
    """One piece of a text cut at a delimiter, in an array."""
    if text is None or index is None:
        return None
    pieces = text.split(delimiter) if delimiter else [text]
    return [pieces[index]] if -len(pieces) <= index < len(pieces) else None


def _codepoints_from_string(text: str | None) -> list[int]:
    """The array of the Unicode code points of a text; `to_utf8` is the same.

    Example: `unicode_codepoints_from_string("Kusto")` is [75, 117, 115, 116, 111].
    """
    return [ord(character) for character in text or ""]


def _codepoints_to_string(values: list[object]) -> str:
    """The text of Unicode code points, given as numbers or arrays of them; `make_string` is the same.

    Example: `unicode_codepoints_to_string(75, 117, 115, 116, 111)` is `Kusto`.
    """
    points = [one for value in values for one in (value if isinstance(value, list) else [value])]
    valid = [one for one in points if isinstance(one, int) and 0 <= one <= 0x10FFFF and not 0xD800 <= one <= 0xDFFF]
    return "".join(map(chr, valid)) if len(valid) == len(points) else ""


def _punycode_from_string(text: str | None) -> str:
    """A domain label in punycode, without `xn--`.

    Example: `punycode_from_string("académie-française")` is `acadmie-franaise-npb1a`.
    """
    try:
        return (text or "").encode("punycode").decode("ascii")
    except (UnicodeError, OverflowError):
        return ""


def _punycode_to_string(text: str | None) -> str:
    """The domain label that punycode, without `xn--`, writes.

    Example: `punycode_to_string("acadmie-franaise-npb1a")` is `académie-française`.
    """
    try:
        return (text or "").encode("ascii").decode("punycode")
    except (UnicodeError, OverflowError, ValueError):
        return ""


def _punycode_domain_from_string(text: str | None) -> str:
    """A domain name with every label that is not ASCII in punycode, with `xn--`.

    Example: `punycode_domain_from_string("艺术.com")` is `xn--cqv902d.com`.
    """
    labels = (text or "").split(".")
    return ".".join(label if label.isascii() else f"xn--{_punycode_from_string(label)}" for label in labels)


def _punycode_domain_to_string(text: str | None) -> str:
    """The domain name that one with labels in punycode stands for.

    Example: `punycode_domain_to_string("xn--cqv902d.com")` is `艺术.com`.
    """
    labels = (text or "").split(".")
    return ".".join(_punycode_to_string(label[4:]) if label.startswith("xn--") else label for label in labels)


_STRING, _LONG, _DYNAMIC = KustoType.STRING, KustoType.LONG, KustoType.DYNAMIC

ROUTINES: Final = (
    Routine("indexof", _indexof, (_STRING, _STRING, _LONG, _LONG, _LONG), _LONG),
    Routine("countof", _countof, (_STRING, _STRING), _LONG),
    Routine("has_any_index", _has_any_index, (_STRING, _DYNAMIC), _LONG),
    Routine("strcat_array", _strcat_array, (_DYNAMIC, _STRING), _STRING),
    Routine("replace_strings", _replace_strings, (_STRING, _DYNAMIC, _DYNAMIC), _STRING),
    Routine("translate", _translate, (_STRING, _STRING, _STRING), _STRING),
    Routine("strrep", _strrep, (_STRING, _LONG, _STRING), _STRING),
    Routine("regex_quote", _regex_quote, (_STRING,), _STRING),
    Routine("split_at", _split_at, (_STRING, _STRING, _LONG), _DYNAMIC),
    Routine("unicode_codepoints_from_string", _codepoints_from_string, (_STRING,), _DYNAMIC),
    Routine("unicode_codepoints_to_string", _codepoints_to_string, (), _STRING, rest=True),
    Routine("punycode_from_string", _punycode_from_string, (_STRING,), _STRING),
    Routine("punycode_to_string", _punycode_to_string, (_STRING,), _STRING),
    Routine("punycode_domain_from_string", _punycode_domain_from_string, (_STRING,), _STRING),
    Routine("punycode_domain_to_string", _punycode_domain_to_string, (_STRING,), _STRING),
)
