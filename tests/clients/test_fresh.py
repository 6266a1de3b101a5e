"""Both clients are of the present OpenAPI document, and the TypeScript types hold."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from sutazai.entrypoints.api.app import openapi_document

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / "clients"
TYPESCRIPT = CLIENTS / "typescript"


@pytest.mark.requirement("H4", part="types and client are of the present document")
def test_both_were_made_from_the_present_document() -> None:
    document = (ROOT / "docs" / "reference" / "openapi.json").read_bytes()
    recorded = (CLIENTS / "openapi.sha256").read_text().strip()
    assert hashlib.sha256(document).hexdigest() == recorded, "run `make clients`"


def test_every_operation_is_in_both() -> None:
    types = (TYPESCRIPT / "schema.d.ts").read_text()
    api = CLIENTS / "python" / "sutazai_client" / "api"
    python = {path.stem for path in api.rglob("*.py")}
    for path, operations in openapi_document()["paths"].items():
        assert f'"{path}": {{' in types
        for operation in operations.values():
            assert operation["operationId"] in python
            assert f'operations["{operation["operationId"]}"]' in types


@pytest.mark.faults  # it fetches a compiler
@pytest.mark.requirement("H4", part="the types compile, strict, with code that uses them")
def test_the_types_hold_for_a_compiler(tmp_path: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm here, which brings the TypeScript compiler")
    folder = tmp_path / "typescript"
    shutil.copytree(TYPESCRIPT, folder, ignore=shutil.ignore_patterns("node_modules"))
    fetched = subprocess.run([npm, "ci", "--silent"], cwd=folder, capture_output=True, text=True)
    if fetched.returncode != 0:
        pytest.skip(f"npm could not fetch the compiler: {fetched.stderr[-200:]}")
    done = subprocess.run(
        [npm, "run", "--silent", "check"], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
