"""Who reads the table: Planisphere, DuckDB, connectorx with pyarrow, the server's own copy, and bare drivers."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import measure
import servers
import table

HERE = Path(__file__).parent


@dataclass
class Programs:
    """The programs that were built before."""

    etl: str
    bare: str

    @classmethod
    def from_environment(cls) -> "Programs":
        return cls(os.environ["PLANISPHERE_ETL"], os.environ["BARE_LOOP"])


@dataclass
class Contender:
    """One way to read the table."""

    name: str
    run: Callable[[], measure.Cost]


class Field:
    """All contenders on the servers of this run."""

    def __init__(self, folder: Path, programs: Programs, postgres: "servers.Postgres", mariadb: "servers.MariaDb", sqlite: Path):
        self.folder = folder
        self.programs = programs
        self.urls = {"postgres": postgres.url, "mariadb": mariadb.url, "sqlite": f"sqlite:{sqlite}"}
        self.psql = postgres.psql()
        self.small = 0

    def order(self, number: int, rows: int, small: int) -> list[Contender]:
        """Everybody once, in another order each round: who comes first has the colder caches."""
        self.small = small
        field = [
            self.copy(rows),
            self.planisphere("postgres", rows),
            self.duckdb(rows),
            self.connectorx(rows),
            self.bare("mariadb"),
            self.planisphere("mariadb", small),
            self.bare("sqlite"),
            self.planisphere("sqlite", small),
        ]
        turn = number % len(field)
        return field[turn:] + field[:turn]

    def planisphere(self, source: str, rows: int) -> Contender:
        """`planisphere-etl extract` with two readers, into a new warehouse."""
        home = self.folder / f"planisphere-{source}"
        origin = table.postgres_name(rows) if source == "postgres" else "line_items"

        def run() -> measure.Cost:
            shutil.rmtree(home, ignore_errors=True)
            _write_model(home, self.urls[source], origin)
            command = [self.programs.etl, "extract", "--config", str(home / "planisphere.toml"), "--format", "json"]
            log = home / "log"
            cost = measure.run(command, log)
            told = json.loads(next(line for line in log.read_text().splitlines() if line.startswith("{")))
            if told["tables"][0]["staged"] != rows:
                raise RuntimeError(f"{source}: {told['tables'][0]} instead of {rows} rows")
            cost.bytes = measure.size(home / "warehouse")
            return cost

        return Contender(f"planisphere {source}", run)

    def duckdb(self, rows: int) -> Contender:
        return self._python("duckdb", "duckdb_copy.py", rows)

    def connectorx(self, rows: int) -> Contender:
        return self._python("connectorx", "connectorx_copy.py", rows)

    def _python(self, name: str, script: str, rows: int) -> Contender:
        target = self.folder / f"{name}.parquet"

        def run() -> measure.Cost:
            target.unlink(missing_ok=True)
            command = [sys.executable, str(HERE / script), self.urls["postgres"], table.postgres_name(rows), str(target)]
            cost = measure.run(command, self.folder / f"{name}.log")
            cost.bytes = measure.size(target)
            return cost

        return Contender(name, run)

    def copy(self, rows: int) -> Contender:
        """The server's binary copy of the same columns, thrown away: the least that any reader must wait for."""
        columns = ", ".join(name for name, _ in table.COLUMNS)
        text = f"copy (select {columns} from {table.postgres_name(rows)}) to stdout (format binary)"
        return Contender("copy to null", lambda: measure.run([*self.psql, "-c", text], Path(os.devnull)))

    def bare(self, source: str) -> Contender:
        """The driver's own loop over all values of all rows, nothing else."""
        command = [self.programs.bare, self.urls[source], "line_items", str(self.small)]
        return Contender(f"bare {source}", lambda: measure.run(command, self.folder / f"bare-{source}.log"))

    def same_rows(self, rows: int) -> bool:
        """True if DuckDB finds the same rows in Planisphere's files as in its own."""
        staged = next((self.folder / "planisphere-postgres" / "warehouse").rglob("*.parquet")).parent
        self.planisphere("postgres", rows).run()
        staged = next((self.folder / "planisphere-postgres" / "warehouse").rglob("*.parquet")).parent
        command = [sys.executable, str(HERE / "same_rows.py"), str(self.folder / "duckdb.parquet"), f"{staged}/*.parquet"]
        try:
            measure.run(command, self.folder / "same.log")
        except RuntimeError as error:
            print(error, file=sys.stderr)
            return False
        return True


def _write_model(home: Path, url: str, origin: str) -> None:
    """The settings and the model of one source with one table."""
    (home / "model" / "sources").mkdir(parents=True)
    (home / "planisphere.toml").write_text(
        f'[warehouse]\nurl = "warehouse"\n[model]\npath = "model"\n[etl]\nreaders = 2\n[source.bench]\nurl = "{url}"\n')
    columns = "".join(f"      {name}: {{ type: '{kind}' }}\n" for name, kind in table.COLUMNS)
    (home / "model" / "model.yaml").write_text((HERE / "model.yaml").read_text())
    source = (HERE / "source.yaml").read_text()
    (home / "model" / "sources" / "bench.yaml").write_text(source.replace("ORIGIN", origin).replace("      COLUMNS\n", columns))
