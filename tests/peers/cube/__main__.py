"""CUBE over four columns: Planisphere through its cube queries beside DuckDB on the same Parquet files.

Line orders in the shape of the Star Schema Benchmark at scale factor SF (10), loaded by Planisphere once and kept; then the CUBE over
year, ship mode, priority and discount of sums, counts and averages, its finest GROUP BY, the CUBE of what a measure is on the last day of
each cell beside that of its sum, and the CUBE with the exact number of different customers. Both engines run warm, in alternating rounds; what counts are medians of ratios within a round. DuckDB's distinct
CUBE takes minutes and runs once. Environment: SF, ROUNDS (3), CUBE_HOME (where data and warehouses are kept).
"""

import os
import sys
from pathlib import Path

import results as shown
import ssb
from measure import Cost
from sides import DuckDb, Server, load, same, same_last

DISTINCT, SUMS = "distinct", "sums"


def main() -> int:
    factor = float(os.environ.get("SF", "10"))
    rounds = int(os.environ.get("ROUNDS", "3"))
    home = Path(os.environ.get("CUBE_HOME", Path.home() / ".cache" / "planisphere" / "ssb"))
    source = ssb.make(home, factor)
    warehouse = load(Path(os.environ["PLANISPHERE_ETL"]), home / f"warehouse-{factor:g}", source)
    results = shown.Results()
    with Server(Path(os.environ["PLANISPHERE_OLAP"]), warehouse) as ours:
        duck = DuckDb(warehouse)
        equal = same(ours, duck, SUMS) and same_last(ours, duck)
        for number in range(rounds):
            sides = [
                ("planisphere finest", lambda: ours.ask(SUMS, subtotals=False)),
                ("planisphere cube", lambda: ours.ask(SUMS)),
                ("planisphere sum", lambda: ours.ask("sum")),
                ("planisphere last", lambda: ours.ask("last")),
                ("planisphere distinct", lambda: ours.ask(DISTINCT)),
                ("duckdb finest", lambda: duck.ask(SUMS, subtotals=False)),
                ("duckdb cube", lambda: duck.ask(SUMS)),
            ]
            turn = number % len(sides)
            for name, work in sides[turn:] + sides[:turn]:
                results.add(number, name, Cost(work(), 0, 0))
                shown.tell(number, name, results.last())
        slow = duck.ask(DISTINCT)
        print(f"once     duckdb distinct        {slow:7.2f} s wall", flush=True)
        equal = equal and same(ours, duck, DISTINCT)
    figures = {
        "cube_vs_finest": results.ratio("planisphere cube", "planisphere finest", "wall"),
        "cube_vs_duckdb": results.ratio("planisphere cube", "duckdb cube", "wall"),
        "distinct_vs_duckdb": results.median("planisphere distinct", "wall") / slow,
        "semiadditive_vs_sum": results.ratio("planisphere last", "planisphere sum", "wall"),
        "cube_seconds": results.median("planisphere cube", "wall"),
        "distinct_seconds": results.median("planisphere distinct", "wall"),
    }
    line = " ".join(f"{name}={value:.2f}" for name, value in figures.items())
    print(f"BENCH cube {line} sf={factor:g} same={str(equal).lower()}", flush=True)
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
