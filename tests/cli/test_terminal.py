"""No event's content becomes a control sequence, a formula or another line."""

from __future__ import annotations

import csv
import io
import json
import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from tiercel.cli.issues import show_issues
from tiercel.cli.terminal import Words, shown, wrapped
from tiercel.cli.written import csv_text, json_line
from tiercel.errors import Issue, Severity, Span

STEERING = {"Cc", "Zl", "Zp", "Cs"}
DIRECTION = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_safe(text: str) -> bool:
    return not any(unicodedata.category(each) in STEERING or each in DIRECTION for each in text)


@given(st.text(st.characters()))
@example("\x1b]0;title\x07\x9b31m\u202e\u2028")
def test_shown_text_steers_nothing(text: str) -> None:
    assert is_safe(shown(text))


def test_shown_text_is_the_text_where_it_is_harmless() -> None:
    text = 'C:\\Windows\\System32\\cmd.exe /c "echo ä 漢字 [red]"'
    assert shown(text) == text
    assert shown("a\nb", keep="\n") == "a\nb"


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example("\x7f\x9b\u202e\u2028")
def test_json_steers_nothing_and_says_the_same(text: str) -> None:
    line = json_line({"text": text})
    assert is_safe(line)
    assert json.loads(line) == {"text": text}


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
@example("=cmd|' /C calc'!A0")
@example("@SUM(1)")
@example("\t=1")
def test_csv_holds_no_formula_and_no_other_line(text: str) -> None:
    written = "".join(csv_text(["a", "b"], [[text, 1]]))
    header, row = csv.reader(io.StringIO(written))
    assert header == ["a", "b"]
    assert row[1] == "1"
    assert row[0][:1] not in "=+-@\t\r"
    assert is_safe(row[0])


def printed(issue: Issue, *, terminal: bool = False, width: int = 100) -> str:
    file = io.StringIO()
    words = Words(file, is_terminal=terminal, width=width)
    show_issues(words, [issue])
    return file.getvalue()


def test_an_issue_underlines_its_place() -> None:
    span = Span("rules/x.md", 93, 9, 8, "| where DevceId\t== 1")
    issue = Issue("kql-unknown-column", "there is no column `DevceId`", span, "did you mean `DeviceId`?")
    assert printed(issue).splitlines() == [
        "error[kql-unknown-column]: there is no column `DevceId`",
        "  rules/x.md:93:9",
        "  93 | | where DevceId == 1",
        "     |         ^^^^^^^^",
        "  hint: did you mean `DeviceId`?",
    ]


def test_a_long_line_is_cut_around_the_place_and_the_mark_stays_under_it() -> None:
    text = "a" * 500 + "HERE" + "b" * 500
    place, mark = printed(Issue("c", "m", Span("x", 1, 501, 4, text))).splitlines()[2:]
    assert len(place) < 140
    assert place[mark.index("^") : mark.rindex("^") + 1] == "HERE"


def test_what_a_rule_file_holds_is_no_control_sequence_either() -> None:
    text = printed(Issue("c", "\x1b[2J", Span("\x1b[31m.md", 1, 2, 1, "x\x1b[31my\x9b"), "\x07", Severity.WARNING))
    assert all(is_safe(line) for line in text.split("\n"))


def test_colour_is_for_terminals_alone() -> None:
    issue = Issue("c", "m", None)
    assert "\x1b[" in printed(issue, terminal=True)
    assert "\x1b" not in printed(issue)


def test_markup_in_an_event_is_text() -> None:
    assert "[bold red]x[/]" in printed(Issue("c", "[bold red]x[/] :smile:", None))


def test_long_text_is_folded_on_a_terminal_alone() -> None:
    narrow = Words(io.StringIO(), is_terminal=True, width=30)
    piped = Words(io.StringIO(), width=30)
    text = "word " * 20
    assert all(len(line) <= 30 for line in wrapped(text, "a  ", "   ", narrow).split("\n"))
    assert wrapped(text, "a  ", "   ", piped) == "a  " + text
