"""Names of collections and files."""

import pytest

from sutazai.core.knowledge.names import check_collection_name, check_file_name
from sutazai_contracts.errors import InvalidInput


@pytest.mark.parametrize("name", ["a", "default", "0", "a-b_c", "a" * 63])
def test_a_collection_may_be_called(name: str) -> None:
    check_collection_name(name)


@pytest.mark.parametrize(
    "name", ["", "-a", "_a", "A", "a b", "a/b", "..", "a" * 64, "é", "a\n", "٣"]
)
def test_a_collection_may_not_be_called(name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_collection_name(name)
    assert refused.value.field == "name"


@pytest.mark.parametrize("name", ["a.txt", "no suffix", ".hidden", "…", "Grüße 你好.md", "x" * 255])
def test_a_file_may_be_called(name: str) -> None:
    check_file_name(name)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "missing"),
        (".", "path"),
        ("..", "path"),
        ("../../etc/passwd", "path"),
        ("C:\\autoexec.bat", "path"),
        ("a\x00b", "control"),
        ("a\nb.txt", "control"),
        ("a\x7fb", "control"),
        ("a\u2028b", "control"),
        ("a\ud800b", "control"),
        (" a.txt", "white space"),
        ("a.txt\u00a0", "white space"),
        ("x" * 256, "256 characters"),
    ],
)
def test_a_file_may_not_be_called(name: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as refused:
        check_file_name(name)
    assert refused.value.field == "file"
