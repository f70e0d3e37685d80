"""The report of 500 findings: how long it takes to write, its size, how long Chromium takes to draw and search it.

The findings are those of every simulated scenario in every variant, hunted and attributed, so that each is as full as
a real one; where they are fewer, they are told again under other ids and times. Drawing is timed from the request for
the page to the moment at which every finding is in the list and in the picture of the fleet's timeline.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench.result import Result
from tiercel.hunt import Findings, hunt
from tiercel.report import write_page
from tiercel.saved import Saved, dump, load
from tiercel.simulate import write_matrix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiercel.findings import Finding

FINDINGS: Final = 500
AT_MOST_SECONDS: Final = 2
AT_MOST_MEGABYTES: Final = 5
ARGUMENTS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def run() -> Iterator[Result]:
    """Times and size."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_matrix(folder / "matrix", seed=1)
        result = hunt(folder / "matrix")
        of_their_own = len(result.findings)
        result = replace(result, findings=Findings(_told_again(result.findings)))
        begin = time.perf_counter()
        (folder / "case.json").write_text(dump(result))
        saved = load(folder / "case.json").result
        yield Result("result saved and read back", time.perf_counter() - begin, "s", note=f"{FINDINGS} findings")
        begin = time.perf_counter()
        page = folder / "case.html"
        page.write_text(write_page(Saved(saved, ""), [folder]))
        note = f"{of_their_own} findings of their own, raw events read again from their files"
        yield Result("report written", time.perf_counter() - begin, "s", note=note)
        yield Result("report's size", page.stat().st_size / 1e6, "MB", AT_MOST_MEGABYTES)
        yield from _in_chromium(page)


def _told_again(findings: Findings) -> Iterator[Finding]:
    for number, finding in zip(range(FINDINGS), itertools.cycle(findings), strict=False):
        again = timedelta(days=number // len(findings))
        first, last = finding.first_time, finding.last_time
        yield replace(
            finding,
            id=f"{number:016x}",
            first_time=first + again if first else None,
            last_time=last + again if last else None,
        )


def _in_chromium(page: Path) -> Iterator[Result]:
    path = shutil.which("chromium")
    if path is None:
        yield Result("drawn by Chromium", 0, "s", note="not measured: there is no chromium here")
        return
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  only where there is a browser to drive

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        drawn, searched = [], []
        for _ in range(3):
            opened: Any = browser.new_page()
            begin = time.perf_counter()
            opened.goto(page.as_uri())
            opened.wait_for_function(f"document.querySelectorAll('.dot').length === {FINDINGS}")
            drawn.append(time.perf_counter() - begin)
            begin = time.perf_counter()
            opened.locator("#search").fill("cmd.exe")
            opened.wait_for_function("document.getElementById('matching').textContent.includes(' of ')")
            searched.append(time.perf_counter() - begin)
            opened.close()
        browser.close()
    yield Result("drawn by Chromium", min(drawn), "s", AT_MOST_SECONDS, note="best of 3")
    yield Result("searched for the first time", min(searched), "s", note="best of 3")
