"""Which files a walk takes, how they are named, and why others are left out."""

import os
from pathlib import Path

import pytest

from sutazai.entrypoints.cli.walk import Walk

LIMIT = 1000


def walk(*paths: Path) -> Walk:
    made = Walk(limit=LIMIT)
    for path in paths:
        made.add(path)
    return made


def reasons(made: Walk) -> dict[str, str]:
    return {skip.path.name: skip.reason for skip in made.skipped}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "docs"
    (root / "adr").mkdir(parents=True)
    (root / "adr" / "0001.md").write_text("# One")
    (root / "b.txt").write_text("b")
    (root / "a.html").write_text("<p>a")
    return root


def test_names_say_where_in_the_folder_a_file_lies(tree: Path) -> None:
    names = [file.name for file in walk(tree).files]
    assert names == ["docs:a.html", "docs:adr:0001.md", "docs:b.txt"]


def test_a_file_given_directly_has_its_own_name(tree: Path) -> None:
    assert [file.name for file in walk(tree / "adr" / "0001.md").files] == ["0001.md"]


def test_the_present_folder_has_its_real_name(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    assert walk(Path()).files[0].name == "docs:a.html"


def test_hidden_files_and_what_tools_made_are_left_out(tree: Path) -> None:
    (tree / ".git").mkdir()
    (tree / ".git" / "config").write_text("x")
    (tree / ".env").write_text("SECRET=1")
    for name in ("node_modules", "__pycache__", "venv", "target"):
        (tree / name).mkdir()
        (tree / name / "x.txt").write_text("x")
    (tree / "venv" / "pyvenv.cfg").write_text("home = x")
    made = walk(tree)
    assert "docs:target:x.txt" in [file.name for file in made.files]
    assert reasons(made) == {
        ".env": "hidden",
        ".git": "hidden",
        "__pycache__": "made by tools",
        "node_modules": "made by tools",
        "venv": "made by tools",
    }


def test_a_hidden_file_given_directly_is_taken(tree: Path) -> None:
    (tree / ".notes").write_text("mine")
    assert [file.name for file in walk(tree / ".notes").files] == [".notes"]


def test_links_are_followed_inside_the_folder_only(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text("secret")
    (tree / "out").symlink_to(tmp_path / "outside.txt")
    (tree / "up").symlink_to(tmp_path)
    (tree / "loop").symlink_to(tree / "adr")
    (tree / "gone").symlink_to(tree / "nothing")
    (tree / "zz-same.txt").symlink_to(tree / "b.txt")
    made = walk(tree)
    assert reasons(made) == {
        "out": "a link that leads out of the folder",
        "up": "a link that leads out of the folder",
        "loop": "a link to a folder of the same tree",
        "gone": "a link to nothing",
        "zz-same.txt": "named before",
    }


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \n\t", "blank"),
        (b"text\0more", "binary, not text"),
        (bytes(range(1, 9)) * 9, "binary, not text"),
        (b"PK\x03\x04...", "archives and office files other than DOCX are not read yet"),
        (b"{\\rtf1 ...", "RTF is not read yet"),
        (b"x" * (LIMIT + 1), "1001 bytes, more than 1000 bytes"),
    ],
)
def test_what_can_not_be_read_is_left_out_with_its_reason(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "file.txt"
    path.write_bytes(content)
    made = walk(path)
    assert [(skip.reason, skip.named) for skip in made.skipped] == [(reason, True)]
    assert made.files == []


@pytest.mark.parametrize(
    "content",
    [
        "naïve €".encode(),
        "naïve".encode("latin-1"),
        "text".encode("utf-16"),
        b"\x00\x00\xfe\xff" + "text".encode("utf-32-be"),
        b"\x1b[1mx",
        b"%PDF-1.7\n\x00\x01",
        b"PK\x03\x04\x00\x00word/document.xml",
    ],
    ids=["utf-8", "latin-1", "utf-16", "utf-32-be", "colours", "PDF", "DOCX"],
)
def test_text_in_any_encoding_pdf_and_docx_are_taken(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file.txt"
    path.write_bytes(content)
    assert [file.size for file in walk(path).files] == [len(content)]


def test_a_pipe_is_not_opened(tree: Path) -> None:
    os.mkfifo(tree / "pipe")
    assert reasons(walk(tree))["pipe"] == "not a regular file"


def test_two_files_of_one_name_are_not_mixed_up(tree: Path, tmp_path: Path) -> None:
    other = tmp_path / "b.txt"
    other.write_text("another b")
    made = walk(tree / "b.txt", other, tree / "b.txt")
    assert [file.path for file in made.files] == [tree / "b.txt"]
    assert [skip.reason for skip in made.skipped] == [
        f"its name is taken by {tree / 'b.txt'}; ingest the folder above both",
        "named before",
    ]
    assert [skip.named for skip in made.skipped] == [True, False]


def test_a_name_that_is_not_utf8_is_left_out(tree: Path) -> None:
    (tree / os.fsdecode(b"bad-\xff.txt")).write_text("x")
    made = walk(tree)
    assert [skip.reason for skip in made.skipped] == ["its name is not valid UTF-8"]


def test_a_file_that_is_gone_is_left_out(tmp_path: Path) -> None:
    made = walk(tmp_path / "gone.txt")
    assert made.skipped[0].reason.startswith("not readable (")
