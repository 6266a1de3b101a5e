"""The line's decisions: what holds for any calls that come, in made-up time."""

from dataclasses import replace
from random import Random
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sutazai.core.models.line import Line, LineRules, Ticket
from sutazai_contracts.errors import LineFull
from tests.unit.models.simulation import TENANTS, Job, Simulation

pytestmark = pytest.mark.untraced

RULES = LineRules(parallel=1, places=10_000, tenant_places=10_000, lease_s=1e9, age_s=60)
A, B, C = TENANTS[:3]


@st.composite
def any_jobs(draw: st.DrawFn) -> list[Job]:
    """Draw calls of several tenants, some impatient."""
    made = []
    for number in range(1, draw(st.integers(1, 60)) + 1):
        made.append(
            Job(
                number=number,
                tenant=draw(st.sampled_from(TENANTS[:4])),
                interactive=draw(st.booleans()),
                came_at=draw(st.floats(0, 100)),
                takes_s=draw(st.floats(0.1, 20)),
                deadline_s=draw(st.none() | st.floats(0.1, 60)),
            )
        )
    return made


def ticket(number: int, tenant: UUID = A, *, came_at: float = 0, batch: bool = False) -> Ticket:
    return Ticket(UUID(int=number), tenant, not batch, came_at)


@given(any_jobs(), st.integers(1, 3), st.sampled_from([0.0, 5.0, 60.0]), st.integers(1, 50))
@settings(max_examples=100, deadline=None)
def test_any_calls_are_answered_once_within_capacity_and_behind_one_batch_call_at_most(
    jobs: list[Job], parallel: int, age_s: float, places: int
) -> None:
    rules = replace(RULES, parallel=parallel, age_s=age_s, places=places, tenant_places=places)
    simulation = Simulation(rules)
    simulation.run(jobs)
    assert simulation.most_busy <= parallel
    for job in jobs:
        assert len(job.answers) == 1, job
        assert job.answers != ["expired"] or job.deadline_s is not None
    assert all(job.behind <= 1 for job in simulation.began if job.interactive)


@given(
    st.integers(2, 6),
    st.integers(1, 3),
    st.lists(st.floats(1, 3), min_size=6, max_size=6),
    st.integers(0, 2**32),
)
@settings(max_examples=12, deadline=None)
def test_over_200_calls_each_tenant_gets_its_share_within_a_fifth(
    tenants: int, parallel: int, takes: list[float], seed: int
) -> None:
    """Each tenant has calls waiting at all times; some take longer than those of others."""
    dice = Random(seed)
    jobs = [
        Job(
            number=1000 * tenant + call,
            tenant=TENANTS[tenant],
            interactive=False,
            came_at=0,
            takes_s=takes[tenant] * dice.uniform(0.8, 1.2),
        )
        for tenant in range(tenants)
        for call in range(1, 201)
    ]
    simulation = Simulation(replace(RULES, parallel=parallel))
    simulation.run(jobs, calls=200)
    used = dict.fromkeys(TENANTS, 0.0)
    for job in simulation.began:
        used[job.tenant] += job.takes_s
    fair = sum(used.values()) / tenants
    assert all(abs(used[TENANTS[number]] - fair) <= 0.2 * fair for number in range(tenants)), used


@pytest.mark.parametrize("greedy", [1, 2, 5])
def test_no_batch_call_starves_under_people_who_never_stop(greedy: int) -> None:
    """The line never empties: each interactive call that ends brings the next at once."""
    numbers = iter(range(100, 100_000))

    def another(job: Job, now: float) -> Job | None:
        if not job.interactive or now > 2000:
            return None
        return Job(next(numbers), job.tenant, True, now, 1.0)

    people = [Job(next(numbers), TENANTS[n], True, 0, 1.0) for n in range(greedy) for _ in "ab"]
    batch = [Job(number, TENANTS[7], False, 0, 3.0) for number in range(1, 6)]
    simulation = Simulation(RULES, on_end=another)
    simulation.run([*people, *batch])
    waits = [job.began_at for job in batch]
    assert all(began is not None for began in waits)
    assert max(began or 0 for began in waits) < 2 * RULES.age_s + 5 * (3 + 4 * greedy)
    assert all(job.behind <= 1 for job in simulation.began if job.interactive)


