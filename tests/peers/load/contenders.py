"""Planisphere, DuckDB and Delta's MERGE, each with the dimension as its own first load has written it."""

import json
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable

import duckdb
from data import Source
from measure import Cost, run, size

HERE = Path(__file__).parent


@dataclass
class Contender:
    name: str
    run: Callable[[], Cost]


class Field:
    """All contenders; making one lets each of them load the members."""

    def __init__(self, folder: Path, source: Source, program: Path):
        self.folder, self.source, self.program = folder, source, program
        self.first = self.load("base", source.first)
        self.dimension = folder / "dimension.parquet"
        script(folder, "first", source.first, self.dimension)
        script(folder, "delta", self.dimension, folder / "delta-base")

    def order(self, number: int) -> list[Contender]:
        """Every round begins with another contender."""
        contenders = [
            Contender("planisphere", self.planisphere),
            Contender("duckdb", self.duckdb),
            Contender("delta merge", self.merge),
        ]
        turn = number % len(contenders)
        return contenders[turn:] + contenders[:turn]

    def load(self, home: str, source: Path) -> Cost:
        """Loads a source into the warehouse of a home; the time without the extraction."""
        cost, _ = load(self.program, self.folder / home, "model", ("crm", source))
        return replace(cost, bytes=size(self.folder / home / "warehouse" / "dim_customer"))

    def planisphere(self) -> Cost:
        home = self.folder / "ours"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(self.folder / "base", home)
        return self.load("ours", self.source.changes)

    def duckdb(self) -> Cost:
        target = self.folder / "duckdb.parquet"
        target.unlink(missing_ok=True)
        cost = script(self.folder, "duckdb", self.dimension, self.source.changes, target)
        return Cost(cost.wall, cost.cpu, cost.peak_mib, size(target))

    def merge(self) -> Cost:
        table = self.folder / "delta"
        shutil.rmtree(table, ignore_errors=True)
        shutil.copytree(self.folder / "delta-base", table)
        cost = script(self.folder, "merge", table, self.source.changes)
        return Cost(cost.wall, cost.cpu, cost.peak_mib, size(table))

    def same_versions(self) -> bool:
        """True if Planisphere and DuckDB have the same versions of the same members."""
        columns = "customer_id, name, rating, city, credit_limit, valid_from, valid_to, is_current"
        ours = f"""select {columns} from delta_files where customer_key > 0"""
        files = [str(path) for path in table_files(self.folder / "ours" / "warehouse" / "dim_customer")]
        connection = duckdb.connect()
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"create view delta_files as select * from read_parquet({files})")
        theirs = f"select {columns} from '{self.folder / 'duckdb.parquet'}'"
        for a, b in ((ours, theirs), (theirs, ours)):
            if connection.execute(f"select count(*) from ({a} except all {b})").fetchone() != (0,):
                return False
        return True


def load(program: Path, home: Path, model: str, source: tuple[str, Path]) -> tuple[Cost, list[dict]]:
    """Loads a source into the warehouse of a home; the time without the extraction, and the lines of the log."""
    home.mkdir(exist_ok=True)
    name, place = source
    settings = home / "planisphere.toml"
    settings.write_text(
        f'[warehouse]\nurl = "warehouse"\n[model]\npath = "{HERE / model}"\n[source.{name}]\nurl = "{place}"\n'
    )
    log = home / "load.log"
    cost = run([str(program), "load", "--config", str(settings), "--format", "json", "--log-format", "json"], log)
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    record = next(line for line in lines if "load_id" in line and "steps" in line)
    extraction = sum(step["seconds"] for step in record["steps"] if step["step"] == "extract")
    return replace(cost, wall=cost.wall - extraction), lines


def table_files(table: Path) -> list[Path]:
    """The files of a Delta table as its log names them, by Delta's own reader."""
    from deltalake import DeltaTable

    return [Path(uri.removeprefix("file://")) for uri in DeltaTable(str(table)).file_uris()]


def script(folder: Path, name: str, *arguments: Path) -> Cost:
    """Runs one of the peers' programs; the time without the start of Python."""
    log = folder / f"{name}.log"
    cost = run([sys.executable, str(HERE / f"{name}_peer.py"), *map(str, arguments)], log)
    seconds = float(log.read_text().split("seconds ")[-1])
    return Cost(seconds, cost.cpu, cost.peak_mib)
