"""A watcher that is killed again and again ends in the alerts of one hunt: `tests.watched_week` in short."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from tests.conftest import ROOT


def test_a_watched_day_of_kills_ends_in_the_alerts_of_one_hunt(tmp_path):
    day = ["--hosts", "10", "--days", "1", "--every", "240", "--attack", "dcom", "--attack", "scm"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.watched_week", *day, "--kills", "6", "--keep", tmp_path],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"[1-6] watchers were killed: .*'(import|rule|store|delivery)': \d", done.stdout)
    assert re.search(r"[1-9]\d* findings at once, [1-9]\d* alerts of the watcher, 0 of them twice\n", done.stdout)
    assert "0 lost, 0 unknown, 0 devices out of order" in done.stdout
    assert re.search(r"[1-9]\d* alerts told as new, 0 of them under two keys, 0 that stand were not\n", done.stdout)
