"""What every storage has to do, wherever it is: the log rests on it."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.remote.writer import batch

from tiercel.errors import InputError, UsageError
from tiercel.tables.lake.storage import storage_at
from tiercel.tables.places import is_url, located

pytestmark = pytest.mark.xdist_group("remote")  # one server for all of them


@pytest.fixture(params=["folder", "memory", "s3"])
def storage(request, tmp_path):
    if request.param == "s3":
        return storage_at(request.getfixturevalue("lake"))
    return storage_at(tmp_path / "lake" if request.param == "folder" else f"memory://{uuid.uuid4().hex}/a/lake")


def test_what_is_put_is_read_and_replaced_and_removed(storage):
    storage.put("_tiercel/a.json", b"one", "me")
    storage.put("_tiercel/a.json", b"two", "me")
    assert storage.exists("_tiercel/a.json")
    assert not storage.exists("_tiercel/b.json")
    assert list(storage.read_all(["_tiercel/a.json"] * 3)) == [b"two"] * 3
    storage.remove("_tiercel/a.json")
    storage.remove("_tiercel/a.json")
    assert not storage.exists("_tiercel/a.json")
    with pytest.raises(InputError, match=r"a\.json"):
        storage.read("_tiercel/a.json")


def test_of_many_who_claim_a_number_at_once_one_gets_it(storage):
    with ThreadPoolExecutor(4) as pool:
        for number in range(3):
            claims = [pool.submit(storage.put_if_absent, f"c/{number}", "r", bytes([me]), f"w{me}") for me in range(4)]
            won = [me for me, claim in enumerate(claims) if claim.result()]
            assert len(won) == 1
            assert storage.read(f"c/{number}/r") == bytes(won)
    assert storage.names("c") == ["0", "1", "2"]


def test_staged_files_are_placed_whole_and_can_be_found(storage):
    stage = storage.stage("me")
    names = ["T/day=2026-03-14/a.parquet", "T/day=2026-03-14/b.parquet", "T/day=2026-03-15/c.parquet"]
    for number, _ in enumerate(names):
        pq.write_table(pa.Table.from_batches([batch(number)]), stage / f"{number}.parquet")
    lengths = [(stage / f"{number}.parquet").stat().st_size for number, _ in enumerate(names)]
    storage.place([stage / f"{number}.parquet" for number, _ in enumerate(names)], names)
    storage.unstage("me")
    assert not stage.exists()
    assert sorted(storage.parts()) == names
    assert storage.sizes(names) == lengths
    assert isinstance(storage.sizes(["T/day=2026-03-15/none.parquet"])[0], str)
    assert storage.names("T") == ["day=2026-03-14", "day=2026-03-15"]
    with pq.ParquetFile(storage.source(names[2])) as file:
        assert file.read(["ReportId"]).column(0).to_pylist() == [2] * 40
    assert storage.changed(names[0]) > 1.7e9
    assert storage.changed("T/day=2026-03-15/none.parquet") is None
    storage.discard("T/day=2026-03-14")
    assert list(storage.parts()) == names[2:]
    assert storage.names("nowhere") == []


def test_an_answer_that_was_lost_on_the_way_is_not_taken_for_another_writers(monkeypatch):
    """The client asks again after a cut, and meets what its own first request has put."""
    import obstore  # noqa: PLC0415  patched for this test
    from obstore.exceptions import AlreadyExistsError  # noqa: PLC0415  as above

    put = obstore.put

    def twice(*given, **named):
        put(*given, **named)
        raise AlreadyExistsError("it is there")

    storage = storage_at(f"memory://{uuid.uuid4().hex}/lake")
    monkeypatch.setattr(obstore, "put", twice)
    assert storage.put_if_absent("c/1", "r", b"mine", "me")
    monkeypatch.setattr(obstore, "put", put)
    assert not storage.put_if_absent("c/1", "r", b"another's", "me")


def test_a_place_is_a_path_or_a_url_that_can_be_read(tmp_path):
    assert located(f"file://{tmp_path}") == tmp_path
    assert located("s3://bucket/a b") == "s3://bucket/a b"
    assert not is_url(str(tmp_path))
    assert not is_url("file:///lake")
    with pytest.raises(UsageError, match="is no URL that can be read"):
        located("http://host/lake")
    with pytest.raises(UsageError, match="names no bucket"):
        storage_at("s3:///lake")
    with pytest.raises(UsageError, match="give it as text"):
        located(tmp_path.__class__("s3://bucket/lake"))
