"""The answer to a question as plain SQL over the Parquet files, from the YAML of the model and the question alone."""

from dataclasses import dataclass, replace

import in_contexts
import layout
from aggregates.weighted import SHARE
from approximate import bounds
from cells import SCALE, Cell, Steps
from expression import names
from features import filters, measure_filters, sort, top
from histories import History
from layout import Stand, grouping_sets, stands
from measures import aggregates, cell
from schema import Cube, Measure, Model, Place, Role
from tables import Tables
from trees import heights, sign, signed, signed_roles
from units import is_decimal

SPECIALS = {
    -1: ("not_given", "(not given)", "（未填写）"),
    -2: ("not_applicable", "(not applicable)", "（不适用）"),
    -3: ("invalid_code", "(invalid code)", "（无效代码）"),
    -4: ("not_yet_arrived", "(not yet arrived)", "（尚未到达）"),
}


@dataclass
class Expected:
    """The statement, and what its columns are: (kind, axis, position, level above) or ("measure", name, its cell).

    Behind them stand, for each approximate measure, the least and the greatest value that the truth may be.
    """

    sql: str
    columns: list[tuple]
    stands: list[Stand]
    cube: Cube

    def column(self, *described) -> int:
        """The position of a column."""
        return self.columns.index(described)


class Oracle:
    """Writes the statement of one question."""

    # Cells that are not made of the aggregates of their own facts.
    elsewhere: dict = {}
    # Contexts of which the facts are asked for a question across cubes.
    beside: list = []

    def __init__(self, model: Model, tables: Tables, question: dict):
        self.model, self.tables, self.question = model, tables, question
        self.cube: Cube = model.cubes[question["cube"]]
        self.version = question["version"] or tables.latest
        self.history = History.of(question["history"], model.zone)
        self.chinese = question["locale"].lower().startswith("zh")
        self.stands = stands(self.cube, question)

    def expected(self) -> Expected:
        steps = Steps("finished")
        relations = self.relations()
        cells = self.named_cells(steps)
        columns, outputs = self.outputs(cells)
        condition, order = measure_filters.condition(self, cells), sort.order(self, cells)
        statement = f"with {', '.join(relations)} select {', '.join(outputs)} from {steps.source} c {self.labels()} where {condition}"
        return Expected(f"{statement} order by {', '.join(order)}" if order else statement, columns, self.stands, self.cube)

    def relations(self) -> list[str]:
        """The named relations of the statement; `cells` has the aggregates of every combination of members."""
        return [*self.kept(), *self.narrowed(), *self.grouped_facts(), *in_contexts.relations(self)]

    def kept(self) -> list[str]:
        return [f"facts as ({self.facts()})", f"kept as (select * from facts f where {filters.condition(self)})"]

    def narrowed(self) -> list[str]:
        """The members that rankings and conditions keep, each with the facts of these, of which the next one asks."""
        return [it for pair in zip(top.rankings(self), top.choices(self)) for it in pair]

    def grouped_facts(self) -> list[str]:
        return [f"placed as ({self.placed(top.left(len(self.question['tops'])))})", f"cells as ({self.grouped()})"]

    def named_cells(self, steps: Steps) -> dict[str, Cell]:
        """The cells of all measures that are needed, each a column of its own."""
        cells = {name: cell(self.cube, name, steps, self.elsewhere) for name in self.needed()}
        for name, it in cells.items():
            steps.source = f'(select *, {it.sql} as "={name}" from {steps.source})'
        return {name: replace(it, sql=f'"={name}"') for name, it in cells.items()}

    def ranked_cells(self, number: int, members: str, names: list[str]) -> tuple[str, Cell]:
        """The cells of the members that are ranked: a relation, and the value that ranks them."""
        by = self.question["tops"][number]["by"]
        if any(it.context for it in self.made_of([by])):
            return self.ranked_by_context(number, names)
        values = [f'{sql} as "{name}"' for name, sql in self.aggregates([by]).items()]
        places = top.places_of(self, self.question["tops"][number])
        source = self.once(f"(select f.*, {members} from {top.left(number)} f)", names, places)
        steps = Steps(f"(select {', '.join([*names, *values])} from {source} f group by {', '.join(names)})")
        value = cell(self.cube, by, steps)
        return steps.source, value

    def ranked_by_context(self, number: int, names: list[str]) -> tuple[str, Cell]:
        """The same where the value needs other cells: what a question by the ranked level alone shows."""
        tops = self.question["tops"]
        by, level = tops[number]["by"], top.level(self, tops[number]).name
        named = [it | {"level": top.level(self, it).name} for it in tops[:number]]
        rest = {"tops": named, "sort": [], "measure_filters": [], "measures": [by]}
        alone = Oracle(self.model, self.tables, self.question | rest | {"axes": [{"levels": [level], "subtotals": False}]})
        relations, steps = ", ".join(alone.relations()), Steps("finished")
        value = cell(self.cube, by, steps, alone.elsewhere)
        columns = [f"{own} as {name}" for own, name in zip(alone.stands[0].columns(), names)]
        return f"(with {relations} select {', '.join([*columns, f'{value.sql} as value'])} from {steps.source})", replace(value, sql="value")

    def needed(self) -> list[str]:
        """The measures that the answer has, is filtered by, or ordered by."""
        question = self.question
        by = [it["measure"] for it in question["sort"] if "measure" in it]
        by += [it["measure"] for it in question["measure_filters"]]
        by += [it["by"] for it in question["tops"] if it["by"]]
        return list(dict.fromkeys([*question["measures"], *by]))

    def facts(self) -> str:
        """The fact rows that count, each with its members on every level that the question names."""
        table = self.tables.facts(self.version, self.model, self.cube.star, self.history)
        columns, joins = [f'f."{name}"' for name in self.columns()], []
        for role in self.roles():
            if not role.bridge:
                columns += [f'f."{role.name}#"', *[f'f."{role.name}.{it}{mark}"' for it in self.attributes(role) for mark in ("", "!")]]
                continue
            members = self.tables.members(self.version, role.dimension, self.history)
            name, key = f'"m {role.name}"', f'"b {role.name}".{role.name}_key'
            joins.append(f"{self.bridge(role)} join {members} {name} on {name}.key = {key}")
            columns += [f'{name}."{it}{mark}" as "{role.name}.{it}{mark}"' for it in self.attributes(role) for mark in ("", "!")]
        columns.append(f'{self.weights()} as "#weight"')
        if signed(self):
            columns += [f'f."{role.name}#sign{height}"' for role in signed_roles(self.cube) for height in heights(role.dimension)]
        where = "true" if self.question["include_deleted"] else "not f.deleted_at_source"
        return f"select {', '.join(columns)} from {table} f {' '.join(joins)} where {where}"

    def columns(self) -> list[str]:
        """The columns of the fact itself that the question needs."""
        found = ["#fact"]
        for measure in self.made_of(self.needed()):
            counted = measure.function == "count_distinct" and not measure.kind
            own = [] if not measure.of else [f"{measure.of}_key"] if counted else [measure.of]
            found += own + [f"{measure.of}#"] * (is_decimal(measure.kind) or measure.kind == "double")
            found += [f"{measure.over}_key"] * bool(measure.over) + (names(measure.filter) if measure.filter else [])
        found += [level.key for place in self.places() if not place.role.dimension for level in place.path]
        return list(dict.fromkeys(found))

    def bridged(self) -> list[Role]:
        """The roles that the question needs of which a fact has many members: there it has a row for each of them."""
        return [role for role in self.roles() if role.bridge]

    def bridge(self, role: Role) -> str:
        """Joins the members of the group that a fact has."""
        table, group = self.tables.table(self.version, f"bridge_{role.name}"), f"{role.name}_group_key"
        return f'join {table} "b {role.name}" on "b {role.name}".{group} = f.{group}'

    def weights(self) -> str:
        """The share of a fact that is in one row of it: the weights of its members, in units."""
        found = [f'"b {role.name}"."weight#"::hugeint' for role in self.bridged()]
        return " * ".join([*found, *[f"{10**SCALE}::hugeint"] * (SHARE // SCALE - len(found))])

    def once(self, source: str, names: list[str], places: list[Place]) -> str:
        """Each fact once in each cell by columns, with its share and sign there; rows of the source are those of facts with their members."""
        if not self.bridged():
            own_sign = f', {sign(self, places)} as "#sign"' if signed(self) else ""
            return f'(select f.*, "#weight" as "#share"{own_sign} from {source} f)'
        cell = ", ".join(['"#fact"', *names])
        share = f'sum("#weight") over (partition by {cell}) as "#share"'
        return f"(select f.*, {share} from {source} f qualify row_number() over (partition by {cell}) = 1)"

    def places(self) -> list[Place]:
        """Every level that the question names."""
        question, place = self.question, self.cube.place
        named = [stand.place for stand in self.stands] + [place(it["level"]) for it in question["filters"]]
        named += [place(it.context.level) for it in self.contexts() + self.beside if it.context.level]
        return named + top.places(self)

    def values_of(self, context: Measure) -> list[in_contexts.Value]:
        return in_contexts.values_of(self, context)

    def cell_of(self, name: str) -> Cell:
        """What kind of cell a measure has."""
        return cell(self.cube, name, Steps(""), self.elsewhere)

    def contexts(self) -> list[Measure]:
        """The measures in other contexts that the question needs."""
        return [it for it in self.made_of(self.needed()) if it.context]

    def made_of(self, names: list[str]) -> list[Measure]:
        """Measures, and those that they are made of."""
        open, found = list(names), {}
        while open:
            measure = self.cube.measures[open.pop()]
            open += [it.name for it in self.cube.inputs(measure)]
            found[measure.name] = measure
        return list(found.values())

    def roles(self) -> list[Role]:
        """The roles of conformed dimensions that the question needs."""
        named = {place.role.name for place in self.places()} | self.counted()
        return [role for role in self.cube.of_star if role.name in named]

    def counted(self) -> set[str]:
        """The roles whose members are counted."""
        return {it.of for it in self.made_of(self.needed()) if it.function == "count_distinct"}

    def attributes(self, role: Role) -> list[str]:
        keys = [level.key for place in self.places() if place.role.name == role.name for level in place.path]
        return list(dict.fromkeys(keys))

    def member(self, place: Place) -> tuple[str, str]:
        """The key and the special member of a fact row on a level: one of them is null."""
        key = place.level.key
        if place.role.dimension is None:
            return f'f."{key}"', f'case when f."{key}" is null then -1 end'
        return f'f."{place.role.name}.{key}"', f'f."{place.role.name}.{key}!"'

    def placed(self, source: str) -> str:
        """The fact rows with the columns by which they are grouped."""
        parts = [part for stand in self.stands for part in stand.introduced()]
        members = [f"{sql} as {name}" for part in parts for sql, name in zip(self.member(part.place), (part.key, part.special))]
        return f"select {', '.join(['f.*', *members])} from {source} f"

    def grouped(self) -> str:
        """The aggregates of every combination of members, totals among them."""
        values = [f'{sql} as "{name}"' for name, sql in self.aggregates(self.needed()).items()] or ['count(*) as "#facts"']
        sets = grouping_sets(self.question, self.stands)
        names = sets[0]
        if self.bridged() or signed(self):
            places = ([stand.place for stand in it] for it in layout.sets(self.question, self.stands))
            return " union all ".join(self.set(names, set, values, at) for set, at in zip(sets, places))
        totals = [f"grouping({stand.own.key}) = 1 as {stand.total}" for stand in self.stands if stand.totals]
        group = ""
        if len(sets) > 1:
            group = f"group by grouping sets ({', '.join('(' + ', '.join(names) + ')' for names in sets)})"
        elif names:
            group = f"group by {', '.join(names)}"
        return f"select {', '.join([*names, *totals, *values])} from {self.once('placed', [], [])} f {group}"

    def set(self, names: list[str], set: list[str], values: list[str], places: list[Place]) -> str:
        """The aggregates of one combination of members where a total is not made of its parts: each fact is there once, with the sign of the levels."""
        columns = [name if name in set else f"null as {name}" for name in names]
        totals = [f"{str(stand.own.key not in set).lower()} as {stand.total}" for stand in self.stands if stand.totals]
        group = f"group by {', '.join(set)}" if set else ""
        return f"select {', '.join([*columns, *totals, *values])} from {self.once('placed', set, places)} f {group}"

    def aggregates(self, names: list[str]) -> dict[str, str]:
        return {name: sql for measure in names for name, sql in aggregates(self.cube, measure).items()}

    def labels(self) -> str:
        """Joins what members are called and ordered by, where that is not their key."""
        joins = []
        for stand in self.stands:
            for depth, part in enumerate(stand.parts):
                if part.introduced and (self.named(stand, depth) or part.sorted_apart):
                    path = part.place.path
                    labels = self.tables.labels(self.version, part.place.role.dimension, path, self.history)
                    pairs = [(it, level.key) for it, level in zip(stand.parts, path)]
                    on = [f'{part.label}."{key}" is not distinct from c.{it.key}' for it, key in pairs]
                    on += [f'{part.label}."{key}!" is not distinct from c.{it.special}' for it, key in pairs]
                    joins.append(f"left join {labels} {part.label} on {' and '.join(on)}")
        return " ".join(joins)

    def named(self, stand: Stand, depth: int) -> bool:
        """True if the level itself is called by another attribute than its key."""
        level = stand.place.level
        return depth == stand.place.depth and level.key != (level.name_zh if self.chinese else level.name_en)

    def outputs(self, cells: dict[str, Cell]) -> tuple[list[tuple], list[str]]:
        """The columns of the answer."""
        columns, outputs = [], []
        for stand in self.stands:
            at = (stand.axis, stand.position)
            for part in stand.introduced():
                above = part.place.level.name if part is not stand.own else ""
                columns += [("key", *at, above), ("special", *at, above)]
                outputs += [f"c.{part.key}", special_text(f"c.{part.special}", 0)]
            columns.append(("caption", *at, ""))
            outputs.append(self.caption(stand))
            if stand.totals:
                columns.append(("subtotal", *at, ""))
                outputs.append(f"c.{stand.total}")
        for name in self.question["measures"]:
            columns.append(("measure", name, cells[name]))
            outputs.append(f"({cells[name].sql})::hugeint" if cells[name].scale is not None else cells[name].sql)
        outputs += [sql for name in self.question["measures"] for sql in bounds(self.cube, name, None)]
        return columns, [f"{sql} as c{number}" for number, sql in enumerate(outputs)]

    def caption(self, stand: Stand) -> str:
        """What people read of a member: of a special one its own text, else its name, else its key."""
        own = stand.own
        key = f"c.{own.key}::varchar"
        name = f"coalesce({own.label}.{'zh' if self.chinese else 'en'}::varchar, {key})" if self.named(stand, stand.place.depth) else key
        special = special_text(f"c.{own.special}", 2 if self.chinese else 1)
        total = f"when c.{stand.total} then '{'合计' if self.chinese else 'Total'}' " if stand.totals else ""
        return f"case {total}when c.{own.special} is not null then {special} else {name} end"


def special_text(key: str, which: int) -> str:
    """The id or a caption of a special member."""
    cases = " ".join(f"when {number} then '{texts[which]}'" for number, texts in SPECIALS.items())
    return f"case {key} {cases} end"
