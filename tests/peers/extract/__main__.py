"""Extraction from PostgreSQL, MariaDB and SQLite to Parquet: Planisphere beside its peers.

All contenders read the same table from the same server in one run, in alternating rounds. What counts are the medians of
the ratios within a round. Environment: N rows (10,000,000), ROUNDS (3), PEAKS=0 leaves out the runs that only measure memory.
"""

import os
import sys
import tempfile
from pathlib import Path

import contenders
import report
import results as shown
import servers
import table


def main() -> int:
    rows = int(os.environ.get("N", "10000000"))
    rounds = int(os.environ.get("ROUNDS", "3"))
    small = min(rows, int(os.environ.get("N_SMALL", "2000000")))
    peaks = {"peak_1m": rows // 10, "peak_30m": rows * 3} if os.environ.get("PEAKS", "1") == "1" else {}
    programs = contenders.Programs.from_environment()
    with tempfile.TemporaryDirectory(prefix="planisphere-bench-") as name:
        folder = Path(name)
        with servers.Postgres(folder / "postgres") as postgres, servers.MariaDb(folder / "mariadb") as mariadb:
            for count in [rows, *peaks.values()]:
                table.fill_postgres(postgres, count)
            table.fill_mariadb(mariadb, small)
            sqlite = table.fill_sqlite(folder / "lines.db", small)
            field = contenders.Field(folder, programs, postgres, mariadb, sqlite)
            results = shown.Results()
            for number in range(rounds):
                for contender in field.order(number, rows, small):
                    results.add(number, contender.name, contender.run())
                    shown.tell(number, contender.name, results.last())
            for name_of_peak, count in peaks.items():
                results.peaks[name_of_peak] = field.planisphere("postgres", count).run().peak_mib
            same = field.same_rows(rows)
            shown.print_table(results)
            print(report.bench_line(results, rows, same), flush=True)
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
