"""One thing of every kind that a path can name, created through the API when a test first needs it."""

import json
import re
from functools import cached_property
from typing import Any

import httpx
import pyotp

from boxwood.core.accounts import apps, sign_in_links
from boxwood.core.activity.calendars import MOST_FEEDS
from boxwood.core.activity.mail import records as mail_records
from boxwood.core.activity.mail import suggestions
from boxwood.core.activity.mail.matching import Decision
from tests.conftest import World, ok
from tests.mailbox import Mailbox
from tests.streak.matrix import GMAIL, HOOK, MEETING

MAIL = "Message-ID: <1@client.example>\r\nFrom: Kim Lee <kim@client.example>\r\nTo: ada@team.example\r\n" + (
    "Date: Mon, 05 Jan 2026 08:00:00 +0000\r\nSubject: Offer\r\n\r\nThank you, we will sign.\r\n"
)
PASSWORD = "seven green owls"
AUTOMATION = {
    "name": "Won",
    "trigger": {"type": "box.moved", "to": ["5002"]},
    "steps": [{"type": "task.create", "with": {"text": "Send {{ box.name }} the contract"}}],
}
SEQUENCE = {
    "name": "After the fair",
    "pipelineKey": "{pipeline}",
    "steps": [
        {"type": "mail", "subject": "Nice to meet you", "html": "<p>Dear {{contact.givenName|all}}</p>"},
        {"type": "wait", "days": 3},
        {"type": "task", "text": "Call {{contact.name|them}}"},
    ],
}
MAILBOX = {
    "address": "kim@mail.example",
    "teamKey": "{team}",
    "imap": {"host": "imap.mail.example", "user": "kim@mail.example", "password": "an app password"},
}
SENDER = {
    **MAILBOX,
    "address": "ada@mail.example",
    "smtp": {"host": "smtp.mail.example", "password": "an app password"},
}
DRAFT = {
    "boxKey": "{box}",
    "mailboxKey": "{sender}",
    "to": ["Kim Lee <kim@client.example>"],
    "subject": "Our offer",
    "html": "<p>Hello Kim,</p><p>here it is.</p>",
}

