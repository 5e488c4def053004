"""Measures in other contexts in SQL: beside the cells of a question, the values that its contexts have in each of them."""

from dataclasses import dataclass, replace

from cells import Cell, Steps
from contexts import ABOVE, RANK, Context
from features import filters
from features.top import choice
from features.top import level as ranked
from layout import Stand, sets
from measures import aggregates, cell
from schema import Measure, Place


@dataclass
class Value:
    """The values of a context for the rows of one set of group columns: a relation, and the columns by which rows find theirs."""

    relation: str
    by: list[str]
    set: list[Stand]


def relations(oracle) -> list[str]:
    """The relation `finished`: the cells and, beside them, a column for each context."""
    joins, columns = [], []
    for number, measure in enumerate(oracle.contexts()):
        found = oracle.values_of(measure)
        for at, value in enumerate(found):
            name = f'"x{number}_{at}"'
            # of a part of a cube across others the same levels have other names
            there = {it.total for it in value.set}
            totals = [f"{'not ' if it.total in there else ''}c.{it.total}" for it in oracle.stands if it.totals]
            on = [*totals, *[f"{name}.{column} is not distinct from c.{column}" for column in value.by]]
            joins.append(f"left join ({value.relation}) {name} on {' and '.join(on or ['true'])}")
        values = ", ".join(f'"x{number}_{at}".value' for at in range(len(found)))
        columns.append(f'{f"coalesce({values})" if found else "null"} as "{measure.name}"')
        of = Cell("") if measure.context.function == RANK else oracle.cell_of(measure.context.measure)
        oracle.elsewhere = oracle.elsewhere | {measure.name: replace(of, sql=f'"{measure.name}"')}
    return [f"finished as (select {', '.join(['c.*', *columns])} from cells c {' '.join(joins)})"]


def values_of(oracle, measure: Measure) -> list[Value]:
    """What a context gives to the rows of each set in which it makes sense."""
    return [it for it in (value_of(oracle, measure, set) for set in sets(oracle.question, oracle.stands)) if it]


def value_of(oracle, measure: Measure, set: list[Stand]) -> Value | None:
    """What a context gives to the rows of one set; none where it makes no sense."""
    context = measure.context
    if context.function == RANK:
        return placing(oracle, context, set)
    return above(oracle, context, set) if context.function in ABOVE else moved(oracle, context, set)


def present(oracle, context: Context, set: list[Stand]) -> list[Stand]:
    """The levels of the context's hierarchy, or of its dimension where it names no level."""
    of_role = [stand for stand in set if stand.place.role.name == context.role]
    if not context.level:
        return of_role
    return [stand for stand in of_role if stand.place.same_hierarchy(oracle.cube.place(context.level))]


def columns_of(parts) -> list[str]:
    return [name for part in parts for name in (part.key, part.special)]


def above(oracle, context: Context, set: list[Stand]) -> Value | None:
    """The facts by the columns of the member above alone, and by all other dimensions and hierarchies."""
    own = max(present(oracle, context, set), key=lambda it: it.place.depth, default=None)
    if context.function == "total":
        kept, at, left = [], [], [stand for stand in set if stand.place.role.name != context.role]
    elif not own:
        return None
    else:
        depth = own.place.depth if context.function == "parent" else oracle.cube.place(context.level).depth + 1
        if depth > len(own.parts):
            return None
        kept, at = columns_of(own.parts[:depth]), [part.place for part in own.parts[:depth]]
        left = [stand for stand in set if not stand.place.same_hierarchy(own.place)]
    by = [name for stand in left for name in stand.columns()] + kept
    return Value(valued(oracle, context, by, "placed", [*at, *[stand.place for stand in left]]), by, set)


def placing(oracle, context: Context, set: list[Stand]) -> Value | None:
    """The place of members among those of the same member above, in the same cell of everything else."""
    own = max(present(oracle, context, set), key=lambda it: it.place.depth, default=None)
    if not own:
        return None
    by = [name for stand in set for name in stand.columns()]
    among = [name for name in by if name not in (own.own.key, own.own.special)]
    within = f"partition by {', '.join(among)} " if among else ""
    place = f"case when value is not null then rank() over ({within}order by value desc nulls last) end as value"
    return Value(f"select {', '.join([*by, place])} from ({valued(oracle, context, by, 'placed', [stand.place for stand in set])})", by, set)


