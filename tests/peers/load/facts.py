"""Facts: Planisphere beside DuckDB's COPY of the same joins, in the same order, with the same compression.

Five dimensions of 1,000 to 10,000,000 members with business keys of 36 characters, one member in ten with a second version, and
FACTS sales (10,000,000) that find the version valid when they happened. Planisphere loads the sales beside dimensions that are
published; what counts is its load without the extraction, the indexes of the dimensions included. DuckDB joins the sales with the
dimension tables that Planisphere wrote.
"""

import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
from contenders import load, script, table_files
from measure import Cost, size

DIMENSIONS = {"region": 1_000, "store": 10_000, "product": 100_000, "household": 1_000_000, "customer": 10_000_000}
UUID = "substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-' || substr(h, 13, 4) || '-' || substr(h, 17, 4) || '-' || substr(h, 21, 12)"
MEMBERS = """
    with keyed as (select i, md5('{name}' || i) as h from range({members}) t(i)),
         members as (select i, {uuid} as id from keyed)
    select id, 'Name ' || i as name, 'A' as tier, timestamp '2024-01-01' as changed_at from members where {which}
    union all
    select id, 'Name ' || i, 'B', timestamp '2024-07-01' + to_days((i % 300)::integer) from members where i % 10 = 3 and {which}
"""
SALES = """
    with numbers as (select i, (hash(i) % 1000003 * 1009 + i)::bigint as r from range({facts}) t(i))
    select i as id, timestamp '2024-01-02' + to_seconds((r % 62899200)::integer) as sold_at, {keys},
           (1 + r % 9)::integer as quantity, ((r % 100000) / 100)::decimal(18, 4) as revenue, ((r % 1000) / 100)::decimal(18, 4) as discount
    from numbers where {which}
"""


@dataclass
class Lookups:
    """Members that a load looked up, and the seconds of its threads for it."""

    members: int
    core_seconds: float


class FactField:
    """Both contenders; making one loads the dimensions."""

    def __init__(self, folder: Path, facts: int, program: Path, members: dict[str, int] = DIMENSIONS):
        self.folder, self.program, self.members = folder, program, members
        self.first, self.second = folder / "members", folder / "sales"
        self._make(self.first, "true", 0)
        self._make(self.second, "false", facts)
        self._load("facts-base", self.first)
        self.lookups: list[Lookups] = []

    def _make(self, folder: Path, which: str, facts: int) -> None:
        folder.mkdir(parents=True)
        for name, members in self.members.items():
            rows = MEMBERS.format(name=name, members=members, uuid=UUID, which=which)
            copy(rows, folder / f"{name}s.parquet")
        keys = ", ".join(
            f"(select {UUID} from (select md5('{name}' || ((r * {step}) % {members})) as h)) as {name}"
            for step, (name, members) in zip((1, 3, 7, 11, 13), self.members.items())
        )
        copy(SALES.format(facts=facts, keys=keys, which="true"), folder / "sales.parquet")

    def _load(self, home: str, source: Path) -> tuple[Cost, Lookups | None]:
        cost, lines = load(self.program, self.folder / home, "facts_model", ("shop", source))
        told = [line["fields"] for line in lines if line.get("fields", {}).get("message") == "members looked up"]
        lookups = Lookups(told[0]["members"], told[0]["core_seconds"]) if told else None
        return replace(cost, bytes=size(self.folder / home / "warehouse" / "fact_sale")), lookups

    def planisphere(self) -> Cost:
        home = self.folder / "facts-ours"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(self.folder / "facts-base", home)
        cost, lookups = self._load("facts-ours", self.second)
        if lookups:
            self.lookups.append(lookups)
        return cost

    def duckdb(self) -> Cost:
        target = self.folder / "facts.parquet"
        target.unlink(missing_ok=True)
        cost = script(self.folder, "facts", self.folder / "facts-base" / "warehouse", self.second / "sales.parquet", target)
        return Cost(cost.wall, cost.cpu, cost.peak_mib, size(target))

    def keys_per_core_s(self) -> float:
        return sum(it.members for it in self.lookups) / sum(it.core_seconds for it in self.lookups)

    def same_facts(self) -> bool:
        """True if both have the same keys and measures for the same sales."""
        keys = ", ".join(f"{name}_key" for name in self.members)
        columns = f"source_row_id, day_key, {keys}, quantity, revenue, discount"
        ours = [str(path) for path in table_files(self.folder / "facts-ours" / "warehouse" / "fact_sale")]
        connection = duckdb.connect()
        a, b = f"select {columns} from read_parquet({ours})", f"select {columns} from '{self.folder / 'facts.parquet'}'"
        return all(
            connection.execute(f"select count(*) from ({one} except all {other})").fetchone() == (0,) for one, other in ((a, b), (b, a))
        )


def copy(rows: str, target: Path) -> None:
    """Writes rows in a process of its own: the peak memory of a process begins with that of the one that starts it."""
    statement = f"copy ({rows}) to '{target}' (format parquet, compression zstd)"
    subprocess.run([sys.executable, "-c", "import duckdb, sys; duckdb.execute(sys.argv[1])", statement], check=True)
