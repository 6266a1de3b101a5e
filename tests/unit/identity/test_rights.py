"""What roles and scopes are good for, and what is said where they are not."""

import pytest

from sutazai.core.identity.model import Caller
from sutazai.core.identity.rights import SCOPES, Need, Role, Scope, of_key, of_login
from sutazai_contracts.errors import Forbidden, PasswordChangeDue
from sutazai_contracts.identifiers import new_id


def caller(grants: frozenset[Need], *, must_change: bool = False) -> Caller:
    return Caller(new_id(), new_id(), new_id(), grants, must_change=must_change)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("scope", Scope)
def test_a_key_never_does_more_than_whose_it_is(role: Role, scope: Scope) -> None:
    grants = of_key(role, [scope])
    assert (Need(scope) in grants) == (scope in SCOPES[role])
    assert Need.LOGIN not in grants
    assert (Need.ACCOUNT in grants) == (scope is Scope.ADMIN and role is Role.ADMIN)
    assert grants <= of_login(role, must_change=False)


def test_roles_hold_what_those_below_them_do() -> None:
    assert SCOPES[Role.VIEWER] < SCOPES[Role.MEMBER] < SCOPES[Role.ADMIN] == frozenset(Scope)


@pytest.mark.parametrize("need", Need)
def test_what_may_not_be_done_is_refused_in_words(need: Need) -> None:
    caller(frozenset({need})).allow(need)
    with pytest.raises(Forbidden) as refused:
        caller(frozenset()).allow(need)
    assert str(refused.value).startswith("this ")
    assert "{" not in str(refused.value)
    due = caller(of_login(Role.ADMIN, must_change=True), must_change=True)
    if need not in (Need.ANY, Need.LOGIN):
        with pytest.raises(PasswordChangeDue):
            due.allow(need)


def test_a_caller_tells_its_scopes_in_one_order() -> None:
    assert caller(of_key(Role.ADMIN, [Scope.ADMIN, Scope.READ])).scopes == (Scope.READ, Scope.ADMIN)
