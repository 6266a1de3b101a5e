"""The page Settings: oneself, keys, tenants; users and the audit log for admins alone."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from tests.unit.ui.core_answers import AUDITED, DOCUMENT, KEY, OTHER, TENANT
from tests.unit.ui.core_server import Core
from tests.unit.ui.opening import Open, words
from tests.unit.ui.test_knowledge import press

Part = Callable[[str], AppTest]


@pytest.fixture
def part(page: Open) -> Part:
    """Open a part of the page."""

    def opened(name: str) -> AppTest:
        tab = page("settings")
        tab.pills[0].set_value(name).run()
        assert not tab.exception
        return tab

    return opened


def fill(tab: AppTest, *values: str) -> None:
    for field, value in zip(tab.text_input, values, strict=False):
        field.set_value(value)


def test_each_role_sees_what_it_may_use(page: Open, core: Core) -> None:
    assert "Users" in page("settings").pills[0].options
    core.user["role"] = "member"
    options = page("settings").pills[0].options
    assert options == ["Profile", "API keys", "Tenants", "Limits"]


def test_a_password_is_changed(page: Open, core: Core) -> None:
    tab = page("settings")
    fill(tab, "old", "a new long one", "another one")
    press(tab, "Change it")
    assert "The two new passwords differ." in words(tab)
    fill(tab, "wrong", "a new long one", "a new long one")
    press(tab, "Change it")
    assert "old_password: it is another." in words(tab)
    fill(tab, "old", "a new long one", "a new long one")
    press(tab, "Change it")
    assert "The password is changed." in words(tab)
    assert len(core.tokens) == 1


def test_one_logs_out_everywhere(page: Open, core: Core) -> None:
    tab = page("settings")
    tab.button("log-out-everywhere").click().run()
    assert ("DELETE", "/api/v1/sessions") in core.asked
    assert "Nothing leaves the machine" in words(tab)


def test_a_key_is_shown_once_and_revoked(part: Part, core: Core) -> None:
    tab = part("API keys")
    assert "You have no API key." in words(tab)
    press(tab, "Make it")
    assert "name: it is empty." in words(tab)
    fill(tab, "script")
    tab.selectbox[0].set_value("a year")
    press(tab, "Make it")
    assert "sk_shown-once" in words(tab)
    [body] = [body for method, path, body in core.sent if path == "/keys"]
    assert body == {"name": "script", "scopes": ["read"], "expires_in_days": 365}
    tab.run()
    assert "sk_shown-once" not in words(tab)
    assert "holds until it is revoked · not used yet" in words(tab)
    tab.button(f"revoke-{OTHER}").click().run()
    assert core.keys == []


def test_a_key_that_ends_says_when(part: Part, core: Core) -> None:
    core.keys = [KEY | {"expires_at": "2027-01-01T00:00:00+00:00", "last_used_on": "2026-11-29"}]
    tab = part("API keys")
    assert "holds until 2027-01-01 00:00:00 · last used on 2026-11-29" in words(tab)
    core.refuses = ("DELETE", f"/api/v1/keys/{OTHER}")
    tab.button(f"revoke-{OTHER}").click().run()
    assert "The queue is full." in words(tab)


def test_tenants_are_made_and_gone_over_to(part: Part, core: Core) -> None:
    tab = part("Tenants")
    assert "you are here" in words(tab)
    fill(tab, "home")
    press(tab, "Make it")
    assert "There is one of that name." in words(tab)
    fill(tab, "away")
    press(tab, "Make it")
    assert core.tenants[-1]["name"] == "away"
    tab.run()
    tab.button(f"go-{OTHER}").click().run()
    assert not tab.exception
    assert "ann@example.org · away" in words(tab)


def test_a_member_makes_no_tenant(part: Part, core: Core) -> None:
    core.user["role"] = "member"
    core.tenants = [TENANT]
    assert "Make it" not in {button.label for button in part("Tenants").button}


def test_users_are_taken_in_and_changed(part: Part, core: Core) -> None:
    tab = part("Users")
    assert "member · last login on 2026-11-29" in words(tab)
    fill(tab, "bob@example.org")
    press(tab, "Take them in")
    assert "They are here already." in words(tab)
    fill(tab, "cleo@example.org")
    press(tab, "Take them in")
    assert "one-time" in words(tab)
    tab.run()
    assert "one-time" not in words(tab)
    tab.button(f"reset-{DOCUMENT}").click().run()
    assert "another one" in words(tab)
    tab.button(f"disable-{DOCUMENT}").click().run()
    assert core.members[0]["disabled"] is True
    assert "kept out" in words(tab)
    role = next(box for box in tab.selectbox if box.key == f"role-{DOCUMENT}")
    role.set_value("viewer").run()
    tab.button(f"give-{DOCUMENT}").click().run()
    assert "This is the last admin." in words(tab)
    role.set_value("admin").run()
    tab.button(f"give-{DOCUMENT}").click().run()
    assert core.members[0]["role"] == "admin"
    tab.button(f"remove-{DOCUMENT}").click().run()
    assert core.members == []


def test_one_does_not_change_oneself(part: Part, core: Core) -> None:
    core.members[0] |= {"email": "ann@example.org", "last_login_on": None}
    tab = part("Users")
    assert "(you)" in words(tab)
    assert "has not logged in yet" in words(tab)
    assert f"reset-{DOCUMENT}" not in {button.key for button in tab.button}


def test_the_audit_log_is_read_and_verified(part: Part, core: Core) -> None:
    tab = part("Audit log")
    assert "Nothing has been written down yet." in words(tab)
    core.audit = [AUDITED] * 60
    tab.run()
    assert "login.failed" in words(tab)
    assert "tries: 2" in words(tab)
    core.audit = [AUDITED | {"details": {"scopes": ["read", "write"]}}]
    tab.run()
    assert "scopes: read write" in words(tab)
    exported = {"event": "data.exported", "actor": str(DOCUMENT), "subject": str(OTHER)}
    core.audit = [AUDITED | exported | {"details": {"objects": 4, "files": 2}}]
    tab.run()
    assert "data.exported" in words(tab)
    assert "bob@example.org" in words(tab)
    assert "objects: 4, files: 2" in words(tab)
    core.audit = [AUDITED] * 60
    tab.run()
    tab.button("audit-on").click().run()
    assert tab.button("audit-on").disabled
    tab.button("verify").click().run()
    assert "Whole: 7 entries." in words(tab)
    core.verified |= {"ok": False, "broken_at": 3, "reason": "it was changed"}
    tab.button("verify").click().run()
    assert "Broken at entry 3: it was changed" in words(tab)


def test_limits_are_told(part: Part, core: Core) -> None:
    assert "32 MB" in words(part("Limits"))
