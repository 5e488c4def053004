"""What measures are in SQL: one function for each kind of aggregate, and the types of their cells."""

from cells import SCALE, Cell, Steps
from expression import calculate
from schema import Cube, Measure

WHOLE = ("integer", "bigint")


def aggregates(cube: Cube, name: str) -> dict[str, str]:
    """The aggregates over fact rows from which a measure is computed, by the names of their columns."""
    measure = cube.measures[name]
    if measure.expression:
        found = [aggregates(cube, it) for it in inputs(cube, measure)]
        return {name: sql for of_one in found for name, sql in of_one.items()}
    condition = f" filter (where {measure.filter})" if measure.filter else ""
    parts = AGGREGATES[measure.function](cube, measure)
    return {f"{name}{part}": sql.replace("{where}", condition) for part, sql in parts.items()}


def inputs(cube: Cube, measure: Measure) -> list[str]:
    """The measures that an expression names."""
    from expression import names

    return [name for name in names(measure.expression) if name in cube.measures]


def cell(cube: Cube, name: str, steps: Steps) -> Cell:
    """The cell of a measure from its aggregates."""
    measure = cube.measures[name]
    if measure.expression:
        return calculate(measure.expression, lambda it: cell(cube, it, steps), steps)
    return CELLS[measure.function](cube, measure, steps)


def scale_of(kind: str) -> int:
    """The decimals of a type."""
    if kind == "money":
        return 4
    return int(kind.rstrip(")").split(",")[1]) if kind.startswith("decimal") else 0


def is_decimal(kind: str) -> bool:
    return kind == "money" or kind.startswith("decimal")


def is_number(cube: Cube, name: str) -> bool:
    """True if the cells of a measure are numbers."""
    measure = cube.measures[name]
    return measure.function not in ("min", "max") or cube.types[measure.of] not in ("text", "date", "boolean", "timestamp")


def units(cube: Cube, measure: Measure) -> str:
    """The column that is aggregated, in units where it is a decimal."""
    return f'f."{measure.of}#"' if is_decimal(cube.types[measure.of]) else f'f."{measure.of}"'


def stored(cube: Cube, measure: Measure, sql: str) -> Cell:
    """A cell of the type of its column."""
    kind = cube.types[measure.of]
    if kind == "double":
        return Cell(sql, None, real=True)
    return Cell(sql, scale_of(kind)) if is_decimal(kind) or kind in WHOLE else Cell(sql, None)


def plain(function: str):
    return lambda cube, measure: {"": f"{function}({units(cube, measure)}){{where}}"}


def count(cube: Cube, measure: Measure) -> dict[str, str]:
    return {"": f'count(f."{measure.of}"){{where}}' if measure.of else "count(*){where}"}


def count_distinct(cube: Cube, measure: Measure) -> dict[str, str]:
    """Different values; of a role its durable members, special ones left out."""
    if measure.of in cube.types:
        return {"": f"count(distinct {units(cube, measure)}){{where}}"}
    return {"": f'count(distinct case when f."{measure.of}_key" > 0 then "{measure.of}#" end){{where}}'}


def average(cube: Cube, measure: Measure) -> dict[str, str]:
    of = units(cube, measure)
    return {".sum": f"sum({of}){{where}}", ".count": f"count({of}){{where}}"}


def average_cell(cube: Cube, measure: Measure, steps: Steps) -> Cell:
    total, number = f'"{measure.name}.sum"', f'"{measure.name}.count"'
    kind = cube.types[measure.of]
    if kind == "double":
        return Cell(steps.to_scale(Cell(f"{total} / {number}", None, real=True)), SCALE)
    return Cell(steps.divide(Cell(total, scale_of(kind)).at(SCALE), number), SCALE)


def median(cube: Cube, measure: Measure) -> dict[str, str]:
    """The two middle values, which are one where the number of values is odd."""
    of = units(cube, measure)
    values = f"list_sort(list({of}) filter (where {of} is not null{{and}}))".replace("{and}", f" and ({measure.filter})" if measure.filter else "")
    return {".low": f"{values}[(count({of}){{where}} + 1) // 2]", ".high": f"{values}[count({of}){{where}} // 2 + 1]"}


def median_cell(cube: Cube, measure: Measure, steps: Steps) -> Cell:
    low, high = f'"{measure.name}.low"', f'"{measure.name}.high"'
    kind = cube.types[measure.of]
    if kind == "double":
        return Cell(steps.to_scale(Cell(f"({low} + {high}) / 2", None, real=True)), SCALE)
    total = Cell(f"({low}::hugeint + {high}::hugeint)", scale_of(kind))
    return Cell(steps.divide(total.at(SCALE), "2"), SCALE)


def own(cube: Cube, measure: Measure, steps: Steps) -> Cell:
    return stored(cube, measure, f'"{measure.name}"')


def whole(cube: Cube, measure: Measure, steps: Steps) -> Cell:
    return Cell(f'"{measure.name}"')


AGGREGATES = {
    "sum": plain("sum"),
    "min": plain("min"),
    "max": plain("max"),
    "count": count,
    "count_distinct": count_distinct,
    "average": average,
    "median": median,
}
CELLS = {
    "sum": own,
    "min": own,
    "max": own,
    "count": whole,
    "count_distinct": whole,
    "average": average_cell,
    "median": median_cell,
}
