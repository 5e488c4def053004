"""The functions of measures, a module for each kind: the aggregates that DuckDB computes, and the cell that is made of them.

Each module has `FUNCTIONS`, from the name of a function to its `Kind`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from cells import Cell, Steps
from schema import Measure


@dataclass(frozen=True)
class Kind:
    """A function of measures.

    `parts` gives aggregates over the fact rows `f` by the suffixes of their names, with the mark `{where}` behind each aggregate for the filter
    of the measure; `cell` the cell from columns of these names, where `kind` is the type of the column that is aggregated.
    """

    parts: Callable[[Measure, str], dict[str, str]]
    cell: Callable[[Measure, str, Steps], Cell]
    # The least and the greatest value that an approximate value is compared with.
    bounds: Callable[[Measure, str, Steps], tuple[str, str]] | None = None


def filtered(measure: Measure, *conditions: str) -> str:
    """A filter clause of the measure's own condition and more."""
    all = [*conditions, *([f"({measure.filter})"] if measure.filter else [])]
    return f" filter (where {' and '.join(all)})" if all else ""
