"""Web forms: pages for visitors without an account, whose answers become boxes and contacts."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import World, ok, refused

FIELDS = [
    {"target": "contact.name", "label": "Your name", "required": True},
    {"target": "contact.email", "label": "E-mail", "required": True},
    {"target": "notes", "label": "Message"},
    {"target": "Kind", "label": "What is it about?"},
    {"target": "Due", "label": "When?"},
    {"target": "Source", "label": "Source", "hidden": True, "parameter": "utm_source", "default": "web"},
    {"target": "file", "label": "Attachment"},
]
TYPED = {"contact.name": "Kim Lee", "contact.email": "kim@acme.example", "notes": 'Say "hello" & <b>'}


class Site:
    """A form of Ada's pipeline, and a visitor of its page."""

    def __init__(self, world: World, **more: Any) -> None:
        self.world, self.pipeline = world, world.pipeline()
        kinds = {"items": [{"name": "Offer"}, {"name": "Other"}]}
        self.kind = world.field(self.pipeline, "DROPDOWN", "Kind", dropdownSettings=kinds)
        self.due = world.field(self.pipeline, "DATE", "Due")
        self.source = world.field(self.pipeline, "TEXT_INPUT", "Source")
        self.path = f"/api/v2/pipelines/{self.pipeline['key']}/forms"
        given = {"name": "Contact us", "fields": FIELDS, "stageKey": "5002", **more}
        self.form = ok(world.ada.http.post(self.path, json=given))
        self.visitor = world.stack.enter_context(world.client(None))
        self.page = f"/forms/{self.form['key']}"

    def token(self, wait: int = 3000) -> str:
        """The sealed time of a page that was opened `wait` milliseconds ago."""
        text = self.visitor.get(self.page).text
        self.world.clock.advance(ms=wait)
        found = re.search(r'name="page" value="([^"]+)"', text)
        assert found
        return unescape(found[1])

    def send(self, token: str | None = None, files: Any = None, **more: Any) -> httpx.Response:
        data = {"page": self.token() if token is None else token, **TYPED, **more}
        return self.visitor.post(self.page, data=data, files=files or {"file": ("", b"")})

    def boxes(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = ok(self.world.ada.http.get(f"/api/v1/pipelines/{self.pipeline['key']}/boxes"))
        return found

    def contacts(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = ok(self.world.ada.http.get(f"/api/v2/teams/{self.world.team_key}/contacts"))[
            "results"
        ]
        return found


def test_what_a_visitor_sends_becomes_a_box_with_a_contact_and_files(world: World) -> None:
    site = Site(world, consent="I agree to the terms", title="Über uns", language="de")
    shown = site.visitor.get(f"{site.page}?utm_source=ads")
    assert shown.status_code == 200
    policy = shown.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self';" in policy
    assert "sandbox allow-forms" in policy
    assert "<script" not in shown.text
    assert '<html lang="de">' in shown.text
    assert 'value="ads"' in shown.text
    option = site.kind["dropdownSettings"]["items"][0]["key"]
    given = {"consent": "yes", "1001": option, "1002": "2026-12-24", "1003": "ads"}
    token = site.token()
    done = site.send(token, {"file": ("offer.pdf", b"%PDF-1.4 offer", "application/pdf")}, **given)
    assert done.status_code == 200
    assert "Thank you" in done.text
    (box,) = site.boxes()
    assert (box["name"], box["stageKey"]) == ("Kim Lee", "5002")
    assert box["notes"] == 'Say "hello" & <b>\n\n☑ I agree to the terms'
    assert box["fields"] == {"1001": option, "1002": 1798070400000, "1003": "ads"}
    (contact,) = site.contacts()
    assert [each["key"] for each in box["contacts"]] == [contact["key"]]
    assert contact["emailAddresses"] == ["kim@acme.example"]
    (file,) = ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}/files"))
    assert world.ada.http.get(f"/api/v1/files/{file['key']}/contents").content == b"%PDF-1.4 offer"
    # A page that is sent again makes no second box; another page of the same person makes no second contact.
    assert site.send(token, **given).status_code == 200
    assert len(site.boxes()) == 1
    assert site.send(**{**given, "contact.name": "Somebody Else"}).status_code == 200
    assert len(site.boxes()) == 2
    assert [each["givenName"] for each in site.contacts()] == ["Kim"]
    # The history names the form, and the box is Ada's.
    feed = ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}/history"))["results"]
    assert {(each["via"]["type"], each["via"]["name"]) for each in feed} == {("form", "Contact us")}


