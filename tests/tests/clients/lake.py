"""Asks the files of a warehouse, without any program of ours: python lake.py WAREHOUSE < questions.json

Questions are a list of SQL texts. Each is answered by DuckDB over the Parquet files that Delta's log names, and by the engine of
the Python package deltalake over the Delta tables; printed as JSON: rows of texts by engine, and for each table the numbers of
rows that the manifest, DuckDB and deltalake give.
"""

import json
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow
from deltalake import DeltaTable, QueryBuilder


def text(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        value = value.normalize()
        return f"{value:f}"
    return str(value)


def rows(table):
    return [[text(value) for value in row.values()] for row in table.to_pylist()]


warehouse = Path(sys.argv[1])
manifest = json.loads(max((warehouse / "_planisphere" / "versions").glob("*.json")).read_text())
duck, delta = duckdb.connect(), QueryBuilder()
counts = {}
for name, entry in manifest["tables"].items():
    table = DeltaTable(str(warehouse / entry["path"]), version=entry["delta_version"])
    delta = delta.register(name, table)
    files = [uri.removeprefix("file://") for uri in table.file_uris()]
    if files:
        duck.sql(f"create view {name} as from read_parquet({files!r})")
        counted = duck.sql(f"select count(*) from {name}").fetchall()[0][0]
    else:
        counted = 0
    counts[name] = [entry["row_count"], counted, table.count()]
answers = {"duckdb": [], "deltalake": []}
for question in json.load(sys.stdin):
    answers["duckdb"].append(rows(duck.sql(question).to_arrow_table()))
    answers["deltalake"].append(rows(pyarrow.table(delta.execute(question).read_all())))
json.dump({"counts": counts, **answers}, sys.stdout)
