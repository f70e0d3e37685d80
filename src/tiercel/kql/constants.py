"""Literals among the tokens: numbers, strings, `datetime(...)` and its kin, `dynamic(...)`."""

from __future__ import annotations

from decimal import Decimal
from math import isinf
from typing import Final

from tiercel.kql.cursor import Cursor, did_you_mean, shown
from tiercel.kql.literals import (
    TYPE_NAMES,
    datetime_text,
    read_datetime,
    read_decimal,
    read_guid,
    read_integer,
    read_real,
    read_timespan,
    timespan_text,
)
from tiercel.kql.syntax import Literal, Name, Region, WildcardName
from tiercel.kql.tokens import NAME, NUMBER, STRING, TIMESPAN
from tiercel.tables import KustoType

__all__ = ["Constants"]

_BOUNDS: Final = {KustoType.INT: (-(2**31), 2**31 - 1), KustoType.LONG: (-(2**63), 2**63 - 1)}
_LITERAL_WORDS: Final = frozenset(
    [
        "bool",
        "date",
        "datetime",
        "decimal",
        "double",
        "dynamic",
        "guid",
        "int",
        "int32",
        "int64",
        "long",
        "real",
        "time",
        "timespan",
        "uniqueid",
        "uuid",
    ]
)
"""The types' words that open a literal in Kusto's token grammar; `date` as the language service has it."""

_BOOLS: Final = {"true": True, "false": False, "1": True, "0": False}
_FORMS: Final = {
    KustoType.DATETIME: "write it like `datetime(2026-07-14 08:30:00)`, UTC; to convert a value use `todatetime(...)`",
    KustoType.TIMESPAN: "write it like `timespan(1.02:03:04)` or `1d`; to convert a value use `totimespan(...)`",
    KustoType.GUID: "write it like `guid(74be27de-1e4e-49d9-b579-fe0b331d3642)`; to convert a value use `toguid(...)`",
    KustoType.LONG: "write it like `long(5)`; to convert a value use `tolong(...)`",
    KustoType.INT: "write it like `int(5)`; to convert a value use `toint(...)`",
    KustoType.REAL: "write it like `real(1.5)`; to convert a value use `toreal(...)`",
    KustoType.DECIMAL: "write it like `decimal(1.5)`; to convert a value use `todecimal(...)`",
    KustoType.BOOL: "write `true` or `false`; to convert a value use `tobool(...)`",
}


