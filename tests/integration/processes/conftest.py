"""Homes for the tests of processes."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sutazai.bootstrap.processes.accounts import server_account
from sutazai.bootstrap.processes.cluster import ensure_cluster
from tests.support.postgres import private_folder


@pytest.fixture(scope="session")
def made_cluster() -> Iterator[Path]:
    """Give a data folder as a first start makes it; initdb syncs for seconds on a busy disk."""
    with private_folder() as folder:
        ensure_cluster(folder / "postgres", server_account())
        yield folder / "postgres"


@pytest.fixture
def new_root() -> Iterator[Path]:
    """Give a home that was never started."""
    with private_folder() as folder:
        yield folder


@pytest.fixture
def root(new_root: Path, made_cluster: Path) -> Path:
    """Give a home whose data folder is made already."""
    subprocess.run(["cp", "-a", str(made_cluster), str(new_root / "postgres")], check=True)
    return new_root
