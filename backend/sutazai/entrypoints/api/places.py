"""Where a login may lead, and which pages a form may come from."""

from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from starlette.requests import Request

DASHBOARD = "http://127.0.0.1:10011/"
CANONICAL_HOST = "127.0.0.1"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Places:
    """The dashboard's addresses, the first of which a login leads to, and the one host's name.

    A cookie is of a host and all its ports. `localhost` and 127.0.0.1 are two hosts to a browser,
    so one of them is used throughout.
    """

    dashboards: tuple[str, ...] = (DASHBOARD,)
    canonical_host: str = CANONICAL_HOST

    @property
    def origins(self) -> tuple[str, ...]:
        """Give the dashboard's origins."""
        return tuple(dict.fromkeys(filter(None, map(origin_of, self.dashboards))))

    def target(self, wanted: str) -> str:
        """Give where to go after a login: where one came from if that is ours, else home."""
        wanted = self._canonical(wanted)
        return wanted if origin_of(wanted) in self.origins else self.dashboards[0]

    def elsewhere(self, request: Request) -> str | None:
        """Give where a request belongs that was made to `localhost`; None where it is right."""
        if request.url.hostname != "localhost" or self.canonical_host == "localhost":
            return None
        return self._canonical(str(request.url))

    def is_ours(self, request: Request, *, dashboard: bool = False) -> bool:
        """Tell whether a form comes from a page of ours, or from no browser.

        Args:
            request: what brought the form.
            dashboard: whether a page of the dashboard may have it.
        """
        # Browsers say both, and no page can make them say otherwise.
        origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
        if site == "same-origin" or (origin is None and site is None):
            return True
        own = f"{request.url.scheme}://{request.headers.get('host', '')}"
        return origin == own or (dashboard and origin in self.origins)

    def _canonical(self, url: str) -> str:
        try:
            parts = urlsplit(url)
            if parts.hostname != "localhost":
                return url
            port = f":{parts.port}" if parts.port is not None else ""
        except ValueError:
            return ""
        return urlunsplit(parts._replace(netloc=self.canonical_host + port))


def origin_of(url: str) -> str | None:
    """Give the origin of an absolute URL as browsers write it; None where it is none."""
    # What browsers read otherwise than we do is no address of ours.
    if "\\" in url or any(character <= " " for character in url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or parts.username is not None:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    shown = f":{port}" if port is not None and port != _PORTS[parts.scheme] else ""
    return f"{parts.scheme}://{host}{shown}"
