"""Reports, imports and exports in the browser."""

import codecs
import csv
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.conftest import World, ok
from tests.sheets import xlsx
from tests.ui.conftest import LOOKS

DEALS = "Company,Size,Source\nAcme,1200,Web\nInitech,800,Fair\nHooli,,Nowhere\n"


def a_pipeline(world: World) -> dict[str, Any]:
    pipeline = world.pipeline(name="Sales")
    world.field(pipeline, "TEXT_INPUT", "Size")
    world.field(pipeline, "DROPDOWN", "Source", dropdownSettings={"items": [{"name": "Web"}, {"name": "Fair"}]})
    return pipeline


def boxes(world: World, pipeline: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/boxes"))["results"]
    return found


def test_a_table_is_previewed_mapped_imported_and_undone(world: World, window, tmp_path: Path) -> None:
    pipeline = a_pipeline(world)
    table = tmp_path / "deals.csv"
    table.write_text(DEALS)
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/import")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a file").click()
    chooser.value.set_files(table)
    expect(page.get_by_role("table", name="Refused rows")).to_contain_text("Nowhere")
    company = page.get_by_role("textbox", name="Where Company goes").or_(
        page.get_by_role("combobox", name="Where Company goes")
    )
    expect(company).to_have_value("Name")
    expect(page.get_by_role("table", name="What becomes of the first rows")).to_contain_text("Initech")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("heading", name="Imported")).to_be_visible()
    expect(page.get_by_role("status").first).to_contain_text("2 boxes made, 0 changed, 1 refused")
    expect(page.get_by_role("table", name="Refused rows")).to_contain_text("Source")
    assert sorted(each["name"] for each in boxes(world, pipeline)) == ["Acme", "Initech"]
    page.get_by_role("button", name="Undo the import").click()
    expect(page.get_by_text("The import was undone")).to_be_visible()
    assert boxes(world, pipeline) == []


def test_how_a_table_is_read_is_shown_and_can_be_changed(world: World, window, tmp_path: Path) -> None:
    """A table whose encoding cannot be detected, and a sheet of a workbook."""
    pipeline = a_pipeline(world)
    old, workbook = tmp_path / "old.csv", tmp_path / "deals.xlsx"
    old.write_bytes("Deals of May\n\nName;Size\nMüller;1200\nx;2;too many\n".encode("mac_roman"))
    workbook.write_bytes(xlsx({"Notes": [["Name"], ["Wrong"]], "Deals": [["Name", "Size"], ["Initech", 5]]}))
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/import")
    for file, label, choice, name in (
        (old, "Encoding", "Western (Mac Roman)", "Müller"),
        (workbook, "Sheet", "Deals", "Initech"),
    ):
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Choose a file").click()
        chooser.value.set_files(file)
        if file is old:
            expect(page.get_by_role("combobox", name="Delimiter")).to_have_value("Semicolon")
            expect(page.get_by_text("The table has 2 rows before its heading. They are skipped.")).to_be_visible()
            expect(page.get_by_role("table", name="Refused rows")).to_contain_text("has 3 cells")
        else:
            expect(page.get_by_role("combobox", name="Sheet")).to_have_value("Notes")
        page.get_by_role("combobox", name=label).click()
        page.get_by_role("option", name=choice, exact=True).click()
        expect(page.get_by_role("table", name="What becomes of the first rows")).to_contain_text(name)
        page.get_by_role("button", name="Import", exact=True).click()
        expect(page.get_by_role("heading", name="Imported")).to_be_visible()
        page.get_by_role("button", name="Import another table").click()
    assert sorted(each["name"] for each in boxes(world, pipeline)) == ["Initech", "Müller"]


