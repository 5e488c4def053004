"""Random questions to the server, judged by plain SQL in DuckDB over the same Parquet files.

The oracle knows the YAML of the model and the question, and nothing of the server. Counts of a seed are kept and added to: a run with a
greater N goes on where the one before ended. Environment: N (1000), SEED (1; it makes the data too), QUERY (asks this number alone),
FRESH=1 (asks again what was asked), WORKERS (2), QUERIES_HOME (where warehouses and counts are kept).
"""

import hashlib
import os
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import server
import wire
from asking import Asker, start, work
from tally import Record, Tally, total

BLOCK = 50


def main() -> int:
    # so that the server ends too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    seed, queries = int(os.environ.get("SEED", "1")), int(os.environ.get("N", "1000"))
    home = Path(os.environ.get("QUERIES_HOME", Path.home() / ".cache" / "planisphere" / "queries"))
    olap = os.environ["PLANISPHERE_OLAP"]
    folder = server.make_warehouse(os.environ["PLANISPHERE_ETL"], home, seed)
    stubs = home / f"stubs-{digest(sorted(wire.PROTO.rglob('*.proto')))}"
    wire.compile_stubs(stubs)
    only = os.environ.get("QUERY")
    counts = home / f"counts-{digest([Path(olap), *sorted(server.HERE.rglob('*.py')), *server.written()])}"
    record = Record(counts / f"{seed}.json", BLOCK) if "FRESH" in os.environ else Record.read(counts / f"{seed}.json", BLOCK)
    with server.Server(olap, folder) as running:
        begun = (folder, server.HERE / "model", stubs, running.address)
        if only:
            tally, told = Asker(*begun).ask(seed, int(only), int(only) + 1)
            print("\n".join(told) or f"SEED={seed} QUERY={only} is as expected")
            return 1 if tally.mismatches else 0
        asked = ask(begun, seed, queries, record)
    return report(record.tally, asked, total(counts))


def digest(files: list[Path]) -> str:
    """A name for the contents of files."""
    sums = [hashlib.file_digest(path.open("rb"), "sha256").hexdigest() for path in files]
    return hashlib.sha256("".join(sums).encode()).hexdigest()[:12]


def ask(begun: tuple, seed: int, queries: int, record: Record) -> int:
    """Asks what is left of the questions in several processes; how many these were."""
    before, began = record.tally.queries, time.monotonic()
    seconds, told_at = record.tally.seconds, began
    workers = int(os.environ.get("WORKERS", "2"))
    with ProcessPoolExecutor(workers, get_context("spawn"), start, begun) as pool:
        ranges = {pool.submit(work, seed, *it): it for it in record.left(queries)}
        for done in as_completed(ranges):
            tally, told = done.result()
            record.add(*ranges[done], tally)
            record.tally.seconds = seconds + time.monotonic() - began
            record.write()
            print("\n".join(told), end="", flush=True)
            if time.monotonic() - told_at > 10:
                told_at = time.monotonic()
                print(f"{record.tally.queries} of {queries} asked, {len(record.tally.mismatches)} mismatches", flush=True)
    return record.tally.queries - before


def report(tally: Tally, asked: int, all: Tally) -> int:
    """Tells the rarest features, the faults and the figures; the exit code."""
    rarest = sorted(tally.features.items(), key=lambda it: it[1])[:5]
    print("rarest features: " + ", ".join(f"{name} {tally.share(number):.1%}" for name, number in rarest))
    print(f"asked now: {asked}; with all seeds by these programs: {all.queries}, {len(all.mismatches)} mismatches")
    faults = tally.faults()
    print("".join(f"fault: {fault}\n" for fault in faults), end="")
    line = f"queries={tally.queries} mismatches={len(tally.mismatches)} refused={tally.refused} seconds={tally.seconds:.0f}"
    print(f"BENCH fuzz-queries {line} non_empty={1 - tally.share(tally.empty):.3f} features={len(tally.features)}", flush=True)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
