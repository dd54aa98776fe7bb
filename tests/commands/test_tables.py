"""Tables imported by `boxwood import` and exported by `boxwood export`."""

from pathlib import Path

from boxwood.core import pipelines
from boxwood.core.context import Ctx
from boxwood.core.people.users import by_email
from boxwood.db.engine import Db
from boxwood.db.open import open_engine
from tests.conftest import Store
from tests.processes import run, store_options
from tests.sheets import xlsx


def with_pipelines(store: Store) -> None:
    """Create two pipelines of Ada, each with one field."""
    run("key", "create", "ada@example.com", *store_options(store))
    run("user", "create", "bo@example.com", *store_options(store))
    engine = open_engine(store.url, store.config().sqlite_path, readers=1)

    def make(db: Db) -> None:
        user = by_email(db, "ada@example.com")
        assert user is not None
        for name in ("Deals", "Other"):
            fields = [{"name": "Size", "type": "TEXT_INPUT"}]
            pipelines.create(Ctx(db, 1_700_000_000_000, user), {"name": name, "fields": fields, "shared": False})

    engine.write(make)
    engine.close()


def test_a_table_is_imported_and_exported_again(fresh_store: Store, tmp_path: Path) -> None:
    with_pipelines(fresh_store)
    options = store_options(fresh_store)
    table = tmp_path / "deals.csv"
    table.write_text("Name,Size,Stage,Extra\nAcme,5,Stage 1,x\nBeta,,Nowhere,\n,7,,\n")
    output = run("import", "Deals", str(table), "--mapping", '{"Extra": "notes"}', "--dry-run", *options).stdout
    assert output.startswith("done: 1 would be created, 0 would be changed, 2 rejected\n")
    output = run("import", "Deals", str(table), "--mapping", '{"Extra": "notes"}', *options).stdout
    assert output.splitlines() == [
        "done: 1 created, 0 changed, 2 rejected",
        "row 2, Stage: no stage 'Nowhere' in this pipeline",
        "row 3: has no name",
    ]
    shown = run("export", "Deals", "--fields", "name,1001,notes", *options).stdout
    assert shown.replace("\r", "") == "Name,Size,Notes\nAcme,5,x\n"
    lines = tmp_path / "deals.jsonl"
    run("export", "Deals", str(lines), *options)
    assert run("import", "Other", str(lines), *options).stdout == "done: 1 created, 0 changed, 0 rejected\n"
    shown = run("export", "Other", "--fields", "name,1001,notes", *options).stdout
    assert shown.replace("\r", "") == "Name,Size,Notes\nAcme,5,x\n"


def test_spreadsheets_and_old_encodings_are_imported(fresh_store: Store, tmp_path: Path) -> None:
    with_pipelines(fresh_store)
    options = store_options(fresh_store)
    workbook, old = tmp_path / "deals.xlsx", tmp_path / "old.csv"
    workbook.write_bytes(xlsx({"A": [["Other"]], "B": [["Name", "Size"], ["Acme", 5]]}))
    old.write_bytes("Name;Size\nŁódź;x\n".encode("cp852"))
    assert run("import", "Deals", str(workbook), "--sheet", "B", *options).stdout.startswith("done: 1 created")
    assert run("import", "Deals", str(old), "--encoding", "cp852", *options).stdout.startswith("done: 1 created")
    shown = run("export", "Deals", "--fields", "name,1001", *options).stdout
    assert shown.replace("\r", "") == "Name,Size\nAcme,5\nŁódź,x\n"
    old.write_bytes(b"")
    failed = run("import", "Deals", str(old), *options, check=False)
    assert (failed.returncode, failed.stderr.strip()) == (
        1,
        f"boxwood: {old} is empty: send a table with a heading and rows",
    )


def test_errors_are_reported_in_one_line(fresh_store: Store, tmp_path: Path) -> None:
    with_pipelines(fresh_store)
    options = store_options(fresh_store)
    table = tmp_path / "deals.csv"
    table.write_text("Name\nAcme\n")
    for arguments, word in (
        (["import", "Nothing", str(table)], "Nothing"),
        (["import", "Deals", str(table), "--mapping", '{"Name": "9"}'], "mapping.Name"),
        (["import", "Deals", str(table), "--make", "tea"], "tea"),
        (["import", "Deals", str(table), "--as", "cy@example.com"], "cy@example.com"),
        (["import", "Deals", str(table), "--as", "bo@example.com"], "nothing is found"),
        (["export", "Deals", str(table)], "already exists"),
    ):
        failed = run(*arguments, *options, check=False)
        assert failed.returncode == 1, failed
        assert word in failed.stderr
        assert len(failed.stderr.splitlines()) == 1, failed.stderr
    assert table.read_text() == "Name\nAcme\n"