def valued(oracle, context: Context, by: list[str], source: str, places: list[Place]) -> str:
    """The measure of fact rows by columns, those of some levels."""
    values = [f'{sql} as "{name}"' for name, sql in aggregates(oracle.cube, context.measure).items()]
    group = f"group by {', '.join(by)}" if by else ""
    steps = Steps(f"(select {', '.join([*by, *values])} from {oracle.once(source, by, places)} f {group})")
    value = cell(oracle.cube, context.measure, steps)
    return f"select {', '.join([*by, f'{value.sql} as value'])} from {steps.source}"


def moved(oracle, context: Context, set: list[Stand]) -> Value | None:
    """The facts of other members: those of the members in the answer, up to the last one with facts, lead to them."""
    cube, question = oracle.cube, oracle.question
    all = [stand.place for stand in oracle.stands] + [cube.place(it["level"]) for it in question["filters"]]
    of_role = [place for place in all if place.role.name == context.role]
    of_context = cube.place(context.level) if context.level else None
    first = of_context or next(iter(of_role), None)
    if not first:
        return None
    same = [place for place in [*of_role, *([of_context] if of_context else [])] if place.same_hierarchy(first)]
    finest = max(same, key=lambda place: place.depth)
    shown = [stand for stand in set if stand.place.same_hierarchy(first)]
    filtered = [it for it in question["filters"] if cube.place(it["level"]).same_hierarchy(first)]
    depths = [max((stand.place.depth for stand in shown), default=None), max((cube.place(it["level"]).depth for it in filtered), default=None)]
    depth = next((it for it in [of_context.depth if of_context else None, *depths] if it is not None), None)
    if depth is None and context.function != "cumulative":
        return None
    depth = depth or 0
    places = max([it for it in depths if it is not None], default=-1)
    targets = [name for stand in shown for name in stand.columns()]
    others = [stand for stand in set if not stand.place.same_hierarchy(first)]
    relation = leading(oracle, context, (finest, depth, places), (shown, filtered))
    by = [name for stand in others for name in stand.columns()] + targets
    facts = f"(select f.*, {path_of(oracle, finest)} as path from ({there(oracle, first, others)}) f)"
    source = f"(select f.*, {', '.join([*[f'r.{name}' for name in targets], '1 as one'])} from {facts} f join ({relation}) r on f.path = r.path)"
    return Value(valued(oracle, context, by, source, [stand.place for stand in set]), by, set)


def there(oracle, first: Place, others: list[Stand]) -> str:
    """The facts that filters on other hierarchies and rankings of other members keep, with the columns of some levels."""
    cube = oracle.cube
    conditions = [filters.of_filter(oracle, it) for it in oracle.question["filters"] if not cube.place(it["level"]).same_hierarchy(first)]
    facts = f"(select * from facts f where {' and '.join(conditions or ['true'])})"
    for number, top in enumerate(oracle.question["tops"]):
        if not ranked(oracle, top).same_hierarchy(first):
            facts = f"({choice(oracle, number, facts)})"
    return f"select {', '.join(['f.*', *members_of(oracle, others)])} from {facts} f"


def members_of(oracle, stands: list[Stand]) -> list[str]:
    """The columns that levels bring, of fact rows."""
    parts = [part for stand in stands for part in stand.introduced()]
    return [f"{sql} as {name}" for part in parts for sql, name in zip(oracle.member(part.place), (part.key, part.special))]


def path_of(oracle, place: Place) -> str:
    """The member of fact rows on a level, with those above it, as one text."""
    members = [oracle.member(place.above(depth)) for depth in range(place.depth + 1)]
    return " || ".join(f"coalesce({sql}::varchar, '') || chr(31)" for pair in members for sql in pair)


