"""connectorx and pyarrow: a table of PostgreSQL to zstd Parquet."""

import sys

import connectorx
import pyarrow.parquet

url, table, target = sys.argv[1:]
rows = connectorx.read_sql(url.replace("postgres://", "postgresql://"), f"select * from {table}", return_type="arrow")
pyarrow.parquet.write_table(rows, target, compression="zstd", compression_level=1)
