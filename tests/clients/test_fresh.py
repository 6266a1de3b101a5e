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


@pytest.mark.requirement("H4", part="the types compile, strict, with code that uses them")
def test_the_types_hold_for_a_compiler() -> None:
    npm = shutil.which("npm")
    if npm is None or not (TYPESCRIPT / "node_modules").is_dir():
        pytest.skip("no TypeScript compiler here: `make clients` brings it, where npm is")
    done = subprocess.run(
        [npm, "run", "--silent", "check"], cwd=TYPESCRIPT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
