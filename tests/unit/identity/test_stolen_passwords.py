"""The list of stolen passwords: what is in it, and how it is made."""

import hashlib
import io
import tarfile
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest

from requirements import stolen_passwords as recipe
from sutazai.core.identity.guessed import KEPT, LIST, is_common, kept

ROOT = Path(__file__).parents[3]
LISTED = files("sutazai.core.identity").joinpath(LIST).read_bytes
COUNT = 43_534


def archive(text: str, member: str = recipe.MEMBER) -> bytes:
    """Pack a package of one list."""
    packed, read = io.BytesIO(), text.encode()
    with tarfile.open(fileobj=packed, mode="w:gz") as package:
        entry = tarfile.TarInfo(member)
        entry.size = len(read)
        package.addfile(entry, io.BytesIO(read))
    return packed.getvalue()


def test_the_list_is_the_one_that_the_recipe_makes() -> None:
    assert hashlib.sha256(LISTED()).hexdigest() == recipe.LIST_SHA256


def test_the_list_is_whole_sorted_and_has_nothing_twice() -> None:
    listed = LISTED()
    entries = [listed[at : at + KEPT] for at in range(0, len(listed), KEPT)]
    assert len(listed) == COUNT * KEPT
    assert all(one < other for one, other in pairwise(entries))


def test_the_documents_give_its_count() -> None:
    said = f"{COUNT:,}".replace(",", " ")
    page = (ROOT / "docs" / "reference" / "security.md").read_text("utf-8")
    assert said in page
    assert said in (is_common.__doc__ or "")
    assert recipe.PACKAGE.replace("@", " ") in " ".join(page.split())


@pytest.mark.parametrize(
    "password", ["1qaz2wsx3edc", "UNBELIEVABLE", "ewgWEGweWgwg", "123456789101112"]
)
def test_what_is_known(password: str) -> None:
    assert is_common(password)


@pytest.mark.parametrize(
    "password",
    [
        *("password", "qwertyuiop", "trustno1"),  # too short to be looked up
        *("111111111111", "121212121212"),  # the same characters over and over
        *("1qaz2wsx3edc ", "the grey horse ate my hat"),
    ],
)
def test_what_is_not_known(password: str) -> None:
    assert not is_common(password)


def test_a_list_is_packed_without_what_other_checks_refuse() -> None:
    packed = recipe.pack(
        [
            "Correct Horse",
            "correct horse",
            "ZZZ111zzz222",
            "too short",
            "aabbccaabbcc",
            "",
            "ÆÐÞßÆÐÞßÆÐÞß",
        ]
    )
    expected = sorted(kept(word) for word in ("correct horse", "zzz111zzz222", "æðþssæðþssæðþss"))
    assert packed == b"".join(expected)
    assert recipe.pack([]) == b""


def test_a_package_is_read_by_its_lines() -> None:
    packed = archive("first of all\nwith\x85and\u2028in it\n")
    listed = recipe.unpack(packed, hashlib.sha256(packed).hexdigest())
    assert listed == ["first of all", "with\x85and\u2028in it", ""]


def test_another_package_is_refused() -> None:
    with pytest.raises(SystemExit, match="another than it was"):
        recipe.unpack(archive("correct horse\n"))


def test_without_npm_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="npm"):
        recipe.fetch()
