"""Sums, extremes, averages and counts."""

from aggregates import Kind, filtered
from cells import SCALE, Cell, Steps, rounded
from schema import Measure
from units import column, is_decimal, is_whole, per_one, scale_of


def summed(kind: str, units: str) -> Cell:
    """The cell of a sum that is given in units; floats are rounded once."""
    if kind == "double":
        return Cell(f"({units})::varchar::double / {per_one(kind)}", None, real=True)
    return Cell(units, scale_of(kind))


def quotient(kind: str, units: str, number: str, steps: Steps) -> Cell:
    """A sum in units divided by a number, rounded once; of floats the rounded sum is divided as a float before."""
    if kind == "double":
        return Cell(steps.add(rounded(f"{summed(kind, units).sql} / {number}").sql), SCALE)
    return Cell(steps.divide(f"({units})::hugeint * {10**SCALE}::hugeint", f"({number})::hugeint * {per_one(kind)}"), SCALE)


def total(measure: Measure, kind: str) -> dict[str, str]:
    """What a signed sum leaves out counts like nothing."""
    of = column(measure.of, kind)
    signed = f'case when f."#sign" <> 0 then {of} * f."#sign" end'
    return {"": f"sum({signed if measure.signed else of}){filtered(measure)}"}


def total_cell(measure: Measure, kind: str, steps: Steps) -> Cell:
    return summed(kind, f'"{measure.name}"')


def extreme(function: str):
    return lambda measure, kind: {"": f"{function}({value(measure.of, kind)}){filtered(measure)}"}


def value(name: str, kind: str) -> str:
    """Floats are compared as they are."""
    return f'f."{name}"' if kind == "double" else column(name, kind)


def extreme_cell(measure: Measure, kind: str, steps: Steps) -> Cell:
    if is_decimal(kind) or is_whole(kind):
        return Cell(f'"{measure.name}"', scale_of(kind))
    return Cell(f'"{measure.name}"', None, real=kind == "double")


def average(measure: Measure, kind: str) -> dict[str, str]:
    of = column(measure.of, kind)
    return {".sum": f"sum({of}){filtered(measure)}", ".count": f"count({of}){filtered(measure)}"}


def average_cell(measure: Measure, kind: str, steps: Steps) -> Cell:
    return quotient(kind, f'"{measure.name}.sum"', f'"{measure.name}.count"', steps)


def count(measure: Measure, kind: str) -> dict[str, str]:
    return {"": f"count({counted(measure)}){filtered(measure)}"}


def counted(measure: Measure) -> str:
    """The column of which values are counted; rows where there is none."""
    return f'f."{measure.of}"' if measure.of else "1"


def count_distinct(measure: Measure, kind: str) -> dict[str, str]:
    """Different values; of a role its durable members, special ones left out."""
    member = f'case when f."{measure.of}_key" > 0 then "{measure.of}#" end'
    return {"": f"count(distinct {value(measure.of, kind) if kind else member}){filtered(measure)}"}


def count_cell(measure: Measure, kind: str, steps: Steps) -> Cell:
    return Cell(f'"{measure.name}"')


def count_bounds(measure: Measure, kind: str, steps: Steps) -> tuple[str, str]:
    return f'"{measure.name}"', f'"{measure.name}"'


FUNCTIONS = {
    "sum": Kind(total, total_cell),
    "min": Kind(extreme("min"), extreme_cell),
    "max": Kind(extreme("max"), extreme_cell),
    "average": Kind(average, average_cell),
    "count": Kind(count, count_cell),
    "count_distinct": Kind(count_distinct, count_cell, count_bounds),
}
