"""The pages of login and logout: plain HTML, nothing from elsewhere, no script."""

import base64
import hashlib
from collections.abc import Sequence
from html import escape

from starlette.responses import HTMLResponse

STYLE = """
:root { color-scheme: light dark; font: 100%/1.5 system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center;
  background: light-dark(#f1f5f4, #121817); color: light-dark(#1b2524, #e6ecea); }
main { box-sizing: border-box; width: min(24rem, 100vw); padding: 2rem; border-radius: .75rem;
  background: light-dark(#fff, #1c2523); box-shadow: 0 1px 4px #0004; }
h1 { margin: 0 0 1.25rem; font-size: 1.4rem; }
label { display: block; margin: 1rem 0 .25rem; font-weight: 600; }
input { box-sizing: border-box; width: 100%; padding: .6rem .7rem; font: inherit; color: inherit;
  background: light-dark(#fff, #121817); border: 1px solid light-dark(#6f7d7a, #7d8c88);
  border-radius: .4rem; }
button { width: 100%; margin-top: 1.5rem; padding: .7rem; font: inherit; font-weight: 600;
  color: #fff; background: #14806d; border: 0; border-radius: .4rem; cursor: pointer; }
:focus-visible { outline: 3px solid light-dark(#0b6e5f, #41c2ab); outline-offset: 2px; }
.error { margin: 0; padding: .6rem .7rem; border-left: 4px solid #dc2626;
  background: light-dark(#fef2f2, #3b1518); }
.hint { margin: 1.25rem 0 0; font-size: .9rem; }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · SutazAI</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""
_LOGIN = """{error}<form method="post" action="/login">
<input type="hidden" name="token" value="{token}">
<input type="hidden" name="next" value="{next}">
<label for="email">E-mail address</label>
<input id="email" name="email" type="email" autocomplete="username" required maxlength="320"
 value="{email}"{described}{focus_email}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required
 maxlength="1024"{described}{focus_password}>
<button type="submit">Log in</button>
</form>
<p class="hint">The address and the password of the first start stand in
<code>credentials.json</code> in the folder that holds this installation's data.</p>"""
_LOGOUT = """<form method="post" action="/logout">
<button type="submit">Log out</button>
</form>"""
_ERROR = '<p class="error" id="error" role="alert">{}</p>\n'


def login_page(
    token: str,
    target: str,
    origins: Sequence[str],
    *,
    email: str = "",
    error: str = "",
    status: int = 200,
) -> HTMLResponse:
    """Make the page with the form of a login.

    Args:
        token: what the form brings back, to show that it is ours.
        target: where the login leads.
        origins: where the browser may be sent to after the form.
        email: what was typed before.
        error: what was wrong with it.
        status: of the answer.
    """
    body = _LOGIN.format(
        error=_ERROR.format(escape(error)) if error else "",
        token=escape(token),
        next=escape(target),
        email=escape(email),
        described=' aria-describedby="error" aria-invalid="true"' if error else "",
        focus_email="" if email else " autofocus",
        focus_password=" autofocus" if email else "",
    )
    return _page("Log in", body, origins, status)


def logout_page(origins: Sequence[str]) -> HTMLResponse:
    """Make the page that asks whether to log out."""
    return _page("Log out", _LOGOUT, origins, 200)


def notice(title: str, text: str, status: int) -> HTMLResponse:
    """Make a page that says what is wrong and where to begin again."""
    body = f'{_ERROR.format(escape(text))}<p class="hint"><a href="/login">Log in</a></p>'
    return _page(title, body, (), status)


def _page(title: str, body: str, origins: Sequence[str], status: int) -> HTMLResponse:
    # Browsers hold where a form is answered to against `form-action` too.
    forms = " ".join(["'self'", *origins])
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action {forms}; "
        "object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": policy,
        "Referrer-Policy": "same-origin",
        "X-Frame-Options": "DENY",
    }
    return HTMLResponse(_PAGE.format(title=title, style=STYLE, body=body), status, headers)
