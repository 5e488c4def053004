"""Changes of a dimension: Planisphere beside DuckDB and Delta's MERGE.

A dimension of N members (10,000,000) in 16 columns, of which changes of one in a hundred, spread at random, end a version and begin
another. Planisphere loads the changes, and what counts is its load without the extraction; DuckDB rewrites its Parquet file by SQL;
Delta's MERGE ends the versions in its table and adds none. All in one run, in alternating rounds; what counts are medians of ratios
within a round. Environment: N, ROUNDS (3).
"""

import os
import sys
import tempfile
from pathlib import Path

import contenders
import data
import results as shown


def main() -> int:
    members = int(os.environ.get("N", "10000000"))
    rounds = int(os.environ.get("ROUNDS", "3"))
    with tempfile.TemporaryDirectory(prefix="planisphere-bench-") as name:
        folder = Path(name)
        source = data.make(folder / "source", members)
        field = contenders.Field(folder, source, Path(os.environ["PLANISPHERE_ETL"]))
        print(f"first load of {members} members: {shown.show(field.first)}", flush=True)
        results = shown.Results()
        for number in range(rounds):
            for contender in field.order(number):
                results.add(number, contender.name, contender.run())
                shown.tell(number, contender.name, results.last())
        same = field.same_versions()
        shown.print_table(results)
        print(bench_line(results, members, same), flush=True)
    return 0 if same else 1


def bench_line(results: shown.Results, members: int, same: bool) -> str:
    ours = "planisphere"
    figures = {
        "scd2_seconds": results.median(ours, "wall"),
        "scd2_vs_delta_merge": results.ratio(ours, "delta merge", "wall"),
        "scd2_vs_duckdb": results.ratio(ours, "duckdb", "wall"),
        "peak_mib": results.median(ours, "peak_mib"),
    }
    shown_figures = (f"{name}={value:.{0 if name == 'peak_mib' else 2}f}" for name, value in figures.items())
    return f"BENCH load {' '.join(shown_figures)} members={members} same_versions={str(same).lower()}"


if __name__ == "__main__":
    sys.exit(main())
