"""What stands in the page: whole, small, and nothing of it an event's own markup."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from dataclasses import replace
from html.parser import HTMLParser
from importlib import resources

import pytest
from tests.conftest import ROOT
from tests.report import samples
from tests.report.conftest import written

from tiercel.findings import Step
from tiercel.hunt import Findings
from tiercel.report import shell, write_page
from tiercel.saved import Saved

VOID = {"meta", "link", "br", "img", "input", "hr", "line", "circle", "path"}


class Elements(HTMLParser):
    """Every element with its attributes, and the text that is no script's."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.texts, self.open = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.texts.append(data)


@pytest.fixture(params=["full", "hostile"])
def page(request, pages):
    return (pages / f"{request.param}.html").read_text()


def test_elements_are_those_of_the_templates(page, pages):
    ours = {tag for tag, _ in Elements((pages / "full.html").read_text()).elements} | {"br"}
    found = Elements(page)
    assert not found.open
    assert {tag for tag, _ in found.elements} <= ours
    assert [tag for tag, _ in found.elements if tag == "script"] == ["script"] * 3
    assert not [tag for tag, _ in found.elements if tag in {"iframe", "object", "embed", "form action", "base"}]


def test_no_attribute_runs_or_loads_anything(page):
    for tag, attributes in Elements(page).elements:
        assert not [
            name for name in attributes if name.startswith("on") or name in {"style", "src", "action", "srcset"}
        ]
        link = attributes.get("href")
        if link is not None:
            assert link == "data:," if tag == "link" else link.startswith(("#", "https://attack.mitre.org/techniques/"))


def test_the_policy_lets_the_pages_own_style_and_script_run_and_nothing_else(page):
    policy = next(
        each["content"] for tag, each in Elements(page).elements if each.get("http-equiv") == "Content-Security-Policy"
    )
    told = dict(part.split(" ", 1) for part in policy.split("; "))
    assert told["default-src"] == "'none'"
    for name, pattern in (("style-src", r"<style>(.*?)</style>"), ("script-src", r"<script>(.*?)</script>")):
        (content,) = re.findall(pattern, page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert told[name] == f"'sha256-{digest}'"
    assert "unsafe" not in policy


def test_hostile_text_is_there_as_text(pages):
    page = (pages / "hostile.html").read_text()
    told = "".join(Elements(page).texts)
    for whole in ("<script>document.title='owned'</script>", "{{ 7*7 }}{% for x in y %}", "&lt;b&gt; &amp; &#x202e;",
                  "\\x1b[31mred", "\\u202egnp.exe", "nul\\x00byte", "half\\ud800", "=cmd|' /C calc'!A1"):  # fmt: skip
        assert whole in told, whole
    assert "more characters" in told
    assert "49" not in re.findall(r"\{\{.*?\}\}", told)
    written_by_events = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    unsafe = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
    assert not unsafe.search(written_by_events)


def test_data_for_the_pictures_is_json_that_ends_no_script(page):
    (data,) = re.findall(r'<script type="application/json" id="page-data">(.*?)</script>', page, re.DOTALL)
    assert not set("<>&") & set(data)
    assert set(json.loads(data)) == {"nodes", "edges", "times"}


def events_of(page):
    (packed,) = re.findall(r'id="page-events">(.*?)</script>', page, re.DOTALL)
    return json.loads(zlib.decompress(base64.b64decode(packed)))


def test_raw_events_come_from_the_files(pages):
    page = (pages / "full.html").read_text()
    events = events_of(page)
    shown = re.findall(r'<span class="source" data-event="(\d+)">winlogbeat\.ndjson#101<', page)
    place, event = events[int(shown[0])].split("\n\n", 1)
    assert (place, json.loads(event)["n"]) == ("logs/winlogbeat.ndjson#101", 100)
    assert "told by <b>Sysmon 1</b>" in page
    assert all("no such record" in each for each in events if each.startswith("logs/winlogbeat.ndjson#30"))


def test_a_hostile_raw_event_is_text_too(tmp_path):
    (tmp_path / "log.json").write_text(
        '{"EventID": 1, "x": "</script><!--\\u202e\\u0000\\ud800"}\n{"y": "' + "z" * 90_000 + '"}\n'
    )
    steps = tuple(
        Step("execution", samples.START, "x", "child", source=f"log.json#{number}", table="DeviceProcessEvents")
        for number in (1, 2)
    )
    result = replace(samples.full(), findings=Findings([replace(samples.finding(), evidence=steps, attribution=None)]))
    first, second = events_of(write_page(Saved(result, ""), [tmp_path]))
    assert first == 'log.json#1\n\n{\n  "EventID": 1,\n  "x": "</script><!--\\u202e\\u0000\\ud800"\n}'
    assert second.endswith("more characters stand in the file)")
    assert len(second) < 17_000


def test_five_hundred_findings_stay_under_five_megabytes(tmp_path):
    path = written(samples.many(500), tmp_path, "many")
    assert path.stat().st_size < 5_000_000


def test_raw_events_stop_at_their_share_and_say_so(tmp_path, monkeypatch):
    monkeypatch.setattr("tiercel.report.html._MOST_BYTES", 20_000)
    (tmp_path / "logs").mkdir()
    lines = [json.dumps({"n": n, "x": hashlib.sha256(str(n).encode()).hexdigest()}) for n in range(2000)]
    (tmp_path / "logs" / "winlogbeat.ndjson").write_text("\n".join(lines))
    events = events_of(write_page(Saved(samples.many(100), ""), [tmp_path]))
    assert '"n": 0' in events[0]
    assert "Left out" in events[-1]


def test_a_page_without_findings_says_what_that_means():
    told = write_page(Saved(replace(samples.full(), findings=Findings([])), ""), [])
    assert "No lateral movement was found in this telemetry" in told
    assert "1 input could not be read" in told


def test_findings_alone_say_what_is_not_known():
    told = write_page(Saved(samples.full(), "", is_whole=False), [])
    assert "is not known here" in told


def test_the_library_is_the_one_that_is_written_down():
    folder = resources.files("tiercel.report") / "vendor" / "dagre"
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, name
    version = (folder / "VERSION").read_text().split()[1]
    assert f'"{version}"' in (folder / "dagre.min.js").read_text()
    assert f"dagre {version}" in (ROOT / "docs" / "dependencies.md").read_text()
    assert f"DAGRE ?= {version}" in (ROOT / "Makefile").read_text()


def test_scripts_and_styles_hold_no_network():
    parts = shell.shell(shell.Markup("{}"), "")
    for text in (parts.style, parts.script):
        assert not re.search(
            r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)|fetch\(|XMLHttp|innerHTML|eval\(|sendBeacon|WebSocket",
            text,
        )