def test_a_refused_page_shows_what_was_typed_again(world: World) -> None:
    site = Site(world)

    def kept(answer: httpx.Response, status: int, text: str = "") -> None:
        assert answer.status_code == status, answer.text
        assert 'value="kim@acme.example"' in answer.text
        assert "Say &quot;hello&quot; &amp; &lt;b&gt;" in answer.text
        assert text in answer.text

    kept(site.send(site.token(wait=0)), 400, "send it again")
    kept(site.send("nonsense"), 400)
    kept(site.send(site.token(wait=25 * 3_600_000)), 400)
    kept(site.send(**{"contact.name": " "}), 400, "Please fill this in.")
    kept(site.send(**{"1002": "soon"}), 400, "Please check this.")
    kept(site.send(**{"1001": "9999"}), 400, "Please check this.")
    assert site.send(website_url="http://spam.example").status_code == 200
    most = world.server.boxwood.api.max_file_size
    world.server.boxwood.api.max_file_size = 1000
    kept(site.send(files={"file": ("large.bin", b"x" * 5000)}), 413, "too large")
    world.server.boxwood.api.max_file_size = most
    store: Any = world.server.boxwood.store
    incoming = store.incoming
    store.incoming = Path("/proc/nowhere")
    kept(site.send(files={"file": ("offer.txt", b"Offer")}), 503, "Nothing is lost")
    store.incoming = incoming
    assert site.boxes() == []
    assert site.contacts() == []
    # A rule of the pipeline that rejects the box.
    rule = {
        "name": "Short",
        "mode": "REJECT",
        "deny": True,
        "condition": {"field": "name", "op": "contains", "value": "Kim"},
    }
    path = f"/api/v2/pipelines/{site.pipeline['key']}/validators"
    rule = ok(world.ada.http.post(path, json=rule))
    kept(site.send(), 503)
    ok(world.ada.http.delete(f"{path}/{rule['key']}"))
    answers = [site.send().status_code for _ in range(12)]
    assert answers[-1] == 429
    assert len(site.boxes()) == answers.count(200)
    world.clock.advance(days=1)
    assert site.send().status_code == 200


