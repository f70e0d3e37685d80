"""Stores of both kinds: a file, and a database of a real PostgreSQL that the tests start and stop."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path

import psycopg
import pytest

from tiercel.alerts import AlertStore

_DEBIAN = Path("/usr/lib/postgresql")


def _binaries() -> Path:
    """The folder with initdb: Debian's newest, or wherever PATH finds it."""
    versions = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda each: int(each.parent.parent.name))
    if versions:
        return versions[-1].parent
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    message = "no PostgreSQL on this machine (apt-get install postgresql)"
    if os.environ.get("TIERCEL_REQUIRE_POSTGRES") == "1":
        pytest.fail(message)
    pytest.skip(message)


def _as_server(command: list[str | Path], **options) -> subprocess.CompletedProcess[str]:
    """Run as a user that may run a server: PostgreSQL refuses root."""
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*prefix, *map(str, command)], text=True, capture_output=True, check=False, cwd="/", **options
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done


@pytest.fixture(scope="session")
def postgres_server():
    """The URL of a running server's own database."""
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="tiercel-pg-"))  # short: a socket's path may have 107 bytes
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        data = folder / "data"
        _as_server([binaries / "initdb", "-D", data, "-U", "tiercel", "--auth=trust", "--no-sync", "-E", "UTF8"])
        settings = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c timezone=Asia/Tokyo"
        log = folder / "log"
        # The server must not inherit our pipes: pg_ctl's output would then never end.
        _as_server([binaries / "pg_ctl", "-D", data, "-o", settings, "-l", log, "-w", "-s", "start"])
        try:
            yield f"postgresql://tiercel@/postgres?host={folder}"
        finally:
            _as_server([binaries / "pg_ctl", "-D", data, "-m", "immediate", "-w", "-s", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(postgres_server):
    """The name of a database with a store's tables, and nothing in them."""
    AlertStore.open(postgres_server.replace("/postgres?", "/template1?")).close()
    return "template1"


@pytest.fixture
def empty_postgres_url(postgres_server):
    """The URL of a database without tables."""
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute("CREATE DATABASE empty TEMPLATE template0")
    yield postgres_server.replace("/postgres?", "/empty?")
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute("DROP DATABASE empty WITH (FORCE)")


@pytest.fixture
def postgres_url(postgres_server, postgres_template):
    """The URL of an empty store."""
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    yield postgres_server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory):
    """A store's file with nothing in it."""
    path = tmp_path_factory.mktemp("store") / "empty.db"
    AlertStore.open(path).close()
    return path


@pytest.fixture
def sqlite_url(tmp_path, sqlite_template):
    """The URL of an empty store."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'alerts.db')}"


@pytest.fixture(params=["sqlite", "postgres"])
def url(request):
    """The URL of an empty store, of either kind."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def store(url):
    with AlertStore.open(url, timeout=10) as opened:
        yield opened
