"""States over time: what stands at the first or last day of a cell that has a value, or the average over these days.

Rows without a day take no part.
"""

from aggregates import Kind, filtered
from aggregates.plain import quotient, summed
from cells import Cell, Steps
from schema import Measure
from units import column


def parts(measure: Measure, kind: str) -> dict[str, str]:
    """All values with their days."""
    of, day = column(measure.of, kind), f'f."{measure.over}_key"'
    return {"": f"list({{'day': {day}, 'units': {of}}}){filtered(measure, f'{of} is not null', f'{day} > 0')}"}


def at_end(which: str):
    def cell(measure: Measure, kind: str, steps: Steps) -> Cell:
        values = f'"{measure.name}"'
        day = steps.add(f"list_{which}([it.day for it in {values}])")
        return summed(kind, steps.add(f"list_sum([it.units::hugeint for it in {values} if it.day = {day}])"))

    return cell


def average(measure: Measure, kind: str, steps: Steps) -> Cell:
    values = f'"{measure.name}"'
    units = steps.add(f"list_sum([it.units::hugeint for it in {values}])")
    days = steps.add(f"len(list_distinct([it.day for it in {values}]))")
    return quotient(kind, units, days, steps)


FUNCTIONS = {"first": Kind(parts, at_end("min")), "last": Kind(parts, at_end("max")), "period_average": Kind(parts, average)}
