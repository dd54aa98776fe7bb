"""The OpenAPI document of a team: valid, with the team's pipelines and fields, and made into a client that works."""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import schemathesis

from clients.build import BYTES
from tests.clients.test_generated_clients import operation_of, run
from tests.conftest import World, ok, refused

ALL = ["TEXT_INPUT", "DATE", "CHECKBOX", "DROPDOWN", "TAG", "PERSON", "TEAM_CONTACT", "TEAM_ORGANIZATION", "FORMULA"]


@pytest.mark.slow
def test_the_document_of_a_team_is_valid_and_makes_a_client(world: World, tmp_path: Path) -> None:
    pipeline = world.pipeline(name="Große Deals!")
    keys = {kind: world.field(pipeline, kind, f"My {kind}")["key"] for kind in ALL}
    options = {"dropdownSettings": {"items": [{"name": "Web"}, {"name": "Fair"}]}}
    field = f"/api/v2/pipelines/{pipeline['key']}/fields/{keys['DROPDOWN']}"
    web, fair = (each["key"] for each in ok(world.ada.http.post(field, json=options))["dropdownSettings"]["items"])
    world.pipeline(name="grosse deals")
    world.pipeline(name="東京")
    document = ok(world.ada.http.get("/openapi.json", params={"team": world.team_key}))
    assert document == ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/openapi"))
    schemathesis.openapi.from_dict(document).validate()
    schemas = document["components"]["schemas"]
    assert {"GrosseDealsBox", "GrosseDeals2Box", "GrosseDealsFields"} <= schemas.keys()
    written = schemas["GrosseDealsFieldsCreate"]["properties"]
    assert written.keys() == {key for kind, key in keys.items() if kind != "FORMULA"}
    assert written[keys["DROPDOWN"]]["enum"] == [web, fair]
    assert written[keys["DROPDOWN"]]["title"] == "My DROPDOWN"
    assert schemas["GrosseDealsBox"]["properties"]["stageKey"]["enum"] == pipeline["stageOrder"]

    # Only the operations of the pipelines: another test makes a client of the whole reference.
    own = {path: verbs for path, verbs in document["paths"].items() if path.startswith("/v2/pipelines/p-")}
    (tmp_path / "openapi.json").write_text(json.dumps({**document, "paths": own}))
    types = dict.fromkeys(BYTES, "application/octet-stream")
    settings = {"content_type_overrides": types, "post_hooks": [], "package_name_override": "team_client"}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    program = Path(sys.executable).with_name("openapi-python-client")
    said = run(
        tmp_path, program, "generate", "--path", "openapi.json", "--config", "config.json", "--output-path", "made"
    )
    assert "warning" not in said.lower()
    sys.path.insert(0, str(tmp_path / "made"))
    try:
        package = importlib.import_module("team_client")
        models = importlib.import_module("team_client.models")
        url = document["servers"][0]["url"]
        client = package.AuthenticatedClient(base_url=url, token=world.ada.key, httpx_args={"trust_env": False})
        name = "pipeline_grosse_deals"
        create, listed = (operation_of(package, name, f"{verb}_grosse_deals_boxes") for verb in ("create", "list"))
        fields = {keys["TEXT_INPUT"]: "fair", keys["DROPDOWN"]: fair, keys["CHECKBOX"]: True}
        body = models.GrosseDealsBoxCreate.from_dict({"name": "Acme", "stageKey": "5002", "fields": fields})
        with client:
            made = create.sync(client=client, body=body)
            assert isinstance(made, models.GrosseDealsBox)
            assert made.fields.to_dict().items() >= fields.items()
            assert made.to_dict() == ok(world.ada.http.get(f"/api/v1/boxes/{made.key}"))
            assert [box.key for box in listed.sync(client=client).results] == [made.key]
    finally:
        sys.path.remove(str(tmp_path / "made"))
        for module in [each for each in sys.modules if each.partition(".")[0] == "team_client"]:
            del sys.modules[module]


def test_the_document_of_a_team_has_only_what_the_caller_reaches(world: World) -> None:
    shared, hidden = world.pipeline(name="Zzshared"), world.pipeline(name="Zzhidden")
    world.field(shared, "TEXT_INPUT", "Secretless")

    def names(who: Any) -> set[str]:
        document = ok(who.http.get("/openapi.json", params={"team": world.team_key}))
        assert len(document["paths"]) > 150
        return {path.split("/")[3] for path in document["paths"] if path.startswith("/v2/pipelines/p-")}

    assert names(world.ada) == names(world.bo) == {shared["key"], hidden["key"]}
    path = f"/api/v2/pipelines/{hidden['key']}"
    ok(world.ada.http.post(path, json={"defaultPermissionSetName": "__noAccessPermissionSet__"}))
    viewer = {"defaultPermissionSetName": "__viewAllPermissionSet__"}
    ok(world.ada.http.post(f"/api/v2/pipelines/{shared['key']}", json=viewer))
    document = ok(world.bo.http.get("/openapi.json", params={"team": world.team_key}))
    assert names(world.bo) == {shared["key"]}
    assert "Zzhidden" not in json.dumps(document)
    assert list(document["paths"][f"/v2/pipelines/{shared['key']}/boxes"]) == ["get"]
    refused(world.cy.http.get("/openapi.json", params={"team": world.team_key}), 404)
    with world.client(None) as stranger:
        assert stranger.get("/openapi.json", params={"team": world.team_key}).status_code == 401
        assert "Zzshared" not in stranger.get("/openapi.json").text