# How to create the thing of each noun in the braces of a path. Other nouns in braces are created first.
MAKE: dict[str, tuple[str, str, dict[str, Any]]] = {
    "apikey": ("PUT", "/v1/apikeys", {}),
    "pipeline": (
        "PUT",
        "/v1/pipelines",
        {"data": {"name": "Sales", "stageNames": "Lead,Won,Lost", "teamWide": "true"}},
    ),
    "stage": ("PUT", "/v1/pipelines/{pipeline}/stages", {"data": {"name": "Negotiation"}}),
    "field": ("PUT", "/v1/pipelines/{pipeline}/fields", {"data": {"name": "Value", "type": "TEXT_INPUT"}}),
    "box": ("PUT", "/v1/pipelines/{pipeline}/boxes", {"data": {"name": "Acme", "notes": "Met at the fair"}}),
    "task": ("POST", "/v2/boxes/{box}/tasks", {"json": {"text": "Call Kim", "dueDate": 1_800_000_000_000}}),
    "reminder": (
        "PUT",
        "/v1/boxes/{box}/reminders",
        {"data": {"message": "Call Kim", "remindDate": "1800000000000"}},
    ),
    "comment": ("POST", "/v2/boxes/{box}/comments", {"json": {"message": "They like it"}}),
    "meeting": ("POST", "/v2/boxes/{box}/meetings", {"json": {**MEETING, "notes": "Talked about the price"}}),
    "file": ("POST", "/v2/boxes/{box}/files", {"files": {"file": ("offer.txt", b"One hundred", "text/plain")}}),
    "thread": ("PUT", "/v1/boxes/{box}/threads", {"data": {"boxKey": "{box}", "threadGmailId": GMAIL}}),
    "message": ("POST", "/v2/boxes/{box}/messages", {"json": {"raw": MAIL}}),
    "block": ("POST", "/v2/mail/blocks", {"json": {"address": "spam@shop.example"}}),
    "suppression": ("POST", "/v2/suppressions", {"json": {"address": "gone@client.example"}}),
    "mailrule": ("POST", "/v2/pipelines/{pipeline}/mailrules", {"json": {"from": "client.example"}}),
    "snippet": ("PUT", "/v1/snippets", {"data": {"snippetName": "Thanks", "snippetText": "<p>Thank you</p>"}}),
    "contact": (
        "POST",
        "/v2/teams/{team}/contacts",
        {"json": {"givenName": "Kim", "familyName": "Lee", "emailAddresses": ["kim@client.example"]}},
    ),
    "organization": (
        "POST",
        "/v2/teams/{team}/organizations",
        {"json": {"name": "Client Ltd", "domains": ["client.example"]}},
    ),
    "contact_field": ("POST", "/v2/teams/{team}/contacts/fields", {"json": {"name": "Region", "type": "TEXT_INPUT"}}),
    "organization_field": (
        "POST",
        "/v2/teams/{team}/organizations/fields",
        {"json": {"name": "Sector", "type": "TEXT_INPUT"}},
    ),
    "other_contact": ("POST", "/v2/teams/{team}/contacts", {"json": {"givenName": "Kim", "familyName": "Lee-Jones"}}),
    "other_organization": ("POST", "/v2/teams/{team}/organizations", {"json": {"name": "Client Limited"}}),
    "webhook": ("POST", "/v2/webhooks", {"params": {"pipelineKey": "{pipeline}"}, "json": HOOK}),
    "delivery": ("POST", "/v2/webhooks/{webhook}/test", {}),
    "inbound": ("POST", "/v2/pipelines/{pipeline}/inbound", {"json": {"name": "Orders"}}),
    "import": (
        "POST",
        "/v2/pipelines/{pipeline}/import",
        {
            "params": {"mapping": '{"Company": "name"}'},
            "content": b"Company,Value\nAcme,1200\nInitech,800\n",
            "headers": {"Content-Type": "text/csv"},
        },
    ),
    "dropbox": ("POST", "/v2/mailboxes", {"json": {**MAILBOX, "address": "drop@crm.example", "kind": "dropbox"}}),
    "mailbox": ("POST", "/v2/mailboxes", {"json": MAILBOX}),
    "sender": ("POST", "/v2/mailboxes", {"json": SENDER}),
    "draft": ("POST", "/v2/drafts", {"json": DRAFT}),
    "waiting_draft": ("POST", "/v2/drafts", {"json": {**DRAFT, "subject": "The contract"}}),
    "mailing": (
        "POST",
        "/v2/mailings",
        {
            "json": {
                "name": "Spring offer",
                "mailboxKey": "{sender}",
                "subject": "Our offer for {{box.name}}",
                "html": "<p>Dear {{contact.givenName|customer}}</p>",
            }
        },
    ),
    "sequence": ("POST", "/v2/sequences", {"json": SEQUENCE}),
    "invitation": ("POST", "/v2/teams/{team}/invitations", {"json": {"email": "{newcomer}", "role": "Member"}}),
    "streakimport": (
        "POST",
        "/v2/streakimports",
        {"json": {"key": "a-key-of-streak", "source": "https://crm.example"}},
    ),
    "calendar": ("POST", "/v2/calendars", {"json": {"name": "My work", "pipelineKey": "{pipeline}"}}),
    "app": ("POST", "/v2/apps", {"json": {"request": "{app_request}", "access": "write", "teamKey": "{team}"}}),
    "automation": ("POST", "/v2/pipelines/{pipeline}/automations", {"json": AUTOMATION}),
    "run": ("POST", "/v2/automations/{automation}/runs", {"json": {"boxKey": "{box}"}}),
    "view": ("POST", "/v2/pipelines/{pipeline}/views", {"json": {"name": "Open ones", "sort": ["name"]}}),
    "form": ("POST", "/v2/pipelines/{pipeline}/forms", {"json": {"name": "Contact us"}}),
    "validator": (
        "POST",
        "/v2/pipelines/{pipeline}/validators",
        {"json": {"name": "Notes", "mode": "WARN", "assertion": {"field": "notes", "op": "isNotEmpty"}}},
    ),
}


