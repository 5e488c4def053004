"""Data in the shape of the Star Schema Benchmark (O'Neil, O'Neil and Chen, 2009), made by DuckDB from hashes of row numbers.

SF is the scale factor: 6,000,000 line orders and 30,000 customers each.
The distributions are uniform, as in the original; the values are not those of its generator. Only what the cube benchmark asks
for is made.
"""

import subprocess
import sys
from pathlib import Path

# Seven years from 1992, the last one up to 2 August, as in TPC-H.
DAYS = 2_406
CUSTOMERS = """
    select 'C' || i as id, 'Customer ' || i as name, ['AFRICA', 'AMERICA', 'ASIA', 'EUROPE', 'MIDDLE EAST'][1 + h % 5] as region,
           ['AUTOMOBILE', 'BUILDING', 'FURNITURE', 'HOUSEHOLD', 'MACHINERY'][1 + h // 5 % 5] as segment
    from (select i, (hash(i) % 1000003)::bigint as h from range(1, {customers} + 1) t(i))
"""
LINES = """
    with numbers as (select i, (hash(i) // 8)::ubigint as a, (hash(i + 1000000007) // 8)::ubigint as b from range({lines}) t(i))
    select i as id, timestamp '1992-01-01' + to_days((a % {days})::integer) as ordered_at,
           'C' || (1 + a // {days} % {customers}) as customer,
           ['AIR', 'FOB', 'MAIL', 'RAIL', 'REG AIR', 'SHIP', 'TRUCK'][(1 + b % 7)::integer] as ship_mode,
           ['1-URGENT', '2-HIGH', '3-MEDIUM', '4-NOT SPECIFIED', '5-LOW'][(1 + b // 7 % 5)::integer] as priority,
           (b // 35 % 11)::integer as discount, (1 + b // 385 % 50)::integer as quantity,
           ((90000 + b // 19250 % 9910000) / 100)::decimal(18, 4) as revenue
    from numbers
"""


def make(folder: Path, factor: float) -> Path:
    """Makes the files of a scale factor, if they are not there; returns their folder."""
    source = folder / f"ssb-{factor:g}"
    if (source / "complete").exists():
        return source
    source.mkdir(parents=True, exist_ok=True)
    lines, customers = round(6_000_000 * factor), max(round(30_000 * factor), 1)
    copy(CUSTOMERS.format(customers=customers), source / "customers.parquet")
    copy(LINES.format(lines=lines, customers=customers, days=DAYS), source / "lineorders.parquet")
    (source / "complete").touch()
    return source


def copy(rows: str, target: Path) -> None:
    """Writes rows in a process of its own."""
    statement = f"set enable_progress_bar = false; copy ({rows}) to '{target}' (format parquet, compression zstd)"
    subprocess.run([sys.executable, "-c", "import duckdb, sys; duckdb.execute(sys.argv[1])", statement], check=True)
