"""Both engines on the files of one warehouse: a server that is asked by its command line, and DuckDB."""

import csv
import hashlib
import io
import math
import re
import shutil
import subprocess
import time
from decimal import Decimal
from pathlib import Path

import duckdb
from deltalake import DeltaTable
from measure import run

HERE = Path(__file__).parent
LEVELS = {
    "order.calendar.year": "year",
    "ship_mode.ship_mode": "ship_mode",
    "priority.priority": "priority",
    "discount.discount": "discount",
}
MEASURES = {
    "sums": {"revenue": "sum(revenue)", "lines": "count(*)", "average_quantity": "avg(quantity)"},
    "distinct": {"customers": "count(distinct customer_key)"},
    "sum": {"revenue": "sum(revenue)"},
    "last": {"last_revenue": "sum(revenue)"},
}


def load(program: Path, home: Path, source: Path) -> Path:
    """Loads the source once, and again where the model is another one; the folder of the warehouse with its settings."""
    made = hashlib.sha256("".join(path.read_text() for path in sorted((HERE / "model").rglob("*.yaml"))).encode()).hexdigest()
    marker = home / "complete"
    complete = marker.exists() and marker.read_text() == made
    if not marker.exists():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
    # anew each time, since another checkout may have loaded it
    (home / "planisphere.toml").write_text(
        f'[warehouse]\nurl = "warehouse"\n[model]\npath = "{HERE / "model"}"\n[source.ssb]\nurl = "{source}"\n'
        '[olap]\nquery_timeout_seconds = 600\n'
    )
    if not complete:
        run([str(program), "load", "--config", str(home / "planisphere.toml")], home / "load.log")
        shutil.rmtree(home / "warehouse" / "_planisphere" / "staging", ignore_errors=True)
        marker.write_text(made)
    return home


class Server:
    """Our server, on a port of its own."""

    def __init__(self, program: Path, home: Path):
        self.program, self.home = program, home

    def __enter__(self) -> "Server":
        config = ["--config", str(self.home / "planisphere.toml")]
        self.log = (self.home / "serve.log").open("w")
        self.process = subprocess.Popen(
            [str(self.program), "serve", *config, "--listen", "127.0.0.1:0"], stdout=self.log, stderr=self.log
        )
        while (found := re.search(r"address=(127\.0\.0\.1:\d+)", Path(self.log.name).read_text())) is None:
            if self.process.poll() is not None:
                raise RuntimeError(Path(self.log.name).read_text())
            time.sleep(0.05)
        self.url = f"http://{found[1]}"
        return self

    def __exit__(self, *_) -> None:
        self.process.terminate()
        self.process.wait()

    def ask(self, measures: str, subtotals: bool = True) -> float:
        """The seconds of a query, the client among them."""
        began = time.monotonic()
        self.answer(measures, subtotals)
        return time.monotonic() - began

    def answer(self, measures: str, subtotals: bool = True) -> str:
        rows, columns, *pages = LEVELS
        query = self.home / "query.yaml"
        query.write_text(
            f"cube: orders\nmeasures: [{', '.join(MEASURES[measures])}]\nrows: [{rows}]\ncolumns: [{columns}]\n"
            f"pages: [{', '.join(pages)}]\nsubtotals: [{'rows, columns, pages' if subtotals else ''}]\n"
        )
        command = [str(self.program), "query", str(query), "--server", self.url, "--format", "csv"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class DuckDb:
    """DuckDB over the files that the log of each table names."""

    def __init__(self, home: Path):
        self.connection = duckdb.connect()
        self.connection.execute("set enable_progress_bar = false")
        for table in ("fact_lineorder", "dim_date"):
            files = [uri.removeprefix("file://") for uri in DeltaTable(str(home / "warehouse" / table)).file_uris()]
            self.connection.execute(f"create view {table} as select * from read_parquet({files})")

    def ask(self, measures: str, subtotals: bool = True) -> float:
        began = time.monotonic()
        self.rows(measures, subtotals)
        return time.monotonic() - began

    def last(self) -> list[tuple]:
        """The finest groups of the measure of last days."""
        levels = ", ".join(LEVELS.values())
        return self.connection.execute(
            f"select {levels}, sum(revenue) from (select *, max(order_key) over (partition by {levels}) as last "
            "from fact_lineorder f join dim_date d on d.date_key = f.order_key where not f.deleted_at_source) "
            f"where order_key = last group by {levels}"
        ).fetchall()

    def rows(self, measures: str, subtotals: bool = True) -> list[tuple]:
        levels = ", ".join(LEVELS.values())
        group = f"cube ({levels})" if subtotals else levels
        return self.connection.execute(
            f"select {levels}, {', '.join(MEASURES[measures].values())} from fact_lineorder f "
            f"join dim_date d on d.date_key = f.order_key where not f.deleted_at_source group by {group}"
        ).fetchall()


def same(ours: Server, duck: DuckDb, measures: str) -> bool:
    """True if both have the same cells: sums and counts exactly, averages to nine digits."""
    found = cells_of_text(ours.answer(measures), len(MEASURES[measures]))
    expected = cells_of_rows(duck.rows(measures))
    return found.keys() == expected.keys() and all(all(map(equal, found[key], expected[key])) for key in expected)


def same_last(ours: Server, duck: DuckDb) -> bool:
    """The same for the finest groups of the measure of last days."""
    found = cells_of_text(ours.answer("last", subtotals=False), 1)
    expected = cells_of_rows(duck.last())
    return found.keys() == expected.keys() and all(found[key] == expected[key] for key in expected)


def equal(found: Decimal, expected: Decimal | int | float) -> bool:
    if isinstance(expected, float):
        return math.isclose(found, expected, rel_tol=1e-9)
    return found == expected


def cells_of_rows(rows: list[tuple]) -> dict[tuple, tuple]:
    total = lambda value: "Total" if value is None else str(value)
    return {tuple(map(total, row[: len(LEVELS)])): row[len(LEVELS) :] for row in rows}


def cells_of_text(text: str, measures: int) -> dict[tuple, tuple]:
    """Each level has a key, which totals lack, and a caption beside it; the measures are the last columns."""
    rows = list(csv.reader(io.StringIO(text)))
    captions = slice(1, 2 * len(LEVELS), 2)
    return {tuple(row[captions]): tuple(map(Decimal, row[-measures:])) for row in rows[1:]}
