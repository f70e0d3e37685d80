"""What every test may ask for: the real captures, and the reference data that lies beside them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("TIERCEL_CACHE", str(ROOT / "out" / "cache"))  # tests leave the user's own folders alone


def real_data_folder() -> Path:
    """The folder of public captures: TIERCEL_REAL_DATA, or the default beside the checkout."""
    named = os.environ.get("TIERCEL_REAL_DATA") or "../shared/telemetry"
    return (ROOT / named).resolve()


def require(path: Path) -> Path:
    """The path if it is there; else a skip with the reason, or a failure where real data is required."""
    if path.exists():
        return path
    message = f"{path} is not there; set TIERCEL_REAL_DATA to the folder of captures"
    if os.environ.get("TIERCEL_REQUIRE_REAL_DATA") == "1":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of public captures with their labels.json."""
    return require(real_data_folder())


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of reference data: schemas, worked KQL examples."""
    return require(real_data_folder().parent / "reference")


@pytest.fixture(scope="session")
def conformance() -> Path:
    """The folder of queries with the rows that the Kusto emulator returned."""
    return require(real_data_folder().parent / "conformance")
