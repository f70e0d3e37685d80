"""Text from events made safe for the eye: what would steer a terminal or turn a line around stands as an escape."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["moment", "plural", "shown"]

_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # control characters, among them escape and the one-byte CSI
    # direction marks, and what takes no place
    "\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"  # halves of characters, tags
)


def shown(text: str, keep: str = "") -> str:
    r"""The text with every control character, direction mark and invisible character as an escape.

    >>> shown("a\x1b[31mb\u202ec\n")
    'a\\x1b[31mb\\u202ec\\n'
    """
    return _UNSAFE.sub(lambda match: match[0] if match[0] in keep else _escape(match[0]), text)


def _escape(character: str) -> str:
    plain = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character)
    if plain is not None:
        return plain
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def moment(time: datetime | None) -> str:
    """The instant as people read it, UTC: date, time, milliseconds.

    >>> from datetime import UTC, datetime
    >>> moment(datetime(2020, 9, 20, 16, 16, 56, 597123, tzinfo=UTC))
    '2020-09-20 16:16:56.597'
    """
    return "" if time is None else time.replace(tzinfo=None).isoformat(" ", "milliseconds")


def plural(count: int, one: str, many: str = "") -> str:
    """`1 finding`, `2,000 findings`.

    >>> plural(1, "finding"), plural(2000, "finding"), plural(0, "entry", "entries")
    ('1 finding', '2,000 findings', '0 entries')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"