class Things:
    """Ada's things: each is created once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.created: dict[str, str] = {
            "user": world.ada.user_key,
            "email": world.ada.email,
            "team": world.team_key,
            "colleague": world.bo.user_key,
            "newcomer": world.ada.email.replace("ada@", "eve@"),
            "gmail": GMAIL,
            "image": "0" * 24,
        }

    def key(self, noun: str) -> str:
        if noun not in self.created:
            make = getattr(self, f"_make_{noun}", None)
            self.created[noun] = make() if make else self._answered(noun)["key"]
        return self.created[noun]

    def knows(self, noun: str) -> bool:
        return noun in self.created or noun in MAKE or hasattr(self, f"_make_{noun}")

    def fill(self, text: str) -> str:
        return re.sub(r"\{([a-z]\w*)\}", lambda name: self.key(name[1]), text)

    def fill_path(self, path: str) -> str:
        """Fill the keys into a path, where the position decides which kind of field is meant."""
        return self.fill(specific_nouns(path))

    def parameters(self, path: str, otherwise: dict[str, str]) -> dict[str, str]:
        """Return the keys for the nouns of a path; for an unknown noun, the given value."""
        names = re.findall(r"\{(\w+)\}", path), re.findall(r"\{(\w+)\}", specific_nouns(path))
        known = {name: self.key(noun) for name, noun in zip(*names, strict=True) if self.knows(noun)}
        return {**otherwise, **known}

    def filled(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the members of a request with keys in place of the nouns in braces; files stay as they are."""
        files = {name: request[name] for name in ("files", "content") if name in request}
        rest = {name: value for name, value in request.items() if name not in files}
        return {**json.loads(self.fill(json.dumps(rest, ensure_ascii=False))), **files}

    def ask(self, verb: str, path: str, request: dict[str, Any]) -> httpx.Response:
        return self._client(verb, path).request(verb, "/api" + self.fill_path(path), **self.filled(request))

    def _client(self, verb: str, path: str) -> httpx.Client:
        """Return the client with Ada's key, her browser for sessions, or a client without a key for signing in."""
        if not path.startswith("/v2/session"):
            return self.world.ada.http
        signs_in = verb == "POST" and path in ("/v2/session", "/v2/session/link", "/v2/session/link/look")
        return self.stranger if signs_in else self.browser

    @cached_property
    def stranger(self) -> httpx.Client:
        return self.world.stack.enter_context(self.world.client(None))

    def _answered(self, noun: str) -> Any:
        assert noun in MAKE, f"no request creates a {noun}: add it to MAKE of tests/things.py"
        body = ok(self.ask(*MAKE[noun]))
        return body[0] if isinstance(body, list) else body

    def _make_suggestion(self) -> str:
        """Let Ada decide about a mail in her mailbox that fits the box, among others."""
        name = f"mailbox of {self.world.ada.user_key}"
        place = mail_records.Place(name, "INBOX", 1, 7)
        mailbox = mail_records.Mailbox(name, self.key("team"), self.world.ada.user_key, self.world.ada.email)
        decision = Decision("suggest", "ambiguous", candidates=[self.key("box")])
        self.world.as_("ada", lambda ctx: suggestions.add(ctx, mailbox, place, None, decision))
        return str(ok(self.ask("GET", "/v2/mail/suggestions", {}))["results"][0]["key"])

    def _make_recipient(self) -> str:
        """Let the contact be the recipient of the mailing."""
        ok(self.ask("POST", "/v2/mailings/{mailing}/recipients", {"json": {"contactKeys": ["{contact}"]}}))
        return str(ok(self.ask("GET", "/v2/mailings/{mailing}/recipients", {}))["results"][0]["key"])

    def _make_started_mailing(self) -> str:
        """Start the mailing, for tomorrow."""
        self.key("recipient")
        body = {"sendAt": self.world.clock() + 86_400_000}
        return str(ok(self.ask("POST", "/v2/mailings/{mailing}/start", {"json": body}))["key"])

    def _make_paused_mailing(self) -> str:
        self.key("started_mailing")
        return str(ok(self.ask("POST", "/v2/mailings/{mailing}/pause", {}))["key"])

    def _make_sequencerun(self) -> str:
        """Start the sequence for the contact on the box."""
        given = {"boxKeys": ["{box}"], "contactKeys": ["{contact}"], "mailboxKey": "{sender}"}
        answer = ok(self.ask("POST", "/v2/sequences/{sequence}/start", {"json": given}))
        return str(answer["started"][0]["key"])

    def _make_conversation(self) -> str:
        """Return the thread of the message."""
        return str(ok(self.ask("GET", "/v2/messages/{message}", {}))["threadKey"])

    def _make_second_message(self) -> str:
        """Add an answer to the message, in its thread."""
        answer = MAIL.replace("<1@", "<2@").replace("Subject", "In-Reply-To: <1@client.example>\r\nSubject")
        return str(ok(self.ask("POST", "/v2/boxes/{box}/messages", {"json": {"raw": answer}}))["key"])

    def _make_reply(self) -> str:
        """Add an answer that quotes the message, and let it be the message from now on."""
        quoted = (
            "On Mon, Jan 5, 2026 at 8:00 AM Kim Lee <kim@client.example> wrote:\r\n\r\n> Thank you, we will sign.\r\n"
        )
        head = MAIL.partition("\r\n\r\n")[0].replace("<1@", "<2@").replace("Subject: ", "Subject: Re: ")
        raw = f"{head}\r\nIn-Reply-To: <1@client.example>\r\n\r\nIt is signed.\r\n\r\n{quoted}"
        reply = ok(self.ask("POST", "/v2/boxes/{box}/messages", {"json": {"raw": raw}}))["key"]
        self.created["message"] = reply
        return str(reply)

    def _make_other_box(self) -> str:
        request = {"data": {"name": "Initech"}}
        return str(ok(self.ask("PUT", "/v1/pipelines/{pipeline}/boxes", request))["key"])

    def _make_link(self) -> str:
        """Create a link that opens a file without an API key; return its token."""
        link: str = ok(self.ask("GET", "/v1/files/{file}/link", {}))["link"]
        return link.rpartition("token=")[2]

    def _make_calendar(self) -> str:
        """Create a calendar feed; return it, and store the token of its address. A user has at most 20 feeds."""
        feeds = ok(self.world.ada.http.get("/api/v2/calendars"))["results"]
        for feed in feeds if len(feeds) == MOST_FEEDS else []:
            ok(self.world.ada.http.delete(f"/api/v2/calendars/{feed['key']}"))
        made = self._answered("calendar")
        self.created["feed"] = made["url"].rpartition("token=")[2]
        return str(made["key"])

    def _make_app_request(self) -> str:
        """Let an app ask Ada for access; return what the page that asks her gets in its address."""
        boxwood, now = self.world.server.boxwood, self.world.clock()
        back = "https://app.example/back"
        client = boxwood.engine.write(lambda db: apps.register(db, now, "Helper", "https://app.example/", [back]))
        asked = apps.AppRequest(client.key, back, True, "x" * 43, "s", list(apps.ACCESSES), "https://crm.example", now)
        return asked.seal(boxwood.keys)

    def _make_app(self) -> str:
        return str(self._answered("app")["app"]["key"])

    def _make_mailbox(self) -> str:
        """Create a mailbox that is paused, so that the server does not look for its mail server meanwhile."""
        made = str(self._answered("mailbox")["key"])
        ok(self.world.ada.http.post(f"/api/v2/mailboxes/{made}/pause"))
        return made

    def _make_sender(self) -> str:
        """Create a mailbox that letters can be sent from, paused like the other."""
        made = str(self._answered("sender")["key"])
        ok(self.world.ada.http.post(f"/api/v2/mailboxes/{made}/pause"))
        return made

    def _make_letter(self) -> str:
        """Schedule a letter for tomorrow."""
        body = {"sendAt": self.world.clock() + 86_400_000}
        return str(ok(self.ask("POST", "/v2/drafts/{waiting_draft}/send", {"json": body}))["key"])

    def _make_doubtful(self) -> str:
        """Return a letter that may have been sent."""
        sql = "UPDATE sent_letters SET state = 'doubtful' WHERE key = :key"
        key = self.key("letter")
        self.world.server.engine.write(lambda db: db.run(sql, key=key))
        return key

    def _make_feed(self) -> str:
        self.key("calendar")
        return self.created["feed"]

    def _make_merged_contact(self) -> str:
        return self._merged("contact")

    def _make_merged_organization(self) -> str:
        return self._merged("organization")

    def _merged(self, noun: str) -> str:
        """Merge another thing into this thing and return it."""
        ok(self.ask("POST", f"/v2/{noun}s/{{{noun}}}/merge", {"json": {"keys": [f"{{other_{noun}}}"]}}))
        return self.key(noun)

    def _make_token(self) -> str:
        """Return a token of an inbound webhook."""
        tokens = ok(self.ask("GET", "/v2/inbound/{inbound}", {}))["tokens"]
        return str(tokens[0]["key"])

    def _make_request(self) -> str:
        """Return a request that an inbound webhook received."""
        hook = ok(self.ask("POST", "/v2/inbound/{inbound}/rotate", {}))
        with self.world.client(None) as caller:
            return str(ok(caller.post(hook["url"], json={"order": 7}))["id"])

    def _make_welcome(self) -> str:
        """Return the token of a link by which Ada signs in for the first time."""
        engine, now = self.world.server.engine, self.world.clock()
        path = engine.write(lambda db: sign_in_links.make(db, self.world.ada.user, "welcome", now))
        return str(path.partition("#")[2])

    def _make_mail(self) -> str:
        """Set up mail to the mail server of the tests; return its address."""
        mailbox = Mailbox().start()
        self.world.stack.callback(mailbox.stop)
        body = {"smtpUrl": mailbox.url, "from": "crm@team.example", "baseUrl": "https://crm.example"}
        ok(self.ask("POST", "/v2/settings/mail", {"json": body}))
        return mailbox.url

    def _make_proposal(self) -> str:
        """Propose a new name of the box with a key of Ada's that may only propose."""
        made = ok(self.world.ada.http.put("/api/v1/apikeys", json={"name": "Agent", "proposes": True}))
        with self.world.client(made["apiKey"]) as agent:
            answer = ok(agent.post(f"/api/v1/boxes/{self.key('box')}", json={"name": "Acme & Sons"}))
        return str(answer["proposal"]["key"])

    def _make_cancelled(self) -> str:
        """Cancel the run and return it."""
        ok(self.ask("POST", "/v2/automations/{automation}/runs/{run}/cancel", {}))
        return self.key("run")

    def _make_totp(self) -> str:
        """Return the secret of an authenticator that waits for its first code."""
        return str(ok(self.ask("POST", "/v2/session/totp", {"json": {"password": PASSWORD}}))["secret"])

    def _make_code(self) -> str:
        return pyotp.TOTP(self.key("totp")).at(self.world.clock() // 1000)

    def _make_factor(self) -> str:
        """Add an authenticator for Ada."""
        ok(self.ask("POST", "/v2/session/totp/confirm", {"json": {"code": "{code}"}}))
        return self.key("totp")

    def _make_mention(self) -> str:
        """Create a comment of Bo that mentions Ada."""
        body = {"message": "@Ada, they called", "searchForAtMentions": True}
        return str(ok(self.world.bo.http.post(f"/api/v2/boxes/{self.key('box')}/comments", json=body))["key"])

    def _make_change(self) -> str:
        """Edit the box and return the change id by which the edit is undone."""
        answer = self.ask("POST", "/v1/boxes/{box}", {"json": {"name": "Acme & Sons"}})
        return answer.headers["x-boxwood-change"]

    def _make_trashed(self) -> str:
        ok(self.ask("DELETE", "/v1/boxes/{box}", {}))
        return str(ok(self.ask("GET", "/v2/trash", {}))["results"][0]["key"])

    def _make_session(self) -> str:
        return str(ok(self.browser.get("/api/v2/sessions"))["results"][0]["key"])

    @cached_property
    def browser(self) -> httpx.Client:
        """Return a browser in which Ada is signed in with a password."""
        client = self.world.stack.enter_context(self.world.client(None))
        signed_in = ok(client.post("/api/v2/session/link", json={"token": self.key("welcome"), "password": PASSWORD}))
        client.headers["X-CSRF-Token"] = signed_in["csrfToken"]
        return client


def specific_nouns(path: str) -> str:
    """Rename nouns whose position decides which kind of field or user is meant."""
    path = path.replace("/threads/{thread}/split", "/threads/{conversation}/split")
    path = re.sub(r"/(contact|organization)s/fields/\{field\}", r"/\1s/fields/{\1_field}", path)
    return path.replace("/members/{user}", "/members/{colleague}")
