"""The tables of a published version in DuckDB: the Parquet files that the Delta logs name, read into memory once.

Beside each decimal or float column `x` stands `x#`, the same number in whole units.
"""

import json
import warnings
from pathlib import Path

import duckdb
import pyarrow as pa
from deltalake import DeltaTable

from cells import HALF_EVEN
from histories import History
from schema import Dimension, Model
from trees import heights, history_of, joined
from units import BINARY, scale_of

warnings.filterwarnings("ignore", message="Arrow output on a DB-API result")


class Tables:
    """The versions of a warehouse in one DuckDB, each in a schema of its own."""

    def __init__(self, warehouse: Path, model: Model):
        self.warehouse, self.model = warehouse, model
        self.connection = duckdb.connect(config={"threads": 1})
        # The optimiser costs more than it saves on small tables, and confuses copies of one column in grouping sets.
        self.connection.execute("set enable_progress_bar = false; set timezone = 'UTC'; pragma disable_optimizer")
        self.connection.execute(HALF_EVEN)
        self.made: set[str] = set()
        manifests = sorted((warehouse / "_planisphere" / "versions").glob("*.json"))
        self.versions = {it["version"]: it["tables"] for it in (json.loads(path.read_text()) for path in manifests)}
        self.latest = max(self.versions)

    def table(self, version: int, name: str) -> str:
        """A table of a version, loaded when it is asked for first; its name in SQL."""
        return self.once(f'v{version}."{name}"', version, lambda: self.rows_of(name, self.versions[version][name]))

    def rows_of(self, name: str, pinned: dict) -> str:
        delta = DeltaTable(str(self.warehouse / pinned["path"]), version=pinned["delta_version"])
        files = [uri.removeprefix("file://") for uri in delta.file_uris()]
        if not files:
            columns = [f'null::{sql_type(field.type)} as "{field.name}"' for field in delta.schema().fields]
            return self.with_units(f"(select {', '.join(columns)} limit 0)")
        return self.with_units(f"read_parquet({files})")

    def with_units(self, source: str) -> str:
        described = self.connection.execute(f"describe select * from {source}").fetchall()
        units = []
        for name, kind, *_ in described:
            if kind.startswith("DECIMAL"):
                shift = 10 ** scale_of(kind.lower())
                units.append(f'("{name}"::decimal(38, {scale_of(kind.lower())}) * {shift}::decimal(38, 0))::hugeint::bigint as "{name}#"')
            elif kind == "DOUBLE":
                units.append(f'("{name}" * {BINARY})::bigint as "{name}#"')
        return f"select {', '.join(['*', *units])} from {source}"

    def columns(self, version: int, name: str) -> tuple[str, ...]:
        """The stored columns of a table."""
        loaded = self.connection.execute(f"describe {self.table(version, name)}").fetchall()
        return tuple(column for column, *_ in loaded if not column.endswith("#"))

    def answer(self, statement: str) -> pa.Table:
        """The rows of a statement; so it is planned once."""
        return self.connection.execute(statement).to_arrow_table()

    def once(self, name: str, version: int, rows) -> str:
        """A table that is made from a query the first time."""
        if name not in self.made:
            self.connection.execute(f"create schema if not exists v{version}")
            self.connection.execute(f"create or replace table {name} as {rows()}")
            self.made.add(name)
        return name

    def facts(self, version: int, model: Model, star: str, history: History) -> str:
        """The rows of a fact, numbered, with their members on every level as a history mode sees them."""
        return self.once(f'v{version}."facts {star} {history}"', version, lambda: self.facts_of(version, model, star, history))

    def facts_of(self, version: int, model: Model, star: str, history: History) -> str:
        all = {role.name: role for cube in model.cubes.values() if cube.star == star for role in cube.of_star}
        columns, joins = ["f.*", 'f.rowid as "#fact"'], []
        for role in all.values():
            if role.dimension and not role.bridge:
                name = f'"m {role.name}"'
                joins.append(f"join {self.members(version, role.dimension, history)} {name} on {name}.key = f.{role.name}_key")
                columns.append(f'{name}.durable as "{role.name}#"')
                columns += [f'{name}."{it}{mark}" as "{role.name}.{it}{mark}"' for it in role.dimension.attributes() for mark in ("", "!")]
                columns += [f'{name}."#sign{height}" as "{role.name}#sign{height}"' for height in heights(role.dimension)]
        return f"select {', '.join(columns)} from {self.table(version, f'fact_{star}')} f {' '.join(joins)}"

    def members(self, version: int, dimension: Dimension, history: History) -> str:
        """By surrogate key: the durable key, and the member of each level, as a history mode sees them.

        Each attribute `x` has a companion `x!`, the key of the special member that stands in its place.
        """
        name = f'v{version}."members {dimension.name} {history}"'
        table = self.rows(version, dimension, history)
        return self.once(name, version, lambda: members(table, dimension, history))

    def labels(self, version: int, dimension: Dimension, path: tuple, history: History) -> str:
        """The members of the last level of a path: what they are called, and what orders them.

        Both come from the row that holds now, else from the latest one of those that the history mode sees.
        """
        name = f'v{version}."labels {dimension.name} {".".join(level.key for level in path)} {path[-1].name} {history}"'
        table = self.table(version, f"dim_{dimension.name}")
        if path[-1].height:
            own = self.members(version, dimension, history_of(dimension, history))
            return self.once(name, version, lambda: labels_of_tree(own, table, dimension, path))
        own = self.members(version, dimension, History("as_was"))
        return self.once(name, version, lambda: labels(own, table, dimension, path, history))

    def rows(self, version: int, dimension: Dimension, history: History) -> str:
        """The rows of a dimension, with what its trees say of them."""
        table = self.table(version, f"dim_{dimension.name}")
        if not any(it.levels[0].height for it in dimension.hierarchies):
            return table
        return self.once(f'v{version}."rows {dimension.name} {history}"', version, lambda: joined(table, dimension, history))


