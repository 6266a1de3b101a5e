"""Where live text fits into one watcher's stream: every order of what may happen, and its laws."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from sutazai.core.runs.live import NOTHING, Standing, TextGiven, Told
from sutazai_contracts.events import Event, EventType
from sutazai_contracts.frames import Frame, StepReset, StepText
from sutazai_kit.live.port import LiveText

RUN, TASK = uuid4(), uuid4()
AT = datetime(2026, 11, 20, tzinfo=UTC)


def event(seq: int, kind: str, attempt: int = 1, task: UUID = TASK) -> Event:
    data = {"task": str(task), "step": "write", "attempt": attempt}
    return Event(run=RUN, seq=seq, type=EventType(kind), at=AT, data=data)


def frame(attempt: int, offset: int, text: str, revision: int = 0) -> Frame:
    return Frame(
        task=TASK,
        run=RUN,
        step="write",
        attempt=attempt,
        revision=revision,
        offset=offset,
        text=text,
    )


class Watch:
    """One watcher's stream over texts that a test changes."""

    def __init__(self, standing: Standing = NOTHING) -> None:
        self.texts: dict[UUID, LiveText] = {}
        self.given = TextGiven(self.texts, standing)
        self.told: list[Told] = []

    def say(self, attempt: int, offset: int, text: str, revision: int = 0) -> None:
        self.texts.setdefault(TASK, LiveText()).take(frame(attempt, offset, text, revision))

    def event(self, event: Event) -> None:
        self.told += self.given.before(event)
        self.told.append(event)
        self.told += self.given.after(event)

    def look(self) -> None:
        self.told += self.given.fresh()

    def shown(self) -> list[str]:
        return [_short(told) for told in self.told]


def _short(told: Told) -> str:
    match told:
        case Event():
            return f"{told.type.value.removeprefix('step.')} {told.data['attempt']}"
        case StepText():
            return f"{told.attempt}@{told.offset}:{told.text}"
        case StepReset():
            return f"reset {told.attempt}" + (f".{told.revision}" if told.revision else "")


def test_text_waits_for_the_start_of_its_attempt() -> None:
    watch = Watch()
    watch.say(1, 0, "early")
    watch.look()
    watch.event(event(1, "step.ready", 0))
    watch.look()
    assert watch.shown() == ["ready 0"]
    watch.event(event(2, "step.started"))
    watch.look()
    watch.look()
    assert watch.shown() == ["ready 0", "started 1", "1@0:early"]


def test_what_was_not_given_yet_goes_before_the_end_and_nothing_after_it() -> None:
    watch = Watch()
    watch.event(event(1, "step.started"))
    watch.say(1, 0, "all")
    watch.event(event(2, "step.succeeded"))
    watch.say(1, 3, " and more")
    watch.look()
    assert watch.shown() == ["started 1", "1@0:all", "succeeded 1"]


def test_a_failed_attempt_is_void_once_the_next_begins() -> None:
    watch = Watch()
    watch.event(event(1, "step.started"))
    watch.say(1, 0, "one")
    watch.look()
    watch.event(event(2, "step.failed"))
    watch.say(1, 3, " goes on")
    watch.look()
    watch.event(event(3, "step.started", 2))
    watch.say(2, 0, "two")
    watch.say(1, 3, " still")
    watch.look()
    assert watch.shown() == ["started 1", "1@0:one", "failed 1", "started 2", "reset 2", "2@0:two"]


def test_a_next_attempt_that_says_nothing_yet_voids_the_text_at_once() -> None:
    watch = Watch()
    watch.event(event(1, "step.started"))
    watch.say(1, 0, "one")
    watch.event(event(2, "step.failed"))
    watch.event(event(3, "step.started", 2))
    assert watch.shown()[-1] == "reset 2"
    watch.say(2, 0, "two")
    watch.look()
    assert watch.shown().count("reset 2") == 1


def test_a_revision_is_given_after_a_reset_and_before_the_end() -> None:
    watch = Watch()
    watch.event(event(1, "step.started"))
    watch.say(1, 0, "draft")
    watch.look()
    watch.say(1, 0, "final", 1)
    watch.event(event(2, "step.succeeded"))
    assert watch.shown() == ["started 1", "1@0:draft", "reset 1.1", "1@0:final", "succeeded 1"]


def test_a_revision_that_takes_all_back_is_a_reset() -> None:
    watch = Watch()
    watch.event(event(1, "step.started"))
    watch.say(1, 0, "draft")
    watch.look()
    watch.say(1, 0, "", 1)
    watch.look()
    watch.look()
    assert watch.shown()[2:] == ["reset 1.1"]


def test_who_comes_after_a_revision_or_resumes_gets_it_after_a_reset() -> None:
    late, resumed = Watch(), Watch(Standing(5, {TASK: 1}))
    late.event(event(1, "step.started"))
    for watch in (late, resumed):
        watch.say(1, 0, "draft")
        watch.say(1, 0, "final", 1)
        watch.given.reach(5)
        watch.look()
        watch.look()
        assert watch.shown()[-2:] == ["reset 1.1", "1@0:final"]


