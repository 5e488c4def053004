"""What a drill-through answers, in SQL: the fact rows of one cell, each once, and the measures over them."""

from dataclasses import dataclass

from across import AcrossOracle
from cells import Cell
from features import contexts, defaults, filters, top
from oracle import Expected, Oracle
from schema import Place


@dataclass
class ExpectedRows:
    """The statement of the rows, and that of the measures over them with the number of rows behind it."""

    rows: str
    totals: Expected
    measures: list[str]


def expected(model, tables, question: dict) -> ExpectedRows:
    """What is expected of the drill-through of a question; measures of other contexts are left out."""
    cube = model.cubes[question["cube"]]
    question = defaults.asked(question, cube)
    measures = [name for name in question["measures"] if not contexts.of(cube, name)]
    tops = [it | {"level": it["level"] or question["axes"][0]["levels"][-1]} for it in question["tops"]]
    cell = [{"level": level, "in": [path]} for level, path in question["through"]["cell"].items()]
    alone = {"measures": measures, "axes": [], "sort": [], "measure_filters": [], "tops": tops, "cell": cell}
    oracle = (AcrossDetail if cube.parts else DetailOracle)(model, tables, question | alone)
    return ExpectedRows(oracle.rows(), oracle.expected(), measures)


class DetailOracle(Oracle):
    """Writes the statements of one cell of a cube over a star."""

    def places(self) -> list[Place]:
        return [*super().places(), *[self.cube.place(it["level"]) for it in self.question["cell"]]]

    def of_cell(self) -> list[str]:
        """The rows of the cell, those of facts with their members: after filters, and after rankings."""
        source = top.left(len(self.question["tops"]))
        conditions = [filters.of_filter(self, it) for it in self.question["cell"]] or ["true"]
        return [f"of_cell as (select f.* from {source} f where {' and '.join(conditions)})"]

    def grouped_facts(self) -> list[str]:
        return [*self.of_cell(), "placed as (select * from of_cell)", f"cells as ({self.grouped()})"]

    def set(self, names: list[str], set: list[str], values: list[str], places: list[Place]) -> str:
        return super().set(names, set, values, [*places, *[self.cube.place(it["level"]) for it in self.question["cell"]]])

    def outputs(self, cells: dict[str, Cell]) -> tuple[list[tuple], list[str]]:
        columns, outputs = super().outputs(cells)
        return columns, outputs or ["1 as nothing"]

    def rows(self) -> str:
        return self.rows_after([*self.kept(), *self.narrowed()])

    def rows_after(self, relations: list[str]) -> str:
        """Each fact row of the cell once, in the order of the ids that sources give."""
        columns, joins = [], []
        for name in self.shown():
            role, _, attribute = name.rpartition(".")
            # special members have no attributes
            member = f'case when t."{role}_key" > 0 then "d {role}"."{attribute}" end as "{name}"'
            columns.append(member if role else f't."{name}" as "{name}"')
        for role in dict.fromkeys(name.split(".")[0] for name in self.shown() if "." in name):
            joins.append(self.dimension_row(role))
        table = self.tables.table(self.version, f"fact_{self.cube.star}")
        found = 'select "#fact" from of_cell'
        source = f"{table} t {' '.join(joins)} where t.rowid in ({found})"
        order = "order by t.source_system, t.source_row_id"
        return f"with {', '.join([*relations, *self.of_cell()])} select {', '.join(columns)} from {source} {order}"

    def shown(self) -> tuple[str, ...]:
        """The declared columns, else all of the fact."""
        return self.cube.drill_through or self.tables.columns(self.version, f"fact_{self.cube.star}")

    def dimension_row(self, name: str) -> str:
        """Joins the row of a dimension through which a fact is seen in the history mode."""
        role = next(it for it in self.cube.roles if it.name == name)
        table, own = self.tables.table(self.version, f"dim_{role.dimension.name}"), role.dimension.name
        seen = f'"d {name}"."{own}_key" = t."{name}_key"'
        if self.history.mode != "as_was":
            durable = f'(select p."{own}_durable_key" from {table} p where p."{own}_key" = t."{name}_key")'
            row = f'"d {name}"'
            seen = f'{row}."{own}_durable_key" = {durable} and {self.history.holds(row, f"{own}_key")}'
        return f'left join {table} "d {name}" on {seen}'


class AcrossDetail(AcrossOracle):
    """Writes the statements of one cell of a cube across others: the rows are those of the part to which the measures belong."""

    def needed(self) -> list[str]:
        return list(self.question["measures"])

    def own(self, part, names: list[str]) -> Oracle:
        own = super().own(part, names)
        cell = [it | {"level": part.own(it["level"])} for it in self.question["cell"]]
        return DetailOracle(self.model, self.tables, own.question | {"cell": cell})

    def rows(self) -> str:
        self.elsewhere = {}
        (part,) = self.asked(self.needed())
        ranked = top.rankings(self)
        own = self.own(part, self.taken(part, self.needed()))
        return own.rows_after([*ranked, *own.kept(), *top.choices(own)])
