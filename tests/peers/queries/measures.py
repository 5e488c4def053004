"""What measures are in SQL: aggregates by their functions, calculations by their expressions."""

from aggregates import Kind, order, periods, plain, weighted
from cells import Cell, Steps
from expression import calculate, names
from schema import Cube, Measure
from units import is_number as is_number_type

KINDS: dict[str, Kind] = plain.FUNCTIONS | order.FUNCTIONS | periods.FUNCTIONS


def aggregates(cube: Cube, name: str) -> dict[str, str]:
    """The aggregates over fact rows from which a measure is computed, by the names of their columns."""
    measure = cube.measures[name]
    if measure.expression:
        found = [aggregates(cube, it) for it in inputs(cube, measure)]
        return {name: sql for of_one in found for name, sql in of_one.items()}
    parts = kind_of(measure).parts(measure, measure.kind)
    return {f"{name}{part}": sql for part, sql in parts.items()}


def cell(cube: Cube, name: str, steps: Steps) -> Cell:
    """The cell of a measure from its aggregates."""
    measure = cube.measures[name]
    if measure.expression:
        return calculate(measure.expression, lambda it: cell(cube, it, steps), steps)
    return kind_of(measure).cell(measure, measure.kind, steps)


def kind_of(measure: Measure) -> Kind:
    return (weighted.FUNCTIONS if measure.weighted else KINDS)[measure.function]


def inputs(cube: Cube, measure: Measure) -> list[str]:
    """The measures that an expression names."""
    return [name for name in names(measure.expression) if name in cube.measures]


def is_number(cube: Cube, name: str) -> bool:
    """True if the cells of a measure are numbers."""
    measure = cube.measures[name]
    return measure.function not in ("min", "max") or is_number_type(measure.kind)


def is_approximate(cube: Cube, name: str) -> bool:
    """True if a sketch has a part in a measure."""
    measure = cube.measures[name]
    return measure.approximate or bool(measure.expression) and any(is_approximate(cube, it) for it in inputs(cube, measure))