def test_the_attempt_after_a_revised_one_begins_anew() -> None:
    watch = Watch()
    watch.event(event(1, "step.started"))
    watch.say(1, 0, "final", 3)
    watch.look()
    watch.event(event(2, "step.failed"))
    watch.event(event(3, "step.started", 2))
    watch.say(2, 0, "two")
    watch.look()
    assert watch.shown()[-2:] == ["reset 2", "2@0:two"]


def test_text_of_the_next_attempt_does_not_come_before_the_end_of_the_last() -> None:
    watch = Watch()
    watch.event(event(1, "step.started"))
    watch.say(2, 0, "two")
    watch.look()
    watch.event(event(2, "step.failed"))
    watch.look()
    assert watch.shown() == ["started 1", "failed 1"]
    watch.event(event(3, "step.started", 2))
    watch.look()
    assert watch.shown()[2:] == ["started 2", "reset 2", "2@0:two"]


def test_a_stream_resumed_amid_an_attempt_gets_the_text_so_far() -> None:
    watch = Watch(Standing(5, {TASK: 1}))
    watch.say(1, 0, "so far")
    watch.given.reach(4)
    watch.look()
    assert watch.shown() == []
    watch.given.reach(5)
    watch.look()
    watch.event(event(6, "step.succeeded"))
    assert watch.shown() == ["1@0:so far", "succeeded 1"]


def test_a_stream_resumed_after_a_start_it_may_not_have_heard_the_reset_of_hears_it() -> None:
    watch = Watch(Standing(5, {TASK: 2}))
    watch.say(2, 0, "so far")
    watch.given.reach(5)
    watch.look()
    assert watch.shown() == ["reset 2", "2@0:so far"]


def test_an_attempt_that_ended_since_the_record_was_read_is_not_taken_up_again() -> None:
    watch = Watch(Standing(5, {TASK: 1}))
    watch.say(1, 0, "so far")
    watch.event(event(5, "step.progress"))
    watch.event(event(6, "step.succeeded"))
    watch.given.reach(6)
    watch.say(1, 6, " late")
    watch.look()
    assert watch.shown() == ["progress 1", "1@0:so far", "succeeded 1"]


def test_a_gap_shows_by_the_offset() -> None:
    watch = Watch()
    watch.event(event(1, "step.started"))
    watch.say(1, 0, "abc")
    watch.look()
    watch.say(1, 9, "xyz")
    watch.look()
    assert watch.shown()[1:] == ["1@0:abc", "1@9:xyz"]


def test_events_without_a_task_say_nothing_of_text() -> None:
    watch = Watch()
    bare = Event(run=RUN, seq=1, type=EventType.RUN_STARTED, at=AT, data={"attempt": 1})
    assert [*watch.given.before(bare), *watch.given.after(bare)] == []


DEEDS = st.lists(
    st.sampled_from(
        ["say", "revise", "late", "look", "look", "start", "fail", "succeed", "progress"]
    ),
    max_size=40,
)


@given(deeds=DEEDS)
def test_in_whatever_order_things_happen_the_laws_hold(deeds: Iterable[str]) -> None:
    watch, attempt, at_work, said, revision = Watch(), 0, False, 0, 0
    for seq, deed in enumerate(deeds, 1):
        match deed:
            case "say" if at_work:
                watch.say(attempt, said, f"{attempt}{said % 10}", revision)
                said += 2
            case "revise" if at_work:
                revision, said = revision + 1, 0
                watch.say(attempt, 0, "", revision)
            case "late" if attempt > 1:
                watch.say(attempt - 1, 0, "of a zombie")
            case "look":
                watch.look()
            case "start" if not at_work:
                attempt, at_work, said, revision = attempt + 1, True, 0, 0
                watch.event(event(seq, "step.started", attempt))
            case "fail" | "succeed" if at_work:
                at_work = False
                kind = "step.failed" if deed == "fail" else "step.succeeded"
                watch.event(event(seq, kind, attempt))
            case "progress" if at_work:
                watch.event(event(seq, "step.progress", attempt))
    watch.look()
    _check(watch.told)
    if at_work:
        newest = [
            told.text
            for told in watch.told
            if isinstance(told, StepText) and (told.attempt, told.revision) == (attempt, revision)
        ]
        assert len("".join(newest)) == said


def _check(stream: Iterable[Told]) -> None:
    """See that text lies between its attempt's start and end, whole, and void once reset."""
    open_attempt, shown, version_shown = 0, "", (1, 0)
    for told in stream:
        match told:
            case Event(type=EventType.STEP_STARTED):
                open_attempt = told.data["attempt"]
            case Event(type=EventType.STEP_SUCCEEDED | EventType.STEP_FAILED):
                open_attempt = 0
            case StepReset():
                assert told.attempt == open_attempt
                assert (told.attempt, told.revision) > version_shown
                shown, version_shown = "", (told.attempt, told.revision)
            case StepText():
                assert told.attempt == open_attempt
                assert version_shown == (told.attempt, told.revision), "no reset before"
                assert told.offset == len(shown)
                shown += told.text
