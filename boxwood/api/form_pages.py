"""The pages of web forms: `/forms/{form}`, for visitors who have no account. They work without JavaScript.

What a visitor typed is never lost: every page that refuses something shows it again. Spam is kept out without other
services: by a field that people do not see, by a sealed time that a page carries, and by the number of requests.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Iterator
from functools import partial
from secrets import token_hex
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from ..core import stored_files
from ..core.activity import files, form_submissions, forms
from ..core.activity.files import Upload
from ..core.activity.form_submissions import Submitted
from ..core.activity.forms import FILE, Form
from ..core.records import Field, User
from ..db.engine import Db
from ..errors import Invalid, Problem, TooLarge, TooSlow
from ..lib import media
from ..lib.blobs import StoreFailed, new_id
from ..lib.rates import Rate
from ..lib.secret_keys import KeyMissing
from .form_html import HONEYPOT, PAGE, Shown, page
from .http import bodies
from .http.limits import Buckets
from .http.multipart import parts
from .http.services import Services
from .uploads import Head

log = logging.getLogger("boxwood.forms")
PREFIX = "/forms/"
SOONEST, LATEST = 2_000, 24 * 3_600_000
"""A page is sent by a person between 2 seconds and a day after it was opened."""
RATE = Rate(30, 3_600_000, 10)
"""Requests that one address may send to one form: 30 an hour, 10 of them at once."""
MOST_TEXT = 200_000
MOST_FILES = 10


class Sent(NamedTuple):
    """What came with a request. The bytes of files are stored, but belong to nothing yet."""

    answers: dict[str, list[str]]
    uploads: list[Upload]
    problem: str
    """`too_large`, `failed`, `untimely` or `too_many` if not all could be taken; empty if all came."""


class Found(NamedTuple):
    form: Form
    owner: User
    fields: dict[str, Field]
    is_open: bool


class FormPages:
    def __init__(self, api: Services) -> None:
        self.api = api
        self._rates = Buckets(api.engine, "form", RATE)

    def routes(self) -> list[BaseRoute]:
        return [Route(f"{PREFIX}{{form}}", self.show), Route(f"{PREFIX}{{form}}", self.take, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        """The empty form. Parameters of the address fill the fields that name them."""
        found = await self._find(request)
        if found is None:
            return _missing()
        if not found.is_open:
            return _instead(found.form, found.form.settings.closed_text, 503)
        given = dict(request.query_params)
        answers = {
            each.target: [given.get(each.parameter, each.default) if each.parameter else each.default]
            for each in found.form.fields
        }
        return self._page(found, answers)

    async def take(self, request: Request) -> Response:
        """Make a box of what was sent, or show it again with what is wrong."""
        found = await self._find(request)
        if found is None:
            return _missing()
        ids = [new_id() for _ in range(MOST_FILES)] if found.is_open and _has_files(found.form) else []
        try:
            sent = await self._read(request, found, ids)
        except (Problem, UnicodeError) as problem:
            return self._page(found, {}, 400, f"{found.form.settings.again_text} ({problem})")
        try:
            reply = await self._answer(request, found, sent)
        except BaseException:
            await self._take_back(ids)
            raise
        if not reply.is_stored:
            await self._take_back(ids)
        return reply.response

    async def _answer(self, request: Request, found: Found, sent: Sent) -> _Reply:
        form, settings = found.form, found.form.settings
        again = partial(self._page, found, sent.answers)
        if sent.answers.get(HONEYPOT, [""])[0]:
            log.info("a form was sent by a program", extra={"form": form.key})
            return _Reply(_thanks(form), False)
        problems = {
            "too_large": (413, settings.too_large_text),
            "failed": (503, settings.failed_text),
            "untimely": (400, settings.again_text),
            "too_many": (429, settings.failed_text),
        }
        if not await self._is_allowed(request, form):
            return _Reply(again(*problems["too_many"]), False)
        if sent.problem:
            return _Reply(again(*problems[sent.problem]), False)
        now = self.api.clock()
        if not found.is_open:
            return _Reply(again(503, settings.closed_text), False)
        if not self._is_timely(form, sent.answers):
            return _Reply(again(*problems["untimely"]), False)
        consent = bool(sent.answers.get("consent", [""])[0])
        faults = form_submissions.faults(form, found.fields, sent.answers, consent=consent)
        for each in form.fields:
            if each.target == FILE and each.required and not sent.uploads:
                faults[FILE] = settings.required_text
        if faults:
            return _Reply(again(400, settings.again_text, faults), False)
        mark = hashlib.sha256(sent.answers[PAGE][0].encode()).hexdigest()

        def work(db: Db) -> Submitted:
            ctx = forms.acting(db, form, found.owner, now)
            return form_submissions.submit(ctx, form, found.fields, sent.answers, sent.uploads, mark)

        try:
            submitted = await self.api.engine.write_soon(work)
        except Problem as problem:
            log.warning("a form could not create a box: %s", problem, extra={"form": form.key})
            return _Reply(again(503, settings.failed_text), False)
        except Exception:
            log.exception("a form could not create a box", extra={"form": form.key})
            return _Reply(again(503, settings.failed_text), False)
        return _Reply(_thanks(form), not submitted.repeated)

    async def _find(self, request: Request) -> Found | None:
        key = request.path_params["form"]
        now = self.api.clock()

        def read(db: Db) -> Found | None:
            found = forms.find(db, key)
            return Found(*found, forms.is_open(db, *found[:2], now)) if found else None

        return await self.api.engine.read_soon(read)

    def _page(
        self,
        found: Found,
        answers: dict[str, list[str]],
        status: int = 200,
        problem: str = "",
        faults: dict[str, str] | None = None,
    ) -> Response:
        token = self.api.keys.seal(f"{self.api.clock()} {token_hex(8)}", _purpose(found.form))
        shown = Shown(found.form, found.fields, answers, problem, faults or {}, token)
        return HTMLResponse(page(shown), status, _headers(found.form))

    def _is_timely(self, form: Form, answers: dict[str, list[str]]) -> bool:
        """Whether the page is ours, and is sent neither too soon nor too late."""
        with contextlib.suppress(KeyMissing, ValueError, IndexError):
            opened = int(self.api.keys.open(answers.get(PAGE, [""])[0], _purpose(form)).split()[0])
            return SOONEST <= self.api.clock() - opened <= LATEST
        return False

    def _bucket(self, request: Request, form: Form) -> str:
        forwarded = request.headers.get("x-forwarded-for", "")
        source = self.api.limits.source(request.client.host if request.client else "", forwarded)
        return f"{form.key} {source}"

    async def _is_allowed(self, request: Request, form: Form) -> bool:
        key, now = self._bucket(request, form), self.api.clock()
        if self.api.inline:
            return self._rates.spend(key, now).granted > 0
        return (await asyncio.to_thread(self._rates.spend, key, now)).granted > 0

    # Reading

    async def _read(self, request: Request, found: Found, ids: list[str]) -> Sent:
        if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            headers = dict(request.scope["headers"])
            body = await bodies.whole(bodies.patient(request.receive, self.api.patience), headers, MOST_TEXT)
            answers: dict[str, list[str]] = {}
            for name, value in parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=1000):
                answers.setdefault(name, []).append(value)
            return Sent(answers, [], "")
        now = self.api.clock()
        problem = "too_many" if self._rates.is_empty(self._bucket(request, found.form), now) else ""
        try:
            if ids and not problem:
                await self.api.engine.write_soon(lambda db: stored_files.announce(db, ids, now))
        except Exception:
            log.exception("a form could not announce its files", extra={"form": found.form.key})
            problem = "failed"
        pieces = bodies.Body(bodies.patient(request.receive, self.api.patience))
        return await self.api.aside(self._read_parts, request, found.form, iter(pieces), ids, problem)

    def _read_parts(self, request: Request, form: Form, body: Iterator[bytes], ids: list[str], problem: str) -> Sent:
        """Read a form with files. Texts come before the files, so that they are here when a file is refused, and that
        no file of a page that is not ours is stored. It blocks, so call it in a thread."""
        answers: dict[str, list[str]] = {}
        uploads: list[Upload] = []
        left = MOST_TEXT
        most = self.api.max_file_size
        whole = Head(body, most * 4 + MOST_TEXT, 0)
        try:
            for part in parts(whole, request.headers.get("content-type", "")):
                if part.file_name is None:
                    text = b""
                    for piece in part.data:
                        left -= len(piece)
                        if left < 0:
                            raise TooLarge("The form", MOST_TEXT)
                        text += piece
                    answers.setdefault(part.name, []).append(text.decode("utf-8", "replace"))
                elif part.name == FILE and part.file_name and not problem and len(uploads) < len(ids):
                    try:
                        if not self._is_timely(form, answers):
                            problem = "untimely"
                            continue
                        uploads.append(self._store(part.data, ids[len(uploads)], part.file_name))
                    except TooLarge:
                        problem = "too_large"
                    except StoreFailed as failed:
                        log.error("a file of a form could not be stored: %s", failed)
                        problem = "failed"
        except TooLarge:
            problem = "too_large"
        except (Invalid, TooSlow):
            if not answers:
                raise
            problem = problem or "failed"
        return Sent(answers, uploads, problem)

    def _store(self, data: Iterator[bytes], blob: str, name: str) -> Upload:
        head = Head(data, self.api.max_file_size)
        stored = self.api.store.write(head, blob)
        name = files.safe_name(name, "file")
        return Upload(name, media.sniff(bytes(head.first), name), stored)

    async def _take_back(self, ids: list[str]) -> None:
        """Delete the bytes of a form that made no box. The sweep deletes them if this fails."""
        if not ids:
            return
        with contextlib.suppress(Exception):
            doomed = await self.api.engine.write_soon(lambda db: stored_files.withdraw(db, ids))
            for blob in doomed:
                await self.api.aside(self.api.store.delete, blob)
            await self.api.engine.write_soon(lambda db: stored_files.forget(db, doomed))


class _Reply(NamedTuple):
    response: Response
    is_stored: bool
    """Whether the bytes of the request belong to a box now."""


def _purpose(form: Form) -> str:
    return f"form:{form.key}"


def _has_files(form: Form) -> bool:
    return any(each.target == FILE for each in form.fields)


def _headers(form: Form) -> dict[str, str]:
    """No script runs on the page, and only the websites of the form may embed it."""
    redirect = urlsplit(form.settings.redirect)
    action = f"'self' {redirect.scheme}://{redirect.netloc}" if redirect.netloc else "'self'"
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
        f"form-action {action}; frame-ancestors {' '.join(['self_', *form.settings.frame_ancestors])}; "
        "sandbox allow-forms allow-top-navigation-by-user-activation"
    ).replace("self_", "'self'")
    return {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }


def _thanks(form: Form) -> Response:
    if form.settings.redirect:
        return RedirectResponse(form.settings.redirect, 303, _headers(form))
    return _instead(form, form.settings.thanks)


def _instead(form: Form, text: str, status: int = 200) -> Response:
    """The page of the form with a text in place of the questions."""
    return HTMLResponse(page(Shown(form, {}, {}, "", {}, "", text)), status, _headers(form))


def _missing() -> Response:
    text = '<!doctype html><html lang="en"><title>Boxwood</title><p>There is no form at this address.</p></html>'
    return HTMLResponse(
        text, 404, {"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff"}
    )
