"""People over core's API: oneself, the users of the tenant, keys, tenants, the audit log."""

from typing import Any
from uuid import UUID

from sutazai_ui.client.calls import Caller, Listing, read
from sutazai_ui.client.shapes import (
    Access,
    AuditEntry,
    Invited,
    Key,
    Member,
    NewKey,
    Tenant,
    Verified,
)
from sutazai_ui.client.trouble import content_of


class PeopleCalls(Caller):
    """Calls about people and what they may do."""

    def log_out_everywhere(self) -> None:
        """End every session of this person, this one too."""
        self.call("DELETE", "/sessions")

    def change_password(self, old: str, new: str) -> Access:
        """Change one's password; gives the token to use from now on."""
        body = {"old_password": old, "new_password": new}
        return read(Access, content_of(self.call("POST", "/password", json=body)))

    def switch_tenant(self, tenant: UUID) -> Access:
        """Go over to another tenant; gives the token to use from now on."""
        body = {"tenant": str(tenant)}
        return read(Access, content_of(self.call("POST", "/session/tenant", json=body)))

    def tenants(self) -> list[Tenant]:
        """List the tenants that this person is in."""
        return self.page(Tenant, "/tenants").items

    def make_tenant(self, name: str) -> Tenant:
        """Make a tenant, whose admin this person is."""
        return read(Tenant, content_of(self.call("POST", "/tenants", json={"name": name})))

    def users(self) -> list[Member]:
        """List the users of the tenant."""
        return self.all(Member, "/users")

    def invite(self, email: str, role: str) -> Invited:
        """Take someone in, with a password that they change at their first login."""
        body = {"email": email, "role": role}
        return read(Invited, content_of(self.call("POST", "/users", json=body)))

    def change_user(self, user: UUID, **changes: Any) -> Member:
        """Change the role of someone, or whether they may log in."""
        return read(Member, content_of(self.call("PATCH", f"/users/{user}", json=changes)))

    def reset_password(self, user: UUID) -> Invited:
        """Give someone a new password, which they change at their next login."""
        return read(Invited, content_of(self.call("POST", f"/users/{user}/password")))

    def remove_user(self, user: UUID) -> None:
        """Remove someone from the tenant."""
        self.call("DELETE", f"/users/{user}")

    def keys(self) -> list[Key]:
        """List one's own API keys."""
        return self.all(Key, "/keys")

    def make_key(self, name: str, scopes: list[str], days: int | None) -> NewKey:
        """Make an API key that holds for so many days, or until it is revoked."""
        body = {"name": name, "scopes": scopes, "expires_in_days": days}
        return read(NewKey, content_of(self.call("POST", "/keys", json=body)))

    def revoke_key(self, key: UUID) -> None:
        """End an API key at once."""
        self.call("DELETE", f"/keys/{key}")

    def audit(self, limit: int, cursor: str | None = None) -> Listing[AuditEntry]:
        """List what bears on security, newest first."""
        return self.page(AuditEntry, "/audit", limit=limit, cursor=cursor)

    def verify_audit(self) -> Verified:
        """Have the audit log checked for gaps and changes."""
        return self.read(Verified, "/audit/verification")
