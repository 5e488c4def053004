"""Changes of a dimension: Planisphere beside DuckDB and Delta's MERGE.

A dimension of N members (10,000,000) in 16 columns, of which changes of one in a hundred, spread at random, end a version and begin
another. Planisphere loads the changes, and what counts is its load without the extraction; DuckDB rewrites its Parquet file by SQL;
Delta's MERGE ends the versions in its table and adds none. Then facts, see facts.py. All in one run, in alternating rounds; what
counts are medians of ratios within a round. Environment: N, FACTS (10,000,000), ROUNDS (3).
"""

import multiprocessing
import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Callable

import contenders
import data
import facts
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
        same = apart(field.same_versions)
        shown.print_table(results)
    with tempfile.TemporaryDirectory(prefix="planisphere-bench-") as name:
        sales = facts.FactField(Path(name), int(os.environ.get("FACTS", "10000000")), Path(os.environ["PLANISPHERE_ETL"]))
        of_facts = shown.Results()
        for number in range(rounds):
            both = [("planisphere", sales.planisphere), ("duckdb", sales.duckdb)]
            for contender, work in both[number % 2 :] + both[: number % 2]:
                of_facts.add(number, contender, work())
                shown.tell(number, f"{contender}, facts", of_facts.last())
        same = same and apart(sales.same_facts)
        shown.print_table(of_facts)
    print(bench_line(results, of_facts, sales.keys_per_core_s(), members, same), flush=True)
    return 0 if same else 1


def apart(check: Callable[[], bool]) -> bool:
    """Compares in a process of its own: the peak memory of the next ones begins with that of this one."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(check).result()


def bench_line(results: shown.Results, of_facts: shown.Results, keys: float, members: int, same: bool) -> str:
    ours = "planisphere"
    figures = {
        "scd2_seconds": results.median(ours, "wall"),
        "scd2_vs_delta_merge": results.ratio(ours, "delta merge", "wall"),
        "scd2_vs_duckdb": results.ratio(ours, "duckdb", "wall"),
        "keys_per_core_s": keys,
        "fact_vs_duckdb": of_facts.ratio(ours, "duckdb", "wall"),
        "peak_mib": max(it.median(ours, "peak_mib") for it in (results, of_facts)),
    }
    whole = ("peak_mib", "keys_per_core_s")
    shown_figures = (f"{name}={value:.{0 if name in whole else 2}f}" for name, value in figures.items())
    return f"BENCH load {' '.join(shown_figures)} members={members} same={str(same).lower()}"


if __name__ == "__main__":
    sys.exit(main())
