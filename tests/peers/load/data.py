"""The source: members as they were first seen, and the changes of one in a hundred.

DuckDB makes them in a process of its own: the peak memory of a process begins with that of the one that starts it.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

# One column each; h is a hash of the number, so that values are spread at random.
MEMBERS = """
    select 'C' || lpad(i::varchar, 10, '0') as customer_id,
           'Customer ' || i as name,
           ['retail', 'wholesale', 'public', 'partner'][1 + h % 4] as account_type,
           ['energy', 'banking', 'chemicals', 'retail', 'media', 'transport', 'health', 'education'][1 + h // 7 % 8] as industry,
           ['A', 'B', 'C', 'D'][1 + h // 61 % 4] as rating,
           'M' || (h // 3 % 200) as account_manager,
           ['Germany', 'France', 'China', 'Japan', 'Brazil', 'India', 'Canada', 'Spain'][1 + h // 11 % 8] as country,
           'City ' || (h // 13 % 500) as city,
           (h // 17 % 5000)::integer as employees,
           ((h // 19 % 100000) / 100)::decimal(18, 4) as credit_limit
    from (select i, (hash(i) % 1000003)::bigint as h from range({members}) t(i) where {which})
"""


@dataclass
class Source:
    """Folders with customers.parquet: the members, and the changes."""

    first: Path
    changes: Path


def make(folder: Path, members: int) -> Source:
    source = Source(folder / "first", folder / "changes")
    for part in (source.first, source.changes):
        part.mkdir(parents=True)
    all_members = MEMBERS.format(members=members, which="true")
    some = MEMBERS.format(members=members, which="hash(i * 31 + 7) % 100 = 0")
    changed = f"select * replace (chr(65 + (ascii(rating) - 64) % 4) as rating) from ({some})"
    for part, rows, day in ((source.first, all_members, "2024-01-01"), (source.changes, changed, "2025-06-01")):
        target = part / "customers.parquet"
        dated = f"select *, timestamp '{day} 00:00:00' as changed_at from ({rows}) order by customer_id"
        copy = f"copy ({dated}) to '{target}' (format parquet, compression zstd)"
        subprocess.run([sys.executable, "-c", "import duckdb, sys; duckdb.execute(sys.argv[1])", copy], check=True)
    return source