def leading(oracle, context: Context, depths: tuple, narrowed: tuple) -> str:
    """The relation from the columns of members in the answer to the paths of those of the context."""
    (finest, depth, _), (shown, filtered) = depths, narrowed
    all = numbered(oracle, *depths)
    last = f"(select max(m.n{finest.depth}) from {all} m where m.path in (select {path_of(oracle, finest)} from placed f))"
    own = " and ".join([f"n{finest.depth} <= {last}", *[filters.of_filter(oracle, it) for it in filtered]])
    names = [name for stand in shown for name in stand.columns()]
    admitted = f"(select {', '.join(['f.*', *members_of(oracle, shown)])} from {all} f where {own})"
    if context.function == "prev":
        return before(context, depths, names, (admitted, all))
    ends = f"max(n{finest.depth}) as finest_end, max(n{depth}) as depth_end, min(n{depth}) as depth_begin"
    group = f"group by {', '.join(names)}" if names else ""
    fits = [f"s.n{depth} < a.depth_begin" if context.function == "opening" else f"s.n{finest.depth} <= a.finest_end"]
    fits += [f"s.n{depth} = a.depth_end"] if context.function == "to_date" else []
    fits += [f"s.n{depth} > a.depth_end - {context.number}"] if context.function == "rolling" else []
    targets = f"(select {', '.join([*names, ends])} from {admitted} {group})"
    return f"select {', '.join([*names, 's.path'])} from {targets} a join {all} s on {' and '.join(fits)}"


def before(context: Context, depths: tuple, names: list[str], members: tuple[str, str]) -> str:
    """Members so many before on the level of the context, and below it those at the same places."""
    (_, depth, places), (admitted, all) = depths, members
    on = [f"s.n{depth} = a.n{depth} - {context.number}", *[f"s.p{at} is not distinct from a.p{at}" for at in range(depth + 1, places + 1)]]
    return f"select distinct {', '.join([*names, 's.path'])} from {admitted} a join {all} s on {' and '.join(on)}"


def numbered(oracle, finest: Place, depth: int, places: int) -> str:
    """Ordinary members of a level with their numbers on the levels above, and with their places below the one of the context."""
    dimension, role = finest.role.dimension, finest.role.name
    columns, joins, order = [], [], []
    for at, level in enumerate(finest.path):
        label = f"l{at}"
        own = finest.path[: at + 1]
        labels = oracle.tables.labels(oracle.version, dimension, own, oracle.history)
        on = [f'{label}."{it.key}{mark}" is not distinct from l."{it.key}{mark}"' for it in own for mark in ("", "!")]
        joins.append(f"join {labels} {label} on {' and '.join(on)}")
        columns += [f'l."{level.key}{mark}" as "{role}.{level.key}{mark}"' for mark in ("", "!")]
        apart = [f"{label}.sort nulls last"] if level.sort != level.key else []
        order.append([f'l."{level.key}!" desc nulls first', *apart, f'l."{level.key}" nulls last'])
    numbers = [f"dense_rank() over (order by {', '.join(sum(order[: at + 1], []))})::bigint as n{at}" for at in range(depth, finest.depth + 1)]
    all = oracle.tables.labels(oracle.version, dimension, finest.path, oracle.history)
    ordinary = f'l."{finest.level.key}!" is null'
    members = f"(select {', '.join([*columns, *numbers])} from {all} l {' '.join(joins)} where {ordinary})"
    at_places = [f"{place(finest, at)} as p{at}" for at in range(depth + 1, places + 1)]
    made = f"select {', '.join(['f.*', *at_places, f'{path_of(oracle, finest)} as path'])} from {members} f"
    named = f'v{oracle.version}."numbered {finest.name} {depth} {places} {oracle.history}"'
    return oracle.tables.once(named, oracle.version, lambda: made)


def place(finest: Place, depth: int) -> str:
    """The place of a member below the one above it: in a calendar that of the same name, else its position."""
    role, level, above = finest.role, finest.path[depth], finest.path[depth - 1]
    key = f'f."{role.name}.{level.key}"'
    if role.dimension.name == "date":
        if level.name == "day" and above.name == "week":
            return f"dayofweek({key})"
        if level.name == "day" and above.name == "month":
            return f"day({key})"
        if level.name != "day":
            return key if depth == 1 else f'{key} - min({key}) over (partition by f."{role.name}.{above.key}")'
    return f"dense_rank() over (partition by n{depth - 1} order by n{depth})"
