"""Database URLs: one database, many users, several drivers."""

from urllib.parse import quote, urlsplit, urlunsplit


def url_for(admin_url: str, user: str, password: str) -> str:
    """Give a database URL with another user and password in it."""
    parts = urlsplit(admin_url)
    host = parts.netloc.rpartition("@")[2]
    netloc = f"{quote(user, safe='')}:{quote(password, safe='')}@{host}"
    return urlunsplit(("postgresql", netloc, parts.path, parts.query, parts.fragment))


def sqlalchemy_url(url: str, driver: str) -> str:
    """Name the driver in a libpq URL."""
    return url.replace("postgresql://", f"postgresql+{driver}://", 1)
