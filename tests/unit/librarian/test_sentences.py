"""Sentences end where a reader says so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sutazai_agents.sentences import characters, sentences, whole_lines, words


def cut(text: str) -> list[str]:
    return [text[start:end].strip() for start, end in sentences(text, 0, len(text))]


@pytest.mark.parametrize(
    "expected",
    [
        ["One sentence.", "Another one!", "A third?", "The end"],
        ["See e.g. the list, i.e. this one, cf. Fig. 3 and Dr. Smith.", "Next."],
        ["Python 3.11 and v2.0.1 are at https://example.org/a.b?c=d. now.", "Ok."],
        ["J. R. R. Tolkien wrote it.", "We read it."],
        ["He said “Stop!”", "She (alone.)", "They *left*.", "Done."],
        ["Wait... what?", "Yes…", "No."],
        ["It costs 3 Euro.", "5 are left."],
        ["1. A numbered item.", "It goes on."],
        ["这是一个句子。", "还有一个！", "「好。」", "完"],
        ["مرحبا بالعالم.", "جملة ثانية."],
        ["no end at all"],
        ["soft\nwrapped line.", "Next\nline."],
    ],
    ids=lambda expected: expected[0][:20],
)
def test_sentences(expected: list[str]) -> None:
    joint = "" if "。" in expected[0] else " "
    assert cut(joint.join(expected)) == expected


@given(
    st.text(alphabet=st.sampled_from("ab A1.!?。\n\t\u200d👋\u0301*)\u00a0"), max_size=80),
    st.data(),
)
def test_cuts_leave_no_gap(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    size = data.draw(st.integers(1, 9))
    for spans in (
        list(sentences(text, start, end)),
        list(whole_lines(text, start, end)),
        list(words(text, start, end)),
        list(characters(text, start, end, size)),
    ):
        at = start
        for begin, stop in spans:
            assert at == begin < stop
            at = stop
        assert at == end


def test_what_is_drawn_as_one_stays_together() -> None:
    family, skin, accent = "👩\u200d👩\u200d👧", "👋🏽", "e\u0301"
    text = (family + skin + accent) * 5
    for start, end in characters(text, 0, len(text), 7):
        assert text[start:end].strip("\u200d🏽\u0301") == text[start:end] or text[start] in "👩👋e"
        assert text[start] in "👩👋e👧"


def test_long_runs_of_marks_are_linear() -> None:
    text = "." * 200_000 + "!" * 200_000 + '"' * 200_000
    assert len(list(sentences(text, 0, len(text)))) == 1
