"""Compares an answer with what the oracle expects: the same columns, the same cells, the same order."""

from collections import Counter

import pyarrow as pa

import approximate
import cell_rows
from measures import is_approximate
from oracle import Expected
from wire import Answer

KINDS = {1: "key", 2: "special", 3: "caption", 5: "subtotal", 6: "key", 7: "special"}
SORTS, MEASURE = (4, 10), 8
SHOWN = 5
# What values between two floats of up to 2^32 may lose, in units of ten decimals.
NEAR = 20_000


def difference(answer: Answer, expected: Expected, rows: pa.Table, limit: int | None, counts: Counter) -> str | None:
    """What differs first, for people; none if nothing does."""
    found = [column for column in answer.columns if column.kind not in SORTS]
    described = [describe(column) for column in found]
    wanted = [column[:2] if column[0] == "measure" else column for column in expected.columns]
    if described != wanted:
        return f"columns: {described}\nexpected: {wanted}"
    stated = [approximate.statement(expected.cube, column) for column in found if column.kind == MEASURE]
    if any(stated):
        return "\n".join(filter(None, stated))
    if not all(answer.pages):
        return cell_rows.difference(answer, expected, rows)
    if limit and any(page.num_rows != limit for page in answer.pages[:-1]):
        return f"pages of {[page.num_rows for page in answer.pages]} rows where the limit is {limit}"
    got = pa.concat_tables(answer.pages).combine_chunks()
    if not answer.complete:
        rows = rows.slice(0, got.num_rows)
    columns = [values(got.column(column.name), it) for column, it in zip(found, expected.columns)]
    if got.num_rows == rows.num_rows:
        columns, fault = without_approximate(columns, rows, expected, counts)
        if fault:
            return fault
    wanted = rows.columns[: len(columns)]
    same = got.num_rows == rows.num_rows and all(alike(one, other) for one, other in zip(columns, wanted))
    return None if same else first_rows(columns, wanted, [column.name for column in found])


def without_approximate(columns: list, rows: pa.Table, expected: Expected, counts: Counter) -> tuple[list, str | None]:
    """Judges approximate columns by their bounds and values between floats by their digits, then takes what the oracle has in their place."""
    fault, bound = None, len(columns)
    for number, described in enumerate(expected.columns):
        name = described[1]
        if described[0] != "measure":
            continue
        if described[2].near and are_near(columns[number].to_pylist(), rows.column(number).to_pylist()):
            columns[number] = rows.column(number).combine_chunks()
        if not is_approximate(expected.cube, name):
            continue
        measure = expected.cube.measures[name]
        if measure.approximate:
            scale = described[2].scale or 0
            got = [None if it is None else it.scaleb(-scale) for it in columns[number].to_pylist()]
            error = approximate.DOCUMENTED[measure.function]
            wrong = approximate.beyond(got, rows.column(bound), rows.column(bound + 1), error, counts)
            fault, bound = fault or (f"{name}: {wrong}" if wrong else None), bound + 2
        columns[number] = rows.column(number).combine_chunks()
    return columns, fault


def are_near(got: list, expected: list) -> bool:
    """True if values are the same but for the last digits of floats."""
    pairs = zip(got, expected)
    return all(one is other or None not in (one, other) and abs(one - other) <= NEAR for one, other in pairs)


def describe(column) -> tuple:
    if column.kind == MEASURE:
        return ("measure", column.measure)
    return (KINDS[column.kind], column.axis, column.position, column.ancestor_level)


def values(column: pa.ChunkedArray, described: tuple) -> pa.Array:
    """A column of the answer in the form of the oracle's: numbers of measures in units, texts as plain strings."""
    array = column.combine_chunks()
    array = array.chunk(0) if isinstance(array, pa.ChunkedArray) else array
    if pa.types.is_string_view(array.type) or pa.types.is_large_string(array.type) or pa.types.is_dictionary(array.type):
        array = array.cast(pa.string())
    if described[0] != "measure" or described[2].scale is None:
        return array
    if pa.types.is_decimal128(array.type) and array.type.scale == described[2].scale:
        units = pa.decimal128(38, 0)
        return pa.Array.from_buffers(units, len(array), array.buffers(), array.null_count, array.offset)
    return array.cast(pa.decimal128(38, 0))


def alike(got: pa.Array, expected: pa.ChunkedArray) -> bool:
    expected = expected.combine_chunks()
    expected = expected.chunk(0) if isinstance(expected, pa.ChunkedArray) else expected
    if got.type != expected.type:
        expected = expected.cast(got.type)
    return got.equals(expected)


def first_rows(columns: list[pa.Array], expected: list, names: list[str]) -> str:
    """The first rows that differ."""
    got = list(zip(*(column.to_pylist() for column in columns)))
    wanted = list(zip(*(column.to_pylist() for column in expected)))
    lines = [f"{len(got)} rows, expected {len(wanted)}; columns {names}"]
    places = (number for number in range(max(len(got), len(wanted))) if got[number : number + 1] != wanted[number : number + 1])
    for number, _ in zip(places, range(SHOWN)):
        show = lambda rows: [str(value) for value in rows[number]] if number < len(rows) else "no such row"
        lines += [f"row {number}: got      {show(got)}", f"row {number}: expected {show(wanted)}"]
    if sorted(map(repr, got)) == sorted(map(repr, wanted)):
        lines.append("the rows are the same, in another order")
    return "\n".join(lines)
