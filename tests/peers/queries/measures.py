"""What measures are in SQL: aggregates by their functions, calculations by their expressions."""

from aggregates import Kind, order, periods, plain, weighted
from cells import Cell, Steps
from expression import calculate
from schema import Cube, Measure
from units import is_number as is_number_type

KINDS: dict[str, Kind] = plain.FUNCTIONS | order.FUNCTIONS | periods.FUNCTIONS


def aggregates(cube: Cube, name: str) -> dict[str, str]:
    """The aggregates over fact rows from which a measure is computed, by the names of their columns."""
    measure = cube.measures[name]
    if measure.context:
        return {}
    if measure.expression:
        found = [aggregates(cube, it.name) for it in cube.inputs(measure)]
        return {name: sql for of_one in found for name, sql in of_one.items()}
    parts = kind_of(measure).parts(measure, measure.kind)
    return {f"{name}{part}": sql for part, sql in parts.items()}


def cell(cube: Cube, name: str, steps: Steps, elsewhere: dict = {}) -> Cell:
    """The cell of a measure from its aggregates; or from elsewhere, such as the parts that a cube is across."""
    measure = cube.measures[name]
    if measure.taken or measure.context:
        return elsewhere[measure.taken or name]
    if measure.expression:
        return calculate(measure.expression, lambda it: cell(cube, it, steps, elsewhere), steps)
    return kind_of(measure).cell(measure, measure.kind, steps)


def kind_of(measure: Measure) -> Kind:
    return (weighted.FUNCTIONS if measure.weighted else KINDS)[measure.function]


def is_number(cube: Cube, name: str) -> bool:
    """True if the cells of a measure are numbers."""
    measure = cube.measures[name]
    return measure.function not in ("min", "max") or is_number_type(measure.kind)


def is_approximate(cube: Cube, name: str) -> bool:
    """True if a sketch has a part in a measure."""
    measure = cube.measures[name]
    if measure.taken:
        return is_approximate(next(part.cube for part in cube.parts if part.name == measure.taken[0]), measure.taken[1])
    return measure.approximate or any(is_approximate(cube, it.name) for it in cube.inputs(measure))
