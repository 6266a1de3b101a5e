"""The reader of event streams, by the examples and rules of the HTML standard."""

import pytest

from sutazai.entrypoints.cli.sse import EventStreamParser, ServerEvent


def read(*pieces: bytes) -> list[ServerEvent]:
    parser = EventStreamParser()
    return [event for piece in pieces for event in parser.feed(piece)]


def test_type_data_and_id_of_an_event() -> None:
    assert read(b"event: run.started\nid: 7\ndata: {}\n\n") == [
        ServerEvent("run.started", "{}", "7")
    ]


def test_lines_of_data_are_joined() -> None:
    assert read(b"data: YHOO\ndata: +2\ndata: 10\n\n")[0].data == "YHOO\n+2\n10"


def test_comments_are_passed_over() -> None:
    assert read(b": ping\n\n: another\ndata: x\n: in between\n\n") == [ServerEvent("message", "x")]


def test_one_space_after_the_colon_is_dropped_and_no_more() -> None:
    assert [event.data for event in read(b"data:a\n\ndata: a\n\ndata:  a\n\n")] == ["a", "a", " a"]


def test_a_field_without_a_colon_is_empty() -> None:
    assert [event.data for event in read(b"data\n\ndata\ndata\n\ndata:")] == ["", "\n"]


def test_an_event_without_data_is_none() -> None:
    assert read(b"event: nothing\nid: 3\n\ndata: x\n\n") == [ServerEvent("message", "x", None)]


def test_the_id_is_that_of_the_very_event() -> None:
    assert [event.id for event in read(b"id: 1\ndata: a\n\ndata: b\n\n")] == ["1", None]


def test_an_id_with_a_zero_byte_and_unknown_fields_are_ignored() -> None:
    assert read(b"id: 1\0\nretry: 10\nwhat: x\ndata: a\n\n") == [ServerEvent("message", "a", None)]


def test_what_no_blank_line_ended_is_no_event() -> None:
    assert read(b"data: whole\n\ndata: cut") == [ServerEvent("message", "whole")]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
def test_every_line_ending_and_every_cut_reads_the_same(end: bytes) -> None:
    stream = "id: 1|data: é€𝄞|data: two||: ping||event: b|data: x||".encode().replace(b"|", end)
    expected = [ServerEvent("message", "é€𝄞\ntwo", "1"), ServerEvent("b", "x")]
    for size in range(1, len(stream) + 1):
        pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
        assert read(*pieces) == expected, f"in pieces of {size}"


def test_a_byte_order_mark_at_the_start_is_dropped() -> None:
    assert read(b"\xef\xbb", b"\xbfdata: a\n\n") == [ServerEvent("message", "a")]
