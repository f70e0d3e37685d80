"""externaldata: copies that the user gives, and the refusal without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from plan.conftest import Desk

FEED = """let Feed = externaldata(Domain:string, Score:int)
  [h@"https://example.org/lists/feed.csv?raw=true"] with (format="csv", ignoreFirstRecord=true);
Feed | where Score > 5 | project Domain"""


@pytest.mark.parametrize("name", ["feed.csv", "https://example.org/lists/feed.csv?raw=true"])
def test_a_copy_answers_by_its_name_or_its_address(desk: Desk, name: str) -> None:
    desk.add(name, [("Score", "long"), ("Domain", "string")], [[9, "bad.example"], [1, "good.example"]])
    answer = desk.ask(FEED)
    assert (answer.columns, answer.rows) == ([("Domain", "string")], [["bad.example"]])


def test_columns_of_other_names_are_taken_in_their_order(desk: Desk) -> None:
    desk.add("feed.csv", [("host", "string"), ("confidence", "string")], [["bad.example", "9"], ["x.example", "none"]])
    answer = desk.ask(FEED.replace("| project Domain", "").replace("| where Score > 5", ""))
    assert answer.columns == [("Domain", "string"), ("Score", "int")]
    assert sorted(answer.rows) == [["bad.example", 9], ["x.example", None]]


def test_several_addresses_are_one_table(desk: Desk) -> None:
    desk.add("a.txt", [("Line", "string")], [["1.1.1.1"]])
    desk.add("b.txt", [("Line", "string")], [["2.2.2.2"]])
    query = 'externaldata(Ip:string) ["https://x.example/a.txt", "https://x.example/b.txt"] | order by Ip asc'
    assert desk.ask(query).rows == [["1.1.1.1"], ["2.2.2.2"]]


def test_too_few_columns_are_told(desk: Desk) -> None:
    desk.add("feed.csv", [("host", "string")], [["x"]])
    issues = desk.ask(FEED).issues
    assert [str(one.message) for one in issues] == ["the copy of the file has 1 columns, 2 are declared"]


def test_without_a_copy_it_is_refused_with_a_way_out(desk: Desk) -> None:
    (issue,) = desk.ask(FEED).issues
    assert issue.code == "kql-unsupported"
    assert issue.hint == "give a copy of it: --table feed.csv=FILE.csv"
    assert issue.span is not None
    assert (issue.span.line, issue.span.column) == (2, 4)
