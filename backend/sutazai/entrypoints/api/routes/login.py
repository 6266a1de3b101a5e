"""Login and logout in a browser: a form, and a cookie that no script reads."""

import hmac
import math
import secrets

from fastapi import APIRouter, Request
from starlette.datastructures import FormData, UploadFile
from starlette.responses import RedirectResponse, Response

from sutazai.entrypoints.api.dependencies import PlatformOf, address_of
from sutazai.entrypoints.api.login_page import login_page, logout_page, notice
from sutazai.entrypoints.api.places import Places
from sutazai_contracts.errors import RateLimited, SutazaiError, Unauthenticated, Unavailable

# Cookies are of a host and all its ports: the dashboard beside core gets this one too.
SESSION = "sutazai_session"
FORM = "sutazai_form"
_FORM = "application/x-www-form-urlencoded"
_STRANGE = "This form was not made for this browser, or is an old one. Try again."

router = APIRouter(include_in_schema=False)


def _places(request: Request) -> Places:
    places: Places = request.state.places
    return places


@router.get("/login")
async def show_login(request: Request, platform: PlatformOf) -> Response:
    """Show the form; who came by `localhost` is sent to the one host's name first."""
    places = _places(request)
    if (elsewhere := places.elsewhere(request)) is not None:
        return RedirectResponse(elsewhere, 307)
    return _form(request, platform, request.query_params.get("next", ""))


@router.post("/login")
async def log_in(request: Request, platform: PlatformOf) -> Response:
    """Begin a session, and lead on; or show the form again and say why not."""
    places, form = _places(request), await _read_form(request)
    target, email = places.target(_text(form, "next")), _text(form, "email")
    nonce = request.cookies.get(FORM, "")
    token = platform.login.tokens.of_form(nonce)
    # The cookie could be another local server's; the page that a form comes from could not.
    known = bool(nonce) and hmac.compare_digest(token.encode(), _text(form, "token").encode())
    if not known or not places.is_ours(request):
        return _form(request, platform, target, error=_STRANGE, status=403)
    address = address_of(request)
    try:
        password = _text(form, "password")
        secret, session = await platform.login.begin(email, password, address)
        # What this browser showed before is nobody's any more once it shows the new one.
        await platform.login.end(request.cookies.get(SESSION, ""), address)
    except (RateLimited, Unauthenticated, Unavailable) as exc:
        return _refused(request, platform, target, email, exc)
    answer = RedirectResponse(target, 303, {"Cache-Control": "no-store"})
    seconds = (session.ends_at - platform.login.now()).total_seconds()
    _keep(request, answer, SESSION, secret, max_age=math.ceil(seconds))
    return answer


@router.get("/logout")
async def show_logout(request: Request) -> Response:
    """Ask whether to log out: what a link leads to changes nothing."""
    places = _places(request)
    if (elsewhere := places.elsewhere(request)) is not None:
        return RedirectResponse(elsewhere, 307)
    return logout_page(places.origins)


@router.post("/logout")
async def log_out(request: Request, platform: PlatformOf) -> Response:
    """End the session in every tab and program, and lead to the login."""
    if not _places(request).is_ours(request, dashboard=True):
        return notice("Log out", _STRANGE, 403)
    try:
        await platform.login.end(request.cookies.get(SESSION, ""), address_of(request))
    except Unavailable as exc:
        return notice("Log out", exc.message, exc.status)
    answer = RedirectResponse("/login", 303, {"Cache-Control": "no-store"})
    answer.delete_cookie(SESSION, path="/", httponly=True, samesite="lax")
    return answer


def _form(
    request: Request,
    platform: PlatformOf,
    wanted: str,
    *,
    email: str = "",
    error: str = "",
    status: int = 200,
) -> Response:
    """Show the form, for this browser."""
    places = _places(request)
    nonce = request.cookies.get(FORM) or secrets.token_urlsafe(32)
    answer = login_page(
        platform.login.tokens.of_form(nonce),
        places.target(wanted),
        places.origins,
        email=email,
        error=error,
        status=status,
    )
    _keep(request, answer, FORM, nonce, path="/login")
    return answer


def _refused(
    request: Request, platform: PlatformOf, target: str, email: str, error: SutazaiError
) -> Response:
    # A browser's form is no protocol of authentication, so a wrong password is wrong input.
    status = 422 if isinstance(error, Unauthenticated) else error.status
    words = f"{error.message[:1].upper()}{error.message[1:].rstrip('.')}."
    answer = _form(request, platform, target, email=email, error=words, status=status)
    if isinstance(error, RateLimited):
        answer.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
    return answer


async def _read_form(request: Request) -> FormData:
    """Read a form of a page of ours; anything else is an empty one."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        return FormData()
    return await request.form(max_fields=10)


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return "" if isinstance(value, UploadFile) else value


def _keep(
    request: Request,
    answer: Response,
    name: str,
    value: str,
    *,
    path: str = "/",
    max_age: int | None = None,
) -> None:
    answer.set_cookie(
        name,
        value,
        max_age=max_age,
        path=path,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