def members(table: str, dimension: Dimension, history: History) -> str:
    key, durable = f"{dimension.name}_key", f"{dimension.name}_durable_key"
    columns = [f"p.{key} as key", f"p.{durable} as durable"]
    for attribute in dimension.attributes():
        # who is only known from facts is known by the id alone
        inferred = "" if attribute == f"{dimension.name}_id" or ".level_" in attribute else "when d.valid_from_basis in ('not_yet_arrived', 'rejected') then -4 "
        special = f'case when d.{key} is null then -2 when d.{key} < 0 then d.{key} {inferred}when d."{attribute}" is null then -1 end'
        columns += [f'case when {special} is null then d."{attribute}" end as "{attribute}"', f'{special} as "{attribute}!"']
    columns += [f'd."#sign{height}"' for height in heights(dimension)]
    holds = f"p.{key} = d.{key}" if history.mode == "as_was" else f"p.{durable} = d.{durable} and {history.holds('d', key)}"
    return f"select {', '.join(columns)} from {table} p left join {table} d on {holds}"


def labels(own: str, table: str, dimension: Dimension, path: tuple, history: History) -> str:
    key = f"{dimension.name}_key"
    group = [f'm."{level.key}{mark}"' for level in path for mark in ("", "!")]
    latest = lambda column: f"last(d.{column} order by d.is_current, d.valid_from, d.{key})"
    level = path[-1]
    values = [f"{latest(level.name_en)} as en", f"{latest(level.name_zh)} as zh", f"{latest(level.sort)} as sort"]
    holds = history.holds("d", key)
    return f"select {', '.join(group + values)} from {table} d join {own} m on m.key = d.{key} where {holds} group by {', '.join(group)}"


def labels_of_tree(own: str, table: str, dimension: Dimension, path: tuple) -> str:
    """Members of a tree are called as their current rows say."""
    group = [f'm."{level.key}{mark}"' for level in path for mark in ("", "!")]
    level, name = path[-1], dimension.name
    values = [f'd."{it}" as {word}' for it, word in ((level.name_en, "en"), (level.name_zh, "zh"), (level.sort, "sort"))]
    values = [it.replace(f'd."{level.key}"', f'm."{level.key}"') for it in values]
    current = f'd.{name}_id = m."{level.key}" and d.{name}_key > 0 and d.is_current'
    return f"select {', '.join(group + values)} from (select distinct {', '.join(group)} from {own} m) m left join {table} d on {current}"


def sql_type(delta) -> str:
    """The type of a column that has no file to say it."""
    kind = delta.type
    return {"integer": "integer", "long": "bigint", "string": "varchar", "timestamp": "timestamptz"}.get(kind, kind)
