"""Sums and counts that are shared out by the weights of bridges: a fact has the share `#share` of its members in a cell, in units."""

from aggregates import Kind, filtered
from aggregates.plain import counted
from cells import SCALE, Cell, Steps
from schema import Measure
from units import column, scale_of

# The decimals of a share: ten of each of two bridges.
SHARE = 20


def total(measure: Measure, kind: str) -> dict[str, str]:
    return {"": f'sum({column(measure.of, kind)}::hugeint * f."#share"){filtered(measure)}'}


def total_cell(measure: Measure, kind: str, steps: Steps) -> Cell:
    return Cell(steps.to_scale(Cell(f'"{measure.name}"', SHARE + scale_of(kind))), SCALE)


def count(measure: Measure, kind: str) -> dict[str, str]:
    """Facts by their shares; of none there is the count 0."""
    return {"": f'coalesce(sum(case when {counted(measure)} is not null then f."#share" end){filtered(measure)}, 0)'}


def count_cell(measure: Measure, kind: str, steps: Steps) -> Cell:
    return Cell(steps.to_scale(Cell(f'"{measure.name}"', SHARE)), SCALE)


FUNCTIONS = {"sum": Kind(total, total_cell), "count": Kind(count, count_cell)}
