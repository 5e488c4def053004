"""Delta's MERGE ends the current versions of changed members; new versions are not added."""

import sys
import time

import pyarrow as pa
import pyarrow.parquet as parquet
from deltalake import DeltaTable

table, changes = sys.argv[1:]
began = time.monotonic()
source = parquet.read_table(f"{changes}/customers.parquet", columns=["customer_id", "rating", "changed_at"])
at = source.column("changed_at").cast(pa.timestamp("us", tz="UTC"))
source = source.set_column(2, "changed_at", at)
(
    DeltaTable(table)
    .merge(source, "t.customer_id = s.customer_id and t.is_current and t.rating <> s.rating", source_alias="s", target_alias="t")
    .when_matched_update({"valid_to": "s.changed_at", "is_current": "false"})
    .execute()
)
print("seconds", time.monotonic() - began)
