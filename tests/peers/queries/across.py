"""The answer to a question across cubes: that of each part by its own facts, laid side by side by the columns of members and totals."""

from dataclasses import replace

import in_contexts
from cells import Cell, Steps
from features import defaults, top
from measures import cell
from oracle import Oracle
from schema import Measure, Part


class AcrossOracle(Oracle):
    """Writes the statement of one question to a cube across others."""

    def relations(self) -> list[str]:
        self.elsewhere = {}
        ranked = top.rankings(self)
        parts = [self.of_part(part) for part in self.asked(self.needed())]
        cells = f"cells as ({self.side_by_side(parts, self.group_columns())})"
        return [*ranked, cells, *in_contexts.relations(self)]

    def group_columns(self) -> list[str]:
        columns = [name for stand in self.stands for name in stand.columns()]
        return columns + [stand.total for stand in self.stands if stand.totals]

    def asked(self, names: list[str]) -> list[Part]:
        """The parts of which measures are made."""
        return [part for part in self.cube.parts if self.taken(part, names)]

    def taken(self, part: Part, names: list[str]) -> list[str]:
        """The measures of a part that measures are made of."""
        open, found = list(names), []
        while open:
            measure = self.cube.measures[open.pop(0)]
            open += [it.name for it in self.cube.inputs(measure)]
            found += [measure.taken[1]] if measure.taken and measure.taken[0] == part.name else []
        return list(dict.fromkeys(found))

    def own(self, part: Part, names: list[str]) -> Oracle:
        """The question in the words of a part, for some of its measures; conditions and order of measures come later."""
        asked = self.question
        axes = [it | {"levels": [part.own(name) for name in it["levels"]]} for it in asked["axes"]]
        filters = [it | {"level": part.own(it["level"])} for it in asked["filters"]]
        tops = []
        for it in asked["tops"]:
            level, per = it["level"] or asked["axes"][0]["levels"][-1], part.own(it["per"]) if it["per"] else None
            tops.append(it | {"by": None, "level": part.own(level), "per": per})
        apart = {"cube": part.cube.name, "measures": names, "axes": axes, "filters": filters, "tops": tops, "sort": [], "measure_filters": []}
        return Oracle(self.model, self.tables, defaults.asked(asked | apart, part.cube))

    def of_part(self, part: Part) -> str:
        """The cells of one part."""
        own = self.own(part, self.taken(part, self.needed()))
        relations = [*own.kept(), *top.choices(own), *own.grouped_facts(), *in_contexts.relations(own)]
        return self.cells_of(part, own, relations, self.group_columns())

    def values_of(self, context: Measure) -> list[in_contexts.Value]:
        """The values of a context by the facts of the part to which its measure belongs."""
        name, base = self.cube.measures[context.context.measure].taken
        part = next(part for part in self.cube.parts if part.name == name)
        asked = context.context
        own = self.own(part, [base])
        level = part.own(asked.level) if asked.level else None
        own.beside = [replace(context, context=replace(asked, measure=base, role=part.dimensions[asked.role], level=level))]
        relations = ", ".join([*own.kept(), *top.choices(own), *own.grouped_facts()])
        return [replace(it, relation=f"with {relations} {it.relation}") for it in in_contexts.values_of(own, own.beside[0])]

    def cells_of(self, part: Part, own: Oracle, relations: list[str], columns: list[str]) -> str:
        """A relation with the cells of a part by columns."""
        steps = Steps("finished")
        cells = own.named_cells(steps)
        named = [f'{it.sql} as "{part.name}.{name}"' for name, it in cells.items()]
        self.elsewhere |= {(part.name, name): replace(it, sql=f'"{part.name}.{name}"') for name, it in cells.items()}
        return f"with {', '.join(relations)} select {', '.join([*columns, *named])} from {steps.source}"

    def side_by_side(self, parts: list[str], columns: list[str]) -> str:
        """Rows of several relations together where they are of the same members; what one of them lacks is null."""
        values = [f"any_value({it.sql}) as {it.sql}" for it in self.elsewhere.values()]
        group = f"group by {', '.join(columns)}" if columns else ""
        all = " union all by name ".join(f"select * from ({part})" for part in parts)
        return f"select {', '.join([*columns, *values])} from ({all}) {group}"

    def ranked_cells(self, number: int, members: str, names: list[str]) -> tuple[str, Cell]:
        """Of members that have facts in the parts of which the measure is made that ranks them."""
        by, parts = self.question["tops"][number]["by"], []
        for part in self.asked([by]):
            own = self.own(part, self.taken(part, [by]))
            columns = ", ".join(f"{sql} as {name}" for it in top.all_members(own, number)[::-1] for sql, name in it)
            values = [f'{sql} as "{name}"' for name, sql in own.aggregates(own.needed()).items()]
            source = own.once(f"(select f.*, {columns} from {top.left(number)} f)", names, top.places_of(own, own.question["tops"][number]))
            cells = f"finished as (select {', '.join([*names, *values])} from {source} f group by {', '.join(names)})"
            parts.append(self.cells_of(part, own, [*own.kept(), *top.choices(own)[:number], cells], names))
        steps = Steps(f"({self.side_by_side(parts, names)})")
        value = cell(self.cube, by, steps, self.elsewhere)
        self.elsewhere = {}
        return steps.source, value
