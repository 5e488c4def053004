"""Values at a fraction of the order: median and percentiles, between two values as far from each as the fraction lies between their places."""

from fractions import Fraction

from aggregates import Kind, filtered
from cells import SCALE, Cell, Steps
from schema import Measure
from units import column, per_one


def fraction(measure: Measure) -> Fraction:
    return Fraction(measure.at) if measure.at else Fraction(1, 2)


def parts(measure: Measure, kind: str) -> dict[str, str]:
    """The values below and above the place, which is counted from 0, and how many values there are."""
    of = column(measure.of, kind)
    number = f"count({of}){filtered(measure)}"
    values = f"list_sort(list({of}){filtered(measure, f'{of} is not null')})"
    at = fraction(measure)
    below = f"(({number} - 1) * {at.numerator} // {at.denominator})"
    return {".low": f"{values}[{below} + 1]", ".high": f"coalesce({values}[{below} + 2], {values}[{below} + 1])", ".count": number}


def cell(measure: Measure, kind: str, steps: Steps) -> Cell:
    low, high, number = (f'"{measure.name}{part}"::hugeint' for part in (".low", ".high", ".count"))
    at = fraction(measure)
    rest = steps.add(f"(({number} - 1) * {at.numerator}) % {at.denominator}")
    mixed = steps.add(f"({low} * ({at.denominator} - {rest}) + {high} * {rest}) * {10**SCALE}::hugeint")
    return Cell(steps.divide(mixed, str(at.denominator * per_one(kind))), SCALE, near=kind == "double")


def bounds(measure: Measure, kind: str, steps: Steps) -> tuple[str, str]:
    """A sketch may tell either of the values beside the place, or one between them."""
    return f'"{measure.name}.low" / {per_one(kind)}', f'"{measure.name}.high" / {per_one(kind)}'


FUNCTIONS = {"median": Kind(parts, cell, bounds), "percentile": Kind(parts, cell, bounds)}
