"""Pages to look at, and a browser to look with."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.report import samples

from tiercel.report import write_page
from tiercel.saved import Saved

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def written(result, folder: Path, name: str) -> Path:
    """The report of a result as a file."""
    path = folder / f"{name}.html"
    path.write_text(write_page(Saved(result, ""), [folder]), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def pages(tmp_path_factory) -> Path:
    """A folder with the pages of every sample, and a log that holds some of their raw events."""
    folder = tmp_path_factory.mktemp("reports")
    (folder / "logs").mkdir()
    lines = "".join(
        f'{{"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "n": {n}}}\n' for n in range(205)
    )
    (folder / "logs" / "winlogbeat.ndjson").write_text(lines + '{"EventID": 1, "x": "</script>\\u202e<b>"}\n')
    written(samples.full(), folder, "full")
    written(samples.hostile(), folder, "hostile")
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, driven by playwright; a skip where there is none, a failure where one is required."""
    path = shutil.which("chromium") or "/usr/bin/chromium"
    if not Path(path).exists():
        message = "there is no chromium here; apt-get install chromium"
        if os.environ.get("TIERCEL_REQUIRE_CHROMIUM") == "1":
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  only where there is a browser to drive

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()
