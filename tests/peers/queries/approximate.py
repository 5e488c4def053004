"""Approximate measures: their values are held against the bound that the answer states, which has to be the documented one."""

from collections import Counter

import pyarrow as pa

from measures import KINDS, is_approximate
from schema import Cube

EXACT, APPROXIMATE = 1, 2
# How far a value lies at most from the truth, as a part of it.
DOCUMENTED = {"count_distinct": 0.0325, "median": 0.01, "percentile": 0.01}
# Bounds of chance are left by one value in sixteen thousand, but never by far.
FAR = 3
SELDOM, FEW = 1 / 4000, 4


def bounds(cube: Cube, name: str, steps) -> list[str]:
    """The least and the greatest value that the truth may be, in SQL; none of what is calculated from approximate values."""
    measure = cube.measures[name]
    if not measure.approximate:
        return []
    return [f"({sql})::double" for sql in KINDS[measure.function].bounds(measure, measure.kind, steps)]


def statement(cube: Cube, column) -> str | None:
    """What is wrong with what a column says of its exactness."""
    name = column.measure
    approximate = is_approximate(cube, name)
    stated = column.relative_error if column.HasField("relative_error") else None
    documented = DOCUMENTED[cube.measures[name].function] if cube.measures[name].approximate else None
    if (column.exactness, stated) == (APPROXIMATE if approximate else EXACT, documented):
        return None
    return f"measure {name}: exactness {column.exactness} with the bound {stated}, documented {documented}"


def beyond(values: list, low: pa.ChunkedArray, high: pa.ChunkedArray, error: float, counts: Counter) -> str | None:
    """The first value that lies far beyond its bound; those that lie beyond are counted."""
    for value, least, greatest in zip(values, low.to_pylist(), high.to_pylist()):
        counts["approximate cells"] += 1
        if value is None or least is None:
            if value is not least:
                return f"{value} where the truth is {least}"
            continue
        over = max(least - float(value), float(value) - greatest, 0)
        allowed = error * max(abs(least), abs(greatest)) + 1e-9
        counts["approximate cells beyond their bound"] += over > allowed
        if over > FAR * allowed:
            return f"{value} where the truth is between {least} and {greatest}"
    return None


def too_often(counts: Counter) -> bool:
    """True if more values lie beyond their bounds than chance explains."""
    found = counts["approximate cells beyond their bound"]
    return found > FEW and found > SELDOM * counts["approximate cells"]
