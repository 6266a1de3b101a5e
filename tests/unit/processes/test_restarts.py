"""How long a child that died waits."""

from sutazai.bootstrap.processes.child import Restarts


def test_the_wait_doubles_up_to_its_limit() -> None:
    rule = Restarts(first_s=0.5, longest_s=3.0)
    assert [rule.delay_s(deaths) for deaths in (1, 2, 3, 4, 50)] == [0.5, 1.0, 2.0, 3.0, 3.0]
