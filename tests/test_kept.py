"""Work kept from run to run: what is found is what was kept, and nobody else's."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import orjson
import pytest

from tiercel import kept
from tiercel.kept import KeptFiles, maker_of
from tiercel.rules import document, read_catalog
from tiercel.rules.document import read_document

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """# A title
**ID:** x
## Detection
```kusto
T | take 1
```
| a | b |
|---|---|
| 1 | 2 |

- one
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TIERCEL_CACHE", str(tmp_path))
    return tmp_path / "documents"


def test_a_document_comes_back_as_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = read_document(TEXT)
    assert len(list(folder.iterdir())) == 1
    monkeypatch.setitem(sys.modules, "tiercel.rules.markdown", None)  # it is not parsed again
    assert read_document(TEXT) == first
    with pytest.raises(ImportError):
        read_document(TEXT + "\n")


def test_the_catalogue_is_the_same_from_the_folder(folder: Path) -> None:
    parsed = read_catalog()
    assert len(list(folder.iterdir())) >= len(parsed.rules)
    assert read_catalog() == parsed


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff", b'{"title": 1}', b'{"title": "x", "title_line": "1"}', b"[" * 5000],
)
def test_a_damaged_file_means_that_the_document_is_parsed_again(folder: Path, content: bytes) -> None:
    first = read_document(TEXT)
    (file,) = folder.iterdir()
    file.write_bytes(content)
    assert read_document(TEXT) == first
    assert file.read_bytes() != content


def test_another_version_does_not_find_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_document(TEXT)
    monkeypatch.setattr(document, "_maker", lambda: "another")
    read_document(TEXT)
    assert len(list(folder.iterdir())) == 2


def test_a_maker_is_told_by_its_files_and_what_they_use(monkeypatch: pytest.MonkeyPatch) -> None:
    first = maker_of(("rules",), ("markdown-it-py",))
    assert maker_of(("rules",), ("markdown-it-py",)) == first
    assert maker_of(("kql",), ("markdown-it-py",)) != first
    monkeypatch.setattr(kept, "version", lambda name: "0" if name == "markdown-it-py" else "1")
    assert maker_of(("rules",), ("markdown-it-py",)) not in {first, maker_of(("rules",), ())}


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has no such rights")
@pytest.mark.parametrize("which", ["file", "folder"])
def test_what_others_could_have_written_is_passed_over(tmp_path: Path, which: str) -> None:
    files = KeptFiles(tmp_path / "own")
    files.keep("x", {"a": 1})
    assert files.find("x") == {"a": 1}
    (tmp_path / "own" / "x.json" if which == "file" else tmp_path / "own").chmod(0o777)
    assert files.find("x") is None


def test_a_file_of_no_reasonable_size_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = KeptFiles(tmp_path)
    files.keep("x", "y" * 100)
    monkeypatch.setattr(kept, "_LARGEST", 50)
    assert files.find("x") is None


def test_nothing_is_kept_where_it_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for files in (KeptFiles(None), KeptFiles(tmp_path / "file" / "folder")):
        files.keep("x", 1)
        assert files.find("x") is None
    files = KeptFiles(tmp_path / "own")
    files.keep("x", "\ud800")
    assert files.find("x") is None


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = KeptFiles(tmp_path)
    files.keep("x", {"a": 1})
    monkeypatch.setattr(kept.Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("the disk is full")))
    files.keep("x", {"a": 2})
    assert orjson.loads((tmp_path / "x.json").read_bytes()) == {"a": 1}
