from enum import StrEnum


class Event(StrEnum):
    DATA_EXPORTED = "data.exported"
    DATA_IMPORTED = "data.imported"
    KEY_MADE = "key.made"
    KEY_REVOKED = "key.revoked"
    LOGIN_FAILED = "login.failed"
    LOGIN_OK = "login.ok"
    LOGOUT = "logout"
    LOGOUT_EVERYWHERE = "logout.everywhere"
    PASSWORD_CHANGED = "password.changed"
    PASSWORD_RESET = "password.reset"
    REFRESH_REUSED = "refresh.reused"
    TENANT_MADE = "tenant.made"
    USER_CHANGED = "user.changed"
    USER_MADE = "user.made"
    USER_REMOVED = "user.removed"

    def __str__(self) -> str:
        return str(self.value)
