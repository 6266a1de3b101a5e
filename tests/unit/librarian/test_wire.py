"""What a child says is taken for what it may be: anything."""

import json
import socket
import threading

import pytest

from sutazai_agents.documents import wire
from sutazai_agents.documents.__main__ import serve
from sutazai_agents.documents.limits import Limits, peak_memory
from sutazai_agents.documents.parsed import Block, Parsed
from tests.unit.librarian import pdfs

PARSED = Parsed(
    "Title\n\nwörds 👋",
    "text/markdown",
    "Title",
    (Block(0, 5, ("Title",), "heading"), Block(7, 14, ("Title",), "paragraph")),
    3,
    ("page 2 is missing",),
)


def bodies(parsed: Parsed) -> list[bytes]:
    return [each[wire.HEAD.size :] for each in wire.parsed_frames(parsed, last=True)]


def test_a_document_travels() -> None:
    text, blocks, head = bodies(PARSED)
    assert wire.read_parsed(text, blocks, head) == (PARSED, True)
    untitled = Parsed("x", "text/plain", None, (Block(0, 1, (), "code"),))
    assert wire.read_parsed(*bodies(untitled))[0] == untitled


def test_a_refusal_travels() -> None:
    frame = wire.refused_frame("Too “odd”.", last=False)
    assert wire.refusal(frame[wire.HEAD.size :]) == ("Too “odd”.", False)
    assert wire.refusal(b"") == ("", True)


TEXT, BLOCKS, HEAD = bodies(PARSED)


@pytest.mark.parametrize(
    ("text", "blocks", "head"),
    [
        (b"\xff", BLOCKS, HEAD),
        (b"short", BLOCKS, HEAD),
        (TEXT, BLOCKS * 2, HEAD),
        (TEXT, BLOCKS[:-1], HEAD),
        (TEXT, BLOCKS.replace(b"\x00\x00\x00\x05", b"\x00\x00\x00\x00"), HEAD),
        (TEXT, BLOCKS[:-1] + b"\x09", HEAD),
        (TEXT, BLOCKS, b"{}"),
        (TEXT, BLOCKS, b"[1]"),
        (TEXT, BLOCKS, b"\x00"),
        (TEXT, BLOCKS, HEAD.replace(b'[["Title"]]', b"[]")),
        (TEXT, BLOCKS, HEAD.replace(b'[["Title"]]', b"[[1]]")),
        (TEXT, BLOCKS, HEAD.replace(b'"text/markdown"', b"7")),
    ],
)
def test_what_does_not_fit_together_is_seen(text: bytes, blocks: bytes, head: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of many parts, each with its own words
        wire.read_parsed(text, blocks, head)


def asked(*documents: tuple[str, bytes], kept: int = 2**40) -> list[tuple[bytes, bytes]]:
    """Serve documents in a thread, as the child does, and give its frames."""
    ours, theirs = socket.socketpair()
    serving = threading.Thread(target=serve, args=(theirs, Limits(documents=2, kept=kept)))
    with ours, theirs:
        serving.start()
        for name, data in documents:
            ours.sendall(wire.frame(wire.NAME, name.encode()) + wire.frame(wire.DATA, data))
        ours.shutdown(socket.SHUT_WR)
        serving.join()
        theirs.shutdown(socket.SHUT_WR)
        said = b"".join(iter(lambda: ours.recv(65536), b""))
    frames = []
    while said:
        kind, length = wire.HEAD.unpack_from(said)
        frames.append((kind, said[wire.HEAD.size : wire.HEAD.size + length]))
        said = said[wire.HEAD.size + length :]
    return frames


@pytest.fixture
def unbounded_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the limit on computing off the process of the tests."""
    monkeypatch.setattr("sutazai_agents.documents.__main__.allow_cpu", lambda seconds: None)


@pytest.mark.usefixtures("unbounded_cpu")
def test_a_child_answers() -> None:
    frames = asked(("a.txt", b"text"), ("b.bin", b"\x7fELF"), ("c.txt", b"one more"))
    assert [kind for kind, _ in frames] == [
        wire.TAKEN, wire.TEXT, wire.BLOCKS, wire.DONE, wire.TAKEN, wire.REFUSED,
    ]  # fmt: skip
    assert json.loads(frames[3][1])["last"] is False
    assert wire.refusal(frames[5][1])[1] is True


@pytest.mark.usefixtures("unbounded_cpu")
def test_a_child_that_has_grown_says_so() -> None:
    [*_, (kind, head)] = asked(("a.txt", b"text"), ("b.txt", b"text"), kept=1)
    assert (kind, json.loads(head)["last"]) == (wire.DONE, True)


@pytest.mark.usefixtures("unbounded_cpu")
def test_a_child_tells_of_pages_and_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sutazai_agents.documents.__main__._TELL_EVERY_S", 0.0)
    frames = asked(("a.pdf", pdfs.pages(["one"], ["two"])))
    assert [wire.pages(body) for kind, body in frames if kind == wire.PAGE] == [(1, 2), (2, 2)]

    def exhausted(*_: object) -> Parsed:
        raise MemoryError

    monkeypatch.setattr("sutazai_agents.documents.__main__.parse", exhausted)
    assert asked(("a.txt", b"text"), ("b.txt", b"x"))[1:] == [(wire.TOO_LARGE, b"")]


@pytest.mark.usefixtures("unbounded_cpu")
def test_what_is_no_request_ends_it() -> None:
    assert asked() == []
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(wire.frame(wire.DATA, b"text") * 2)
        serve(theirs, Limits())
        theirs.shutdown(socket.SHUT_WR)
        assert ours.recv(1) == b""


def test_memory_is_told_in_bytes() -> None:
    assert peak_memory() > 10 * 1024 * 1024
