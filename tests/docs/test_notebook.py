"""The example notebook runs from top to bottom and finds what was planted."""

from __future__ import annotations

import os

import nbformat
from nbclient import NotebookClient
from tests.conftest import ROOT


def test_the_example_notebook_runs() -> None:
    notebook = nbformat.read(ROOT / "docs" / "notebooks" / "hunting.ipynb", as_version=4)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    shown = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])]
    pages = [data["text/html"] for data in shown if "text/html" in data]
    assert "2 findings" in pages[0]
    assert "T1021.003" in pages[0]
    assert len(pages) == 3
