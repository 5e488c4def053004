"""DuckDB: a table of PostgreSQL to zstd Parquet with two threads."""

import importlib.util
import sys

import duckdb

url, table, target = sys.argv[1:]
extensions = next(iter(importlib.util.find_spec("duckdb_ext").submodule_search_locations))
connection = duckdb.connect(config={"threads": 2, "extension_directory": f"{extensions}/extensions"})
connection.execute("set autoinstall_known_extensions = false")
connection.execute("load postgres_scanner")
connection.execute(f"attach '{url}' as pg (type postgres, read_only)")
connection.execute(
    f"copy (select * from pg.public.{table}) to '{target}' (format parquet, compression zstd, compression_level 1)")