def test_the_undo_of_an_import_keeps_boxes_that_were_changed_since(world: World, window) -> None:
    pipeline = a_pipeline(world)
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/import")
    page.get_by_label("Or paste rows").fill("Name\nHooli\nInitech\n")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("heading", name="Imported")).to_be_visible()
    changed = next(each for each in boxes(world, pipeline) if each["name"] == "Hooli")
    ok(world.ada.http.post(f"/api/v1/boxes/{changed['key']}", json={"notes": "mine"}))
    page.get_by_role("button", name="Undo the import").click()
    expect(page.get_by_role("alert", name="Some boxes were changed")).to_contain_text("Hooli: it was changed since")
    page.get_by_role("button", name="Keep those and undo the rest").click()
    expect(page.get_by_role("list", name="Kept")).to_contain_text("Hooli: it was changed since")
    assert [each["name"] for each in boxes(world, pipeline)] == ["Hooli"]


def test_pasted_rows_are_imported_and_missing_options_created(world: World, window) -> None:
    pipeline = a_pipeline(world)
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/import")
    page.get_by_label("Or paste rows").fill("Name\tSource\nHooli\tNowhere\n")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("table", name="Refused rows")).to_contain_text("Nowhere")
    page.get_by_label("Make the options and tags that are missing").click()
    expect(page.get_by_label("Make the options and tags that are missing")).to_be_checked()
    expect(page.get_by_role("table", name="Refused rows")).to_have_count(0)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("heading", name="Imported")).to_be_visible()
    (created,) = boxes(world, pipeline)
    assert created["name"] == "Hooli"


def test_a_pipeline_is_exported(world: World, window) -> None:
    pipeline = a_pipeline(world)
    world.box(pipeline, name="Acme, Inc.")
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/import")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert Path(download.value.path()).read_bytes().startswith(codecs.BOM_UTF8)
    rows = [*csv.DictReader(Path(download.value.path()).read_text("utf-8-sig").splitlines())]
    assert [row["Name"] for row in rows] == ["Acme, Inc."]


def won(world: World, pipeline: dict[str, Any]) -> None:
    size = pipeline["fields"][0]["key"]
    for name, number, stage in (("Acme", "1200", "5002"), ("Initech", "800", "5001"), ("Hooli", "50", "5003")):
        box = world.box(pipeline, name=name, fields={size: number})
        ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"stageKey": stage}))


def test_a_report_opens_the_boxes_behind_it_and_is_saved(world: World, window) -> None:
    pipeline = a_pipeline(world)
    pipeline = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}"))
    won(world, pipeline)
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/reports?sum={pipeline['fields'][0]['key']}")
    funnel = page.get_by_role("region", name="Funnel")
    expect(funnel).to_contain_text("3 boxes")
    expect(funnel).to_contain_text("50 % win rate")
    expect(page.get_by_role("region", name="Totals")).to_contain_text("1,200")
    world.box(pipeline, name="Later", fields={pipeline["fields"][0]["key"]: "to be agreed"})
    page.reload()
    expect(page.get_by_role("region", name="Totals").get_by_role("row", name="Lead")).to_contain_text(
        "800 (1 left out)"
    )
    page.get_by_role("button", name="Save Totals").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Save as CSV").click()
    saved = Path(download.value.path()).read_bytes()
    assert saved.startswith(codecs.BOM_UTF8)
    assert b"Won,1,1200,1200" in saved
    page.get_by_role("button", name="Save Funnel").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Save as PNG").click()
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")
    funnel.get_by_role("row", name=re.compile("^Won")).get_by_role("link").click()
    expect(page.get_by_text("Acme")).to_be_visible()
    expect(page.get_by_text("Initech")).to_have_count(0)


@pytest.mark.slow
def test_reports_and_imports_look_right(world: World, window) -> None:
    pipeline = a_pipeline(world)
    won(world, ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}")))
    for size, scheme in LOOKS:
        screen = window(world.ada, size=size, scheme=scheme)
        page = screen.goto(f"/pipelines/{pipeline['key']}/reports")
        for name in ("Funnel", "Time in stage", "Over time", "Totals"):
            expect(page.get_by_role("region", name=name)).to_be_visible()
        screen.look("reports")
        page = screen.goto(f"/pipelines/{pipeline['key']}/import")
        page.get_by_label("Or paste rows").fill(DEALS)
        page.get_by_role("button", name="Preview").click()
        expect(page.get_by_role("table", name="Refused rows")).to_be_visible()
        screen.look("import")