def test_forms_have_rights_undo_and_a_trash(world: World) -> None:
    site = Site(world, redirect="https://www.acme.example/thanks", frameAncestors=["https://www.acme.example"])
    path, http = f"{site.path}/{site.form['key']}", world.ada.http
    shown = site.visitor.get(site.page)
    assert "frame-ancestors 'self' https://www.acme.example;" in shown.headers["content-security-policy"]
    assert "form-action 'self' https://www.acme.example;" in shown.headers["content-security-policy"]
    done = site.send()
    assert (done.status_code, done.headers["location"]) == (303, "https://www.acme.example/thanks")
    for wrong, where in (
        ({"redirect": "javascript:alert(1)"}, "redirect"),
        ({"redirect": "https://a.example; script-src *"}, "redirect"),
        ({"frameAncestors": ["https://a.example; script-src *"]}, "frameAncestors"),
        ({"fields": [{"target": "nothing", "label": "x"}]}, "fields[0].target"),
        ({"fields": [{"target": "name", "label": "x"}, {"target": "name", "label": "y"}]}, "fields"),
        ({"stageKey": "9"}, "stageKey"),
        ({"button": ""}, "button"),
    ):
        refused(http.post(path, json=wrong), 400, where)
    edited = http.post(path, json={"thanks": "Danke", "enabled": False})
    assert ok(edited)["thanks"] == "Danke"
    assert site.visitor.get(site.page).status_code == 404
    change = ok(http.get(f"/api/v2/pipelines/{site.pipeline['key']}/history"))["results"][0]
    ok(http.post("/api/v2/undo", json={"change": change["change"]}))
    assert ok(http.get(path)) == {**site.form, "lastSavedTimestamp": ok(http.get(path))["lastSavedTimestamp"]}
    ok(http.delete(path))
    assert site.visitor.get(site.page).status_code == 404
    ok(http.post(f"/api/v2/trash/{site.form['key']}/restore"))
    assert site.visitor.get(site.page).status_code == 200
    # Other users, and visitors who guess.
    refused(world.cy.http.get(path), 404, "")
    assert site.visitor.get("/forms/w-000000000000000000").status_code == 404
    members = [{"email": world.bo.email, "permissionSetName": "__viewAllPermissionSet__"}]
    ok(http.post(f"/api/v2/pipelines/{site.pipeline['key']}", json={"aclEntries": members}))
    refused(world.bo.http.post(path, json={"name": "Bo's"}), 403, "")
    # A form that asks for a contact is saved by users who may create contacts.
    members[0]["permissionSetName"] = "__adminPermissionSet__"
    ok(http.post(f"/api/v1/pipelines/{site.pipeline['key']}", json={"aclEntries": members}))
    lists = {"contacts": {"defaultPermissionSetName": "__viewAllPermissionSet__"}}
    ok(http.post(f"/api/v2/teams/{world.team_key}", json={"contactOrgListPermissions": lists}))
    refused(world.bo.http.post(path, json={"name": "Bo's"}), 403, "You may not create contacts")
    refused(world.bo.http.post(site.path, json={"name": "Bo's"}), 403, "You may not create contacts")
    asked = [{"target": "name", "label": "What is it about?"}]
    ok(world.bo.http.post(path, json={"name": "Bo's", "fields": asked}))
    assert site.visitor.get(site.page).status_code == 200
    # The form is closed as long as its owner may not create what it makes.
    lists["contacts"]["defaultPermissionSetName"] = "__editAllPermissionSet__"
    ok(http.post(f"/api/v2/teams/{world.team_key}", json={"contactOrgListPermissions": lists}))
    ok(world.bo.http.post(path, json={"fields": FIELDS[:3], "closedText": "Call <us>", "redirect": ""}))
    token = site.token()
    lists["contacts"]["defaultPermissionSetName"] = "__viewAllPermissionSet__"
    ok(http.post(f"/api/v2/teams/{world.team_key}", json={"contactOrgListPermissions": lists}))
    shown, sent = site.visitor.get(site.page), site.send(token)
    assert (shown.status_code, sent.status_code) == (503, 503)
    assert "Call &lt;us&gt;" in shown.text
    assert "<form" not in shown.text
    assert "Call &lt;us&gt;" in sent.text
    assert 'value="kim@acme.example"' in sent.text
    ok(http.post(path, json={"name": "Ada's"}))
    assert site.send(token).status_code == 200


@pytest.mark.one_database
def test_a_form_without_files_is_sent_as_plain_fields(world: World) -> None:
    site = Site(world, fields=FIELDS[:3])
    token = site.token()
    data = {"page": token, **TYPED}
    assert site.visitor.post(site.page, data=data).status_code == 200
    assert [box["name"] for box in site.boxes()] == ["Kim Lee"]


