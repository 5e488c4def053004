"""Facts by SQL: the sales joined with the versions valid when they happened, in the order of their days."""

import sys
import time
from pathlib import Path

import duckdb
from contenders import table_files

warehouse, sales, target = (Path(argument) for argument in sys.argv[1:])
DIMENSIONS = ("region", "store", "product", "household", "customer")
files = {name: [str(path) for path in table_files(warehouse / f"dim_{name}")] for name in DIMENSIONS}
began = time.monotonic()
duckdb.execute("set threads = 2; set timezone = 'UTC'; set preserve_insertion_order = true")
keys = ", ".join(f"coalesce({name}.{name}_key, -4) as {name}_key" for name in DIMENSIONS)
joins = " ".join(
    f"left join read_parquet({files[name]}) {name} on {name}.{name}_id = s.{name}"
    f" and s.sold_at at time zone 'UTC' >= {name}.valid_from and s.sold_at at time zone 'UTC' < {name}.valid_to"
    for name in DIMENSIONS
)
duckdb.execute(f"""
    copy (
        select (s.sold_at::date - date '1899-12-31')::integer as day_key, {keys}, quantity, revenue, discount,
               'shop' as source_system, s.id::varchar as source_row_id, false as deleted_at_source, 2::bigint as audit_key
        from '{sales}' s {joins}
        order by day_key
    ) to '{target}' (format parquet, compression zstd)
""")
print("seconds", time.monotonic() - began)
