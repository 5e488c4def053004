"""Writes the dimension as a Delta table."""

import sys
import time

import pyarrow.parquet as parquet
from deltalake import WriterProperties, write_deltalake

source, target = sys.argv[1:]
began = time.monotonic()
write_deltalake(target, parquet.read_table(source), writer_properties=WriterProperties(compression="ZSTD"))
print("seconds", time.monotonic() - began)