def test_fifty_batch_calls_keep_a_person_waiting_for_one_of_them_only() -> None:
    """However long they have waited, and however many people ask one after the other."""
    batch = [Job(number, TENANTS[number % 5], False, 0, 10.0) for number in range(1, 51)]
    people = [Job(100 + n, TENANTS[6], True, 7.0 + 37 * n, 2.0) for n in range(12)]
    Simulation(RULES).run([*batch, *people])
    waited = [(job.began_at or 0) - job.came_at for job in people]
    assert max(waited) <= 10.0
    assert all(job.answers == ["granted"] for job in batch)


def test_a_tenant_that_comes_later_is_level_not_ahead() -> None:
    line, clock = Line(RULES), 0.0
    for number in range(1, 101):
        line.join(ticket(number, A))
    for _ in range(20):
        (served,) = line.decide(clock).granted
        clock += 1
        line.release(served.id, clock)
    for number in range(101, 201):
        line.join(ticket(number, B, came_at=clock))
    order = []
    for _ in range(20):
        (served,) = line.decide(clock).granted
        order.append(served.tenant)
        clock += 1
        line.release(served.id, clock)
    assert 9 <= order.count(A) <= 11
    assert order[:6].count(B) <= 4


def test_a_tenant_cannot_fill_the_line_for_all() -> None:
    line = Line(replace(RULES, places=4, tenant_places=2))
    line.join(ticket(1))
    line.decide(0)
    line.join(ticket(2))
    line.join(ticket(3))
    with pytest.raises(LineFull, match="2 of them yours") as full:
        line.join(ticket(4))
    assert 1 <= full.value.retry_after_s <= 60
    line.join(ticket(5, B))
    line.join(ticket(6, B))
    with pytest.raises(LineFull, match="4 calls wait"):
        line.join(ticket(7, C))


def test_places_are_the_order_of_service() -> None:
    line = Line(RULES)
    line.join(ticket(1))
    line.decide(0)
    for number, (tenant, batch) in enumerate(
        [(A, True), (A, False), (A, False), (B, False), (C, True)], 2
    ):
        line.join(ticket(number, tenant, batch=batch))
    foretold = sorted(line.places(0).items(), key=lambda entry: entry[1])
    served, clock = [], 0.0
    current = UUID(int=1)
    for _ in range(5):
        clock += 1
        line.release(current, clock)
        (granted,) = line.decide(clock).granted
        current = granted.id
        served.append(current)
    assert served == [one for one, _ in foretold]
    # B came level with A, whose first call is older; then they take turns, people first.
    assert [one.int for one in served] == [3, 5, 4, 6, 2]


def test_a_slot_that_nobody_renews_is_taken_back_and_another_goes_on() -> None:
    line = Line(replace(RULES, lease_s=10))
    for number in (1, 2, 3):
        line.join(ticket(number))
    assert [one.id.int for one in line.decide(0).granted] == [1]
    assert line.renew(UUID(int=1), 9)
    assert line.decide(18).granted == ()
    decision = line.decide(19)
    assert [one.id.int for one in decision.taken_back] == [1]
    assert [one.id.int for one in decision.granted] == [2]
    assert not line.renew(UUID(int=1), 19)
    assert not line.release(UUID(int=1), 19)
    line.renew_all(25)
    assert line.decide(34).taken_back == ()


def test_who_leaves_is_forgotten() -> None:
    line = Line(RULES)
    for number in (1, 2, 3):
        line.join(ticket(number))
    line.decide(0)
    line.leave(UUID(int=2))
    line.leave(UUID(int=2))
    line.leave(UUID(int=1))  # it is served, so it does not wait
    assert (line.busy, line.waiting) == (1, 1)
    assert line.places(0) == {UUID(int=3): 1}
