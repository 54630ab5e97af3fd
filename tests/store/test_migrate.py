"""The schema is made, brought up to date, documented, and never half."""

from __future__ import annotations

import threading
from pathlib import Path

import duckdb
import pytest

from harness.errors import StoreError
from harness.store import codec
from harness.store.migrate import migrate, migrations, reading, writing
from harness.store.records import KINDS, SCHEMA, table
from harness.store.store import Store


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "history.duckdb"


def write(directory: Path, number: int, sql: str) -> Path:
    """One more migration file."""
    file = directory / f"{number:04d}_test.sql"
    file.write_text(sql)
    return file


@pytest.mark.parametrize("beginning", ["no file", "an empty file"])
def test_a_history_is_made_from_nothing(database: Path, beginning: str):
    """The first run creates the schema; the second finds it there."""
    if beginning == "an empty file":
        database.touch()
    assert migrate(database) == SCHEMA
    assert migrate(database) == 0
    with reading(database) as connection:
        rows = connection.execute("SELECT number, name FROM data.migrations").fetchall()
    assert rows == [(n, file.name) for n, file in enumerate(migrations(), start=1)]
    assert sorted(p.name for p in database.parent.iterdir()) == ["history.duckdb", "history.lock"]


def test_the_schema_number_is_that_of_the_newest_migration():
    """Journals say under which schema they were written."""
    assert len(migrations()) == SCHEMA


def test_every_table_and_column_has_a_comment(database: Path):
    """Whoever opens the file finds out what everything in it means."""
    migrate(database)
    with reading(database) as connection:
        columns = connection.execute(
            "SELECT schema_name, table_name, column_name, comment FROM duckdb_columns()"
            " WHERE NOT internal"
        ).fetchall()
        tables = connection.execute(
            "SELECT schema_name, table_name, comment FROM duckdb_tables() UNION ALL"
            " SELECT schema_name, view_name, comment FROM duckdb_views() WHERE NOT internal"
        ).fetchall()
    assert len(tables) > 20
    assert [row for row in [*columns, *tables] if not (row[-1] or "").strip()] == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_columns_of_a_kind_are_the_fields_of_its_class(database: Path, kind: str):
    """A field that is added to a record needs a migration, and this test says so."""
    migrate(database)
    with reading(database) as connection:
        columns = connection.execute(f"DESCRIBE {table(kind)}").fetchall()
    expected = [(field.name, field.codec.column.value) for field in codec.fields(KINDS[kind])]
    assert [row[:2] for row in columns] == [("run", "VARCHAR"), ("seq", "BIGINT"), *expected]


def test_there_is_no_key_and_no_index(database: Path):
    """Append-only tables: what DuckDB's index bugs cannot touch."""
    migrate(database)
    with reading(database) as connection:
        assert connection.execute("SELECT * FROM duckdb_indexes()").fetchall() == []
        assert connection.execute("SELECT * FROM duckdb_constraints()").fetchall() == []


def test_an_older_history_is_brought_up_to_date_with_its_rows(tmp_path: Path, database: Path):
    """Reading and writing both find the schema they need; rows stay."""
    migrate(database, migrations()[:1])
    with duckdb.connect(str(database)) as connection:
        connection.execute("INSERT INTO data.answers VALUES ('r', 1, 'c', 'a', 'k', 0)")
    with reading(database) as connection:
        assert connection.execute("SELECT run, key FROM v1.outputs").fetchall() == [("r", "k")]
    third = write(tmp_path, SCHEMA + 1, "CREATE TABLE data.notes (text VARCHAR)")
    assert migrate(database, [*migrations(), third]) == 1


def test_a_newer_history_is_refused(tmp_path: Path, database: Path):
    """An older loragate neither reads nor changes what a newer one made."""
    newer = write(tmp_path, SCHEMA + 1, "CREATE TABLE data.notes (text VARCHAR)")
    migrate(database, [*migrations(), newer])
    before = database.read_bytes()
    for use in (reading, writing):
        with pytest.raises(
            StoreError, match=f"has schema {SCHEMA + 1}, this loragate knows {SCHEMA}: upgrade"
        ):
            use(database).__enter__()
    assert database.read_bytes() == before


OF_ANOTHER_MAKE = {
    "before migrations had hashes": "ALTER TABLE data.migrations DROP COLUMN sha256",
    "by other texts of the same number": "UPDATE data.migrations SET sha256 = '' WHERE number = 2",
}


@pytest.mark.parametrize("sql", OF_ANOTHER_MAKE.values(), ids=OF_ANOTHER_MAKE)
def test_a_history_of_an_unreleased_loragate_is_a_sentence(store: Store, record, journal, sql: str):
    """Its number says nothing about its tables; rebuilding it from the journals helps."""
    journal(store, record)
    store.ingest()
    with duckdb.connect(str(store.path / "history.duckdb")) as connection:
        connection.execute(sql)
    for use in (store.latest_run, store.ingest):
        with pytest.raises(StoreError, match=r"with other tables\. Run 'loragate store rebuild'"):
            use()
    store.rebuild()
    assert store.load_run(record.run.id) == record


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, database: Path):
    """All or nothing, and the file in use is not touched at all."""
    migrate(database)
    before = database.read_bytes()
    broken = write(
        tmp_path, SCHEMA + 1, "CREATE TABLE data.notes (text VARCHAR); SELECT no_such_column"
    )
    with pytest.raises(StoreError, match="no_such_column"):
        migrate(database, [*migrations(), broken])
    assert database.read_bytes() == before
    assert migrate(database) == 0


def test_a_migration_that_would_lose_rows_is_refused(tmp_path: Path, database: Path):
    """Rows are counted before and after."""
    migrate(database)
    with writing(database) as connection:
        connection.execute("INSERT INTO data.answers VALUES ('r', 1, 'c', 'a', 'k', 0)")
    losing = write(tmp_path, SCHEMA + 1, "DELETE FROM data.answers")
    with pytest.raises(StoreError, match=r"would leave 0 of 1 rows in data\.answers"):
        migrate(database, [*migrations(), losing])
    with reading(database) as connection:
        assert connection.execute("SELECT count(*) FROM data.answers").fetchall() == [(1,)]


def test_migrations_count_up_without_gaps(tmp_path: Path):
    """A missing number is a mistake in the package, found at once."""
    write(tmp_path, 1, "")
    write(tmp_path, 3, "")
    with pytest.raises(StoreError, match="migration 0002 belongs here"):
        migrations(tmp_path)


def test_two_that_create_a_history_at_once_make_one(database: Path):
    """The lock lets one work and the other find it done."""
    applied: list[int] = []
    threads = [
        threading.Thread(target=lambda: applied.append(migrate(database, wait=20)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(applied) == [0, 0, 0, SCHEMA]