class Constants(Cursor):
    """Reads literals and name patterns."""

    in_search: bool = False
    """Whether `column : "term"` is an operator here."""

    # --- strings and numbers -----------------------------------------------------------------------------------------

    def string(self) -> Literal:
        """A string; literals that follow each other are one."""
        first = self.at
        if self.kinds[first] != STRING:
            raise self.unexpected("a string")
        value = self.string_value(first)
        self.at = first + 1
        if self.kinds[first + 1] == STRING:
            parts = [value]
            while self.kinds[self.at] == STRING:
                parts.append(self.string_value(self.at))
                self.at += 1
            value = "".join(parts)
        return Literal(region=self.region_from(first), value=value, type=KustoType.STRING)

    def number(self, sign: str = "", first: int | None = None) -> Literal:
        """A number or a timespan. A sign directly before it belongs to it; `first` is the sign's token then."""
        at = self.at
        kusto_type, value = self._number_value(at, sign)
        self.at = at + 1
        return Literal(region=self.region(at if first is None else first, at), value=value, type=kusto_type)

    def _number_value(self, at: int, sign: str) -> tuple[KustoType, int | float | None]:
        """The type and value of the number or timespan token; one that does not fit is reported."""
        text = sign + self.texts[at]
        value: int | float | None
        if self.kinds[at] == TIMESPAN:
            kusto_type = KustoType.TIMESPAN
            value = read_timespan(text)
        elif text.isdigit() and len(text) < 19:
            return KustoType.LONG, int(text)
        elif "x" in text or "X" in text or not ("." in text or "e" in text or "E" in text):
            kusto_type = KustoType.LONG
            value = read_integer(text)
            low, high = _BOUNDS[kusto_type]
            if value is not None and not low <= value <= high:
                value = None
        else:
            kusto_type = KustoType.REAL
            value = float(text)
            if isinf(value):
                value = None
        if value is None:
            message = f"`{shown(text)}` does not fit into a {kusto_type}"
            self.report(self.issue("kql-number-range", message, self.region(at, at)))
        return kusto_type, value

    # --- typed literals ----------------------------------------------------------------------------------------------

    def typed_literal(self) -> Literal | None:
        """`datetime(...)`, `long(...)`, `dynamic(...)`: a type's word and a bracket come next.

        None where the word has no such form (`string(...)`).
        """
        at = self.at
        kusto_type = TYPE_NAMES[self.texts[at]]
        opener = at + 1
        if self.texts[at] not in _LITERAL_WORDS:
            return None
        if kusto_type is KustoType.DYNAMIC:
            return self._dynamic_literal()
        closer = self.partners[opener]
        if closer < 0:
            self.at = opener + 1
            while self.kinds[self.at] in (NAME, NUMBER, TIMESPAN, STRING, "-", ":", "."):
                self.at += 1
            self.close(opener)
        text = self.text[self.ends[opener] : self.starts[closer]].strip()
        if closer == opener + 2 and self.kinds[opener + 1] == STRING:
            text = self.string_value(opener + 1)
        value: object = None
        if text.lower() not in ("", "null"):
            value = _value(kusto_type, text)
            if value is None and kusto_type is KustoType.INT:
                value = self._int_bits(at, closer, text)
            if value is None:
                self._report_literal(at, closer, kusto_type)
        self.at = closer + 1
        return Literal(region=self.region(at, closer), value=value, type=kusto_type)

    def _int_bits(self, at: int, closer: int, text: str) -> int | None:
        """`int(0xf090013d)`: 32 bits written as hexadecimal are the int of these bits, as an attribute mask means."""
        value = read_integer(text) if text[:2].lower() == "0x" else None
        if value is None or not 2**31 <= value < 2**32:
            return None
        region = self.region(at, closer)
        message = f"`{shown(text)}` is larger than an int; its bits are read as {value - 2**32}"
        self.warn("kql-number-range", message, region, f"`long({shown(text)})` holds it as it is")
        return value - 2**32

    def _report_literal(self, at: int, closer: int, kusto_type: KustoType) -> None:
        region = self.region(at, closer)
        message = f"`{shown(self.text[region.start : region.end])}` is no {kusto_type}"
        self.report(self.issue("kql-literal", message, region, _FORMS[kusto_type]))

    def report_unknown_type(self, at: int) -> None:
        """Report a word that is no type."""
        word = self.texts[at]
        message = f"`{shown(word)}` is no type"
        self.report(self.issue("kql-unknown-type", message, self.region(at, at), did_you_mean(word, TYPE_NAMES)))

    # --- dynamic -----------------------------------------------------------------------------------------------------

    def _dynamic_literal(self) -> Literal:
        at = self.at
        self.at += 2
        value = self._json()
        self.close(at + 1)
        return Literal(region=self.region_from(at), value=value, type=KustoType.DYNAMIC)

    def _json(self) -> object:
        """A JSON value, or one of KQL's literals in its JSON form (Microsoft Learn, "The dynamic data type")."""
        at = self.at
        kind = self.kinds[at]
        if kind == NUMBER:
            self.at = at + 1
            return self._number_value(at, "")[1]
        if kind == STRING:
            return self.string().value
        if kind == "[":
            return self._json_array()
        if kind == "{":
            return self._json_object()
        if kind in ("-", "+") and self.kinds[at + 1] in (NUMBER, TIMESPAN):
            self.at += 1
            return _json_form(self.number(sign=kind, first=at))
        if kind == TIMESPAN:
            return _json_form(self.number())
        if kind == NAME:
            word = self.texts[at]
            if word in TYPE_NAMES and self.kinds[at + 1] == "(":
                literal = self.typed_literal()
                if literal is not None:
                    return _json_form(literal)
            if word.lower() in ("true", "false", "null"):
                self.at += 1
                return {"t": True, "f": False, "n": None}[word[0].lower()]
        raise self.unexpected(
            "a JSON value", where="in `dynamic(...)`", hint="names and calls cannot stand here: use `pack_array`"
        )

    def _json_array(self) -> list[object]:
        opener = self.at
        self.at += 1
        values: list[object] = []
        self.enter()
        while self.kinds[self.at] != "]":
            values.append(self._json())
            if not self.accept(","):
                break
        self.depth -= 1
        self.close(opener)
        return values

    def _json_object(self) -> dict[str, object]:
        opener = self.at
        self.at += 1
        values: dict[str, object] = {}
        self.enter()
        while self.kinds[self.at] != "}":
            key = self.string_value(self.expect(STRING, where="as a property's name"))
            self.expect(":", where="after a property's name")
            values[key] = self._json()
            if not self.accept(","):
                break
        self.depth -= 1
        self.close(opener)
        return values

    # --- name patterns -----------------------------------------------------------------------------------------------

    def name_pattern(self) -> Name | WildcardName:
        """A name, or one with `*` in it: `Device*`, `*_suffix`, `*`."""
        at = self.at
        if self.kinds[at] == "[":
            return self.name()
        last = at
        if self.kinds[at] not in (NAME, "*"):
            raise self.unexpected("a name")
        while self.kinds[last + 1] in (NAME, "*", NUMBER) and self.touches(last + 1):
            last += 1
        self.at = last + 1
        region = Region(self.starts[at], self.ends[last])
        text = self.text[region.start : region.end]
        return WildcardName(region=region, pattern=text) if "*" in text else Name(region=region, text=text)


def _value(kusto_type: KustoType, text: str) -> object:
    """The value of the text inside `type(...)`, None where it is none."""
    match kusto_type:
        case KustoType.DATETIME:
            return read_datetime(text)
        case KustoType.TIMESPAN:
            return read_timespan(text)
        case KustoType.GUID:
            return read_guid(text)
        case KustoType.REAL:
            number = read_integer(text)
            return read_real(text) if number is None else float(number)
        case KustoType.DECIMAL:
            return read_decimal(text)
        case KustoType.BOOL:
            return _BOOLS.get(text.lower())
        case _:
            value = read_integer(text)
            low, high = _BOUNDS[kusto_type]
            return value if value is not None and low <= value <= high else None


def _json_form(literal: Literal) -> object:
    """A literal as JSON holds it: times and spans as Kusto's text of them."""
    value = literal.value
    if isinstance(value, int) and literal.type is KustoType.DATETIME:
        return datetime_text(value)
    if isinstance(value, int) and literal.type is KustoType.TIMESPAN:
        return timespan_text(value)
    if isinstance(value, Decimal):
        return float(value)
    return value
