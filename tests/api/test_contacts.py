"""Contacts and organizations through the API."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conftest import World, ok, refused


def contact(world: World, **body: Any) -> dict[str, Any]:
    return ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/contacts", json=body))


def organization(world: World, **body: Any) -> dict[str, Any]:
    return ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/organizations", json=body))


def edit(world: World, entry: dict[str, Any], **body: Any) -> dict[str, Any]:
    return ok(world.ada.http.post(path(entry), json=body))


def read(world: World, entry: dict[str, Any]) -> dict[str, Any]:
    return ok(world.ada.http.get(path(entry)))


def path(entry: dict[str, Any]) -> str:
    return f"/api/v2/{'contacts' if 'emailAddresses' in entry else 'organizations'}/{entry['key']}"


def box_of(world: World, box: dict[str, Any]) -> dict[str, Any]:
    return ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))


def events(world: World, key: str) -> list[str]:
    sql = "SELECT kind FROM events WHERE subject_key = :key ORDER BY id"
    return [row[0] for row in world.server.engine.read(lambda db: db.rows(sql, key=key))]


def test_a_contact_is_visible_only_to_its_team(world: World) -> None:
    created = contact(world, givenName="Konrad", emailAddresses=["Konrad@Zuse.example"])
    assert ok(world.bo.http.get(path(created))) == created
    refused(world.cy.http.get(path(created)), 404)
    refused(world.cy.http.get(f"/api/v2/teams/{world.team_key}/contacts"), 404)
    assert ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/contacts")) == {"results": [created]}
    assert events(world, created["key"]) == ["contact.created"]


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"title": "Nobody"}, "Contact"),
        ({"emailAddresses": ["no address"]}, "emailAddresses"),
        ({"givenName": {"a": 1}}, "givenName"),
        ({"givenName": "K", "phoneNumbers": [{"a": 1}]}, "phoneNumbers[0]"),
        ({"givenName": "K", "addresses": [str(number) for number in range(201)]}, "addresses"),
        ({"givenName": "K", "contactLinks": [{"key": "nobody"}]}, "contactLinks[0].key"),
        ({"givenName": "K", "orgLinks": [{}]}, "orgLinks[0].key"),
        ({"givenName": "K", "fields": {"1001": {"a": 1}}}, "fields.1001"),
        ({"givenName": "a\x00b"}, "givenName"),
    ],
)
def test_an_invalid_contact_is_refused_and_not_stored(world: World, body: dict, names: str) -> None:
    refused(world.ada.http.post(f"/api/v2/teams/{world.team_key}/contacts", json=body), 400, names)
    assert ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/contacts"))["results"] == []


def test_saving_an_unchanged_contact_records_no_event(world: World) -> None:
    firm = organization(world, name="Zuse KG", domains=["zuse.example"])
    created = contact(world, givenName="Konrad", emailAddresses=["k@zuse.example"], phoneNumbers=["1"], other="x")
    before = read(world, firm)
    world.clock.advance(ms=5000)
    assert edit(world, created, **created) == created
    assert read(world, firm) == before
    assert events(world, created["key"]) == ["contact.created"]


def test_a_text_is_accepted_as_a_list_and_null_is_ignored(world: World) -> None:
    created = contact(world, emailAddresses="K@zuse.example, k2@zuse.example", addresses="Neukirchen, Hessen")
    assert created["emailAddresses"] == ["k@zuse.example", "k2@zuse.example"]
    assert created["addresses"] == ["Neukirchen, Hessen"]
    stored = edit(world, created, emailAddresses=None, addresses=None, phoneNumbers=[None, "1", ""])
    assert stored["emailAddresses"] == created["emailAddresses"]
    assert (stored["addresses"], stored["phoneNumbers"]) == (created["addresses"], ["1"])


def test_a_shared_domain_links_contact_and_organization(world: World) -> None:
    firm = organization(world, name="Zuse KG", domains=["https://www.Zuse.example/z3"])
    assert firm["normalizedDomains"] == ["zuse.example"]
    konrad = contact(world, givenName="Konrad", emailAddresses=["k@zuse.example"])
    assert [(link["key"], link["isMagicLinked"]) for link in konrad["orgLinks"]] == [(firm["key"], True)]
    assert [(link["key"], link["isMagicLinked"]) for link in read(world, firm)["contactLinks"]] == [
        (konrad["key"], True)
    ]
    gisela = contact(world, givenName="Gisela", domains=["siemens.example"])
    siemens = organization(world, name="Siemens", domains=["siemens.example"])
    assert [link["key"] for link in siemens["contactLinks"]] == [gisela["key"]]
    assert [link["key"] for link in read(world, gisela)["orgLinks"]] == [siemens["key"]]
    assert events(world, firm["key"]) == ["organization.created"]


def test_a_public_mail_provider_domain_creates_no_links(world: World) -> None:
    organization(world, name="Google", domains=["gmail.com"])
    created = contact(world, emailAddresses=["konrad@gmail.com"])
    assert (created["orgLinks"], created["normalizedDomains"]) == ([], [])


def test_a_domain_link_ends_with_the_domain_and_is_not_added_again_after_removal(world: World) -> None:
    firm = organization(world, name="Zuse KG", domains=["zuse.example", "z4.example"])
    konrad = contact(world, givenName="Konrad", emailAddresses=["k@zuse.example"])
    away = edit(world, konrad, orgLinks=[])
    assert away["orgLinks"] == read(world, firm)["contactLinks"] == []
    assert edit(world, konrad, title="Engineer")["orgLinks"] == []
    back = edit(world, konrad, domains=["z4.example"])
    assert [link["key"] for link in back["orgLinks"]] == [firm["key"]]
    assert len(edit(world, konrad, emailAddresses=[], domains=["z4.example"])["orgLinks"]) == 1
    assert edit(world, konrad, domains=[])["orgLinks"] == []
    assert read(world, firm)["contactLinks"] == []


def test_a_manual_link_stays_when_the_domain_is_removed(world: World) -> None:
    firm = organization(world, name="Zuse KG", domains=["zuse.example"])
    konrad = contact(world, givenName="Konrad", orgLinks=[{"key": firm["key"]}])
    edit(world, konrad, emailAddresses=["k@zuse.example"])
    stored = edit(world, konrad, emailAddresses=[])
    assert [(link["key"], link["isMagicLinked"]) for link in stored["orgLinks"]] == [(firm["key"], False)]


def test_links_keep_their_order_and_record_events_on_both_sides(world: World) -> None:
    first, second, third = (contact(world, givenName=name)["key"] for name in ("A", "B", "C"))
    firm = organization(world, name="Zuse", contactLinks=[{"key": third}, {"key": first}])
    assert [link["key"] for link in firm["contactLinks"]] == [third, first]
    turned = edit(world, firm, contactLinks=[{"key": first}, {"key": second}, {"key": third}])
    assert [link["key"] for link in turned["contactLinks"]] == [first, second, third]
    assert read(world, firm) == turned
    assert events(world, second) == ["contact.created", "contact.edited"]
    assert events(world, firm["key"]) == ["organization.created", "organization.edited"]
    world.clock.advance(ms=10)
    linked = contact(world, givenName="D", orgLinks=[{"key": firm["key"]}])["key"]
    assert [link["key"] for link in read(world, firm)["contactLinks"]] == [first, second, third, linked]


def test_an_organization_is_upserted_by_any_of_its_domains(world: World) -> None:
    upsert = f"/api/v2/teams/{world.team_key}/organizations/upsert"
    created = ok(world.ada.http.post(upsert, json={"name": "Zuse", "domains": ["zuse.example"]}))
    body = {"name": "Zuse KG", "domains": ["www.z4.example", "WWW.zuse.example"]}
    changed = ok(world.ada.http.post(upsert, json=body))
    assert (changed["key"], changed["name"]) == (created["key"], "Zuse KG")
    assert changed["normalizedDomains"] == ["zuse.example", "z4.example"]
    refused(world.ada.http.post(upsert, json={"name": "Zuse"}), 400, "domains")


def test_a_contact_is_upserted_by_any_of_its_addresses(world: World) -> None:
    upsert = f"/api/v2/teams/{world.team_key}/contacts/upsert"
    created = ok(world.ada.http.post(upsert, json={"givenName": "K", "emailAddresses": ["k@zuse.example"]}))
    body = {"givenName": "Konrad", "emailAddresses": ["konrad@zuse.example", "K@zuse.example"]}
    changed = ok(world.ada.http.post(upsert, json=body))
    assert (changed["key"], changed["givenName"]) == (created["key"], "Konrad")
    assert changed["emailAddresses"] == ["k@zuse.example", "konrad@zuse.example"]
    assert len(ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/contacts"))["results"]) == 1
    refused(world.ada.http.post(upsert, json={"givenName": "K"}), 400, "emailAddresses")


def test_pages_stay_consistent_while_contacts_are_created_and_deleted(world: World) -> None:
    created = []
    for number in range(5):
        world.clock.advance(ms=10)
        created.append(contact(world, givenName=f"{number}")["key"])
    pages = f"/api/v2/teams/{world.team_key}/contacts"
    first = ok(world.ada.http.get(pages, params={"limit": 2}))
    ok(world.ada.http.delete(f"/api/v2/contacts/{created[1]}"))
    second = ok(world.ada.http.get(pages, params={"limit": 2, "cursor": first["cursor"]}))
    last = ok(world.ada.http.get(pages, params={"limit": 2, "cursor": second["cursor"]}))
    assert [item["key"] for page in (first, second, last) for item in page["results"]] == created
    assert "cursor" not in last
    for params, names in (({"limit": -1}, "limit"), ({"after": "soon"}, "after"), ({"cursor": "a b"}, "cursor")):
        refused(world.ada.http.get(pages, params=params), 400, names)


def test_a_batch_read_returns_only_reachable_keys(world: World) -> None:
    created = contact(world, givenName="K")
    assert ok(world.ada.http.post("/api/v2/contacts/batch/get", json=[])) == {}
    assert ok(world.cy.http.post("/api/v2/contacts/batch/get", json=[created["key"]])) == {}
    for body in ({"a": 1}, [1], ["x"] * 1001):
        refused(world.ada.http.post("/api/v2/contacts/batch/get", json=body), 400, "body")


def test_a_box_and_its_fields_name_contacts_of_the_team(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEAM_CONTACT")["key"]
    key, firm = contact(world, givenName="Konrad")["key"], organization(world, name="Zuse KG")["key"]
    box = world.box(pipeline, contacts=[{"key": key}], organizations=[{"key": firm}], fields={field: [key]})
    assert [item["key"] for item in box["contacts"]] == [key]
    assert [item["key"] for item in box["organizations"]] == [firm]
    assert box["fields"] == {field: [key]}
    assert [item["key"] for item in ok(world.bo.http.get(f"/api/v2/contacts/{key}/boxes"))["results"]] == [box["key"]]
    assert ok(world.bo.http.get(f"/api/v2/organizations/{firm}/boxes"))["results"][0]["key"] == box["key"]


def test_deleting_an_entry_removes_all_its_links(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEAM_CONTACT")["key"]
    konrad, gisela = contact(world, givenName="Konrad"), contact(world, givenName="Gisela")
    firm = organization(world, name="Zuse KG", contactLinks=[{"key": konrad["key"]}, {"key": gisela["key"]}])
    fields = f"/api/v2/teams/{world.team_key}/organizations/fields"
    boss = ok(world.ada.http.post(fields, json={"name": "Boss", "type": "TEAM_CONTACT"}))["key"]
    edit(world, firm, fields={boss: f"{konrad['key']},{gisela['key']}"})
    links = [{"key": konrad["key"], "isStarred": True}, {"key": gisela["key"]}]
    box = world.box(pipeline, contacts=links, fields={field: [konrad["key"]]})
    task = ok(
        world.ada.http.post(f"/api/v2/boxes/{box['key']}/tasks", json={"text": "call", "teamContactKey": konrad["key"]})
    )
    ok(world.ada.http.delete(path(konrad)))
    left = box_of(world, box)
    assert [item["key"] for item in left["contacts"]] == [gisela["key"]]
    assert left["fields"] == {}
    assert "teamContactKey" not in ok(world.ada.http.get(f"/api/v2/tasks/{task['key']}"))
    firm = read(world, firm)
    assert [link["key"] for link in firm["contactLinks"]] == [gisela["key"]]
    assert firm["fields"] == {boss: gisela["key"]}
    assert world.events(box["key"])[-2:] == ["box.fields_edited", "box.contacts_edited"]
    refused(world.ada.http.get(path(konrad)), 404)
    refused(world.ada.http.delete(path(konrad)), 404)


def test_addresses_of_contacts_and_texts_belong_to_the_box(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEXT_INPUT")["key"]
    konrad = contact(world, givenName="Konrad", emailAddresses=["k@zuse.example", "konrad@zuse.example"])
    box = world.box(pipeline, name="Ask Gisela@Zuse.example")
    assert box["emailAddresses"] == box["emailAddressesAutoExtracted"] == ["gisela@zuse.example"]
    url = f"/api/v1/boxes/{box['key']}"
    linked = ok(world.ada.http.post(url, json={"contacts": [{"key": konrad["key"]}]}))
    assert linked["emailAddresses"] == ["gisela@zuse.example", "k@zuse.example", "konrad@zuse.example"]
    assert linked["emailAddressesAutoExtracted"] == ["gisela@zuse.example"]
    written = ok(world.ada.http.post(url, json={"fields": {field: "or k@zuse.example, horst@zuse.example"}}))
    assert written["emailAddresses"][-1] == "horst@zuse.example"
    assert len(written["emailAddressesAutoExtracted"]) == 3
    edit(world, konrad, emailAddresses=["k@zuse.example", "new@zuse.example"])
    assert box_of(world, box)["emailAddresses"][-1] == "new@zuse.example"
    ok(world.ada.http.post(url, json={"contacts": [], "fields": {field: ""}}))
    ok(world.ada.http.post(url, json={"contacts": [{"key": konrad["key"]}]}))
    assert world.events(box["key"]).count("box.email_added") == 5
    feed = ok(world.ada.http.get(f"{url}/newsfeed"))
    emails = [
        entry["specificVariables"]["EMAIL"] for entry in feed if entry["newsfeedEntrySpecific"] == "NEW_EMAIL_ADDRESS"
    ]
    assert emails == [*reversed(box_of(world, box)["emailAddresses"])]


def test_a_guest_of_a_pipeline_reaches_no_contact(world: World) -> None:
    pipeline = world.pipeline()
    konrad = contact(world, givenName="Konrad")
    sharing = {"aclEntries": [{"email": world.cy.email, "permissionSetName": "__editAllPermissionSet__"}]}
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}", json=sharing))
    box = world.box(pipeline)
    refused(world.cy.http.get(path(konrad)), 404)
    refused(world.cy.http.post(path(konrad), json={"title": "Mine"}), 404)
    edited = world.cy.http.post(f"/api/v1/boxes/{box['key']}", json={"contacts": [{"key": konrad["key"]}]})
    refused(edited, 400, "contacts[0].key")
    assert read(world, konrad) == konrad


LISTED = {
    "__viewAllPermissionSet__": (200, 403, 403, 403),
    "__editAssignedBoxCreatePermissionSet__": (200, 403, 403, 200),
    "__editAllPermissionSet__": (200, 200, 200, 200),
    "__viewAssignedPermissionSet__": (404, 404, 404, 403),
    "__noAccessPermissionSet__": (404, 404, 404, 403),
}


@pytest.mark.parametrize("name", LISTED)
@pytest.mark.parametrize("how", ["default", "entry"])
def test_team_permissions_decide_what_members_may_do(world: World, name: str, how: str) -> None:
    created = contact(world, givenName="Konrad")
    entry = {"userKey": world.bo.user_key, "permissionSetName": name}
    lists = {"contacts": {"defaultPermissionSetName": name} if how == "default" else {"aclEntries": [entry]}}
    ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}", json={"contactOrgListPermissions": lists}))
    statuses = (
        world.bo.http.get(path(created)).status_code,
        world.bo.http.post(path(created), json={"title": "T"}).status_code,
        world.bo.http.delete(path(created)).status_code,
        world.bo.http.post(f"/api/v2/teams/{world.team_key}/contacts", json={"givenName": "Bo's"}).status_code,
    )
    assert statuses == LISTED[name]
    assert world.bo.http.post(f"/api/v2/teams/{world.team_key}/organizations", json={"name": "Z"}).status_code == 200
    assert world.ada.http.post(f"/api/v2/teams/{world.team_key}/contacts", json={"givenName": "A"}).status_code == 200


def test_a_member_with_the_right_to_own_entries_changes_only_those(world: World) -> None:
    name = "__editAssignedBoxCreatePermissionSet__"
    lists = {"contacts": {"defaultPermissionSetName": name}}
    ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}", json={"contactOrgListPermissions": lists}))
    created = ok(world.bo.http.post(f"/api/v2/teams/{world.team_key}/contacts", json={"givenName": "Bo's"}))
    assert ok(world.bo.http.post(path(created), json={"title": "T"}))["title"] == "T"
    assert ok(world.bo.http.delete(path(created)))["success"] is True


def test_a_team_list_accepts_only_existing_permission_sets_and_members(world: World) -> None:
    team = f"/api/v2/teams/{world.team_key}"
    for permissions in (
        {"defaultPermissionSetName": "mine"},
        {"aclEntries": [{"userKey": world.cy.user_key, "permissionSetName": "__viewAllPermissionSet__"}]},
        {"aclEntries": [{"userKey": world.bo.user_key}]},
    ):
        body = {"contactOrgListPermissions": {"contacts": permissions}}
        refused(world.ada.http.post(team, json=body), 400, "contactOrgListPermissions.contacts")


def test_two_concurrent_upserts_create_one_contact(world: World) -> None:
    url = f"/api/v2/teams/{world.team_key}/contacts"

    def make(_: int) -> str:
        body = {"emailAddresses": ["k@zuse.example"]}
        return str(ok(world.ada.http.post(url, params={"getIfExisting": "true"}, json=body))["key"])

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(make, range(24)))) == 1


def test_a_contact_and_an_organization_created_concurrently_are_linked(world: World) -> None:
    def make(number: int) -> dict[str, Any]:
        domain = f"zuse{number // 4}.example"
        if number % 4 == 0:
            return organization(world, name=domain, domains=[domain])
        return contact(world, emailAddresses=[f"k{number}@{domain}"])

    with ThreadPoolExecutor(8) as pool:
        created = [*pool.map(make, range(48))]
    for at in range(0, 48, 4):
        firm, people = created[at], created[at + 1 : at + 4]
        assert {link["key"] for link in read(world, firm)["contactLinks"]} == {person["key"] for person in people}
        assert all([link["key"] for link in read(world, person)["orgLinks"]] == [firm["key"]] for person in people)


def test_no_link_names_an_entry_deleted_meanwhile(world: World) -> None:
    pipeline = world.pipeline()

    def link(key: str) -> dict[str, Any] | None:
        reply = world.ada.http.post(
            f"/api/v2/pipelines/{pipeline['key']}/boxes", json={"name": "Deal", "contacts": [{"key": key}]}
        )
        return reply.json() if reply.status_code == 200 else None

    with ThreadPoolExecutor(4) as pool:
        for _ in range(8):
            created = contact(world, givenName="Konrad")
            boxes = [pool.submit(link, created["key"]) for _ in range(2)]
            ok(world.ada.http.delete(path(created)))
            assert all("contacts" not in box_of(world, box) for each in boxes if (box := each.result()))


def test_each_change_of_a_contact_records_an_event(world: World) -> None:
    created = contact(world, givenName="Konrad", familyName="Zuse")
    edit(world, created, title="Engineer", emailAddresses=["k@zuse.example"])
    feed = ok(world.bo.http.get(f"{path(created)}/newsfeed"))
    assert [entry["storyTextGlobal"] for entry in feed] == [
        "Ada L changed title, email addresses of the contact Konrad Zuse",
        "Ada L created the contact Konrad Zuse",
    ]
    refused(world.cy.http.get(f"{path(created)}/newsfeed"), 404)