def test_a_visitor_answers_only_what_the_form_asks(world: World) -> None:
    hidden = {"hidden": True, "default": "web"}
    asked = [
        {"target": "contact.email", "label": "E-mail", "required": True},
        {"target": "Source", "label": "Source", **hidden},
        {"target": "Campaign", "label": "Campaign", "parameter": "utm_campaign", **hidden},
    ]
    site = Site(world)
    campaign = world.field(site.pipeline, "TEXT_INPUT", "Campaign")
    ok(world.ada.http.post(f"{site.path}/{site.form['key']}", json={"fields": asked}))
    forged = {
        "name": "Forged",
        "notes": "Forged",
        "contact.title": "Forged",
        "contact.phone": "+1 555 0100",
        site.kind["key"]: site.kind["dropdownSettings"]["items"][0]["key"],
        site.due["key"]: "2026-12-24",
        site.source["key"]: "forged",
        campaign["key"]: "spring\r\nsale",
        "consent": "yes",
    }
    files = {"file": ("forged.txt", b"Forged", "text/plain")}
    assert site.send(files=files, **{**forged, "contact.email": "kim@acme.example"}).status_code == 200
    (box,) = site.boxes()
    assert (box["name"], box.get("notes", "")) == ("kim@acme.example", "")
    assert box["fields"] == {site.source["key"]: "web", campaign["key"]: "spring sale"}
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}/files")) == []
    (contact,) = site.contacts()
    assert (contact.get("givenName", ""), contact.get("title", ""), contact.get("phoneNumbers", [])) == ("", "", [])


def test_answers_are_on_one_line_except_notes(world: World) -> None:
    targets = ("name", "contact.name", "contact.email", "contact.phone", "contact.title", "notes")
    site = Site(world, fields=[{"target": target, "label": target} for target in targets])
    break_ = "\r\nReply-To: evil@spam.example\u2028"
    typed = {target: f"Ada{break_}" for target in targets if target != "contact.email"}
    assert site.send(files={}, **{**typed, "contact.email": f"ada@acme.example{break_}"}).status_code == 400
    assert site.send(files={}, **{**typed, "contact.email": "ada@acme.example\r\n"}).status_code == 200
    (box,), (contact,) = site.boxes(), site.contacts()
    line = "Ada Reply-To: evil@spam.example"
    assert box["name"] == line
    assert box["notes"].splitlines()[0] == "Ada"
    assert f"{contact['givenName']} {contact['familyName']}" == line
    assert (contact["title"], contact["phoneNumbers"]) == (line, [line])
    assert contact["emailAddresses"] == ["ada@acme.example"]


def test_keys_with_limits_create_and_change_no_forms(world: World) -> None:
    site = Site(world)
    path = f"{site.path}/{site.form['key']}"
    for limits in (
        {"expiresTimestamp": world.clock() + 60_000},
        {"allowedAddresses": ["127.0.0.1"]},
        {"rateLimit": "600/m"},
        {"allowedOrigins": ["https://www.acme.example"]},
    ):
        made = ok(world.ada.http.put("/api/v1/apikeys", json={"name": "Limited", **limits}))
        with world.client(made["apiKey"]) as http:
            refused(http.post(site.path, json={"name": "Mine"}), 403, "web forms")
            refused(http.post(path, json={"name": "Mine"}), 403, "web forms")
            assert ok(http.get(path)) == site.form


def test_files_of_a_refused_page_are_not_stored(world: World) -> None:
    site = Site(world)
    stored: list[str] = []
    store: Any = world.server.boxwood.store
    write = store.write

    def counted(data: Any, blob: str) -> Any:
        stored.append(blob)
        return write(data, blob)

    store.write = counted
    try:
        files = {"file": ("offer.txt", b"Offer", "text/plain")}
        for token in ("nonsense", site.token(wait=0), site.token(wait=25 * 3_600_000)):
            answer = site.send(token, files)
            assert answer.status_code == 400
            assert 'value="kim@acme.example"' in answer.text
        assert stored == []
        while (answer := site.send(files=files)).status_code == 200:
            assert len(stored) < 20
        kept, token = len(stored), site.token()
        assert kept
        assert answer.status_code == site.send(token, files).status_code == 429
        assert 'value="kim@acme.example"' in answer.text
        assert len(stored) == kept
    finally:
        store.write = write
