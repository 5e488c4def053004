"""Compares an answer with what the oracle expects: the same columns, the same cells, the same order."""

import pyarrow as pa

import cell_rows
from oracle import Expected
from wire import Answer

KINDS = {1: "key", 2: "special", 3: "caption", 5: "subtotal", 6: "key", 7: "special"}
SORT, MEASURE = 4, 8
SHOWN = 5


def difference(answer: Answer, expected: Expected, rows: pa.Table, limit: int | None) -> str | None:
    """What differs first, for people; none if nothing does."""
    found = [column for column in answer.columns if column.kind != SORT]
    described = [describe(column) for column in found]
    wanted = [column[:2] if column[0] == "measure" else column for column in expected.columns]
    if described != wanted:
        return f"columns: {described}\nexpected: {wanted}"
    if not all(answer.pages):
        return cell_rows.difference(answer, expected, rows)
    if limit and any(page.num_rows != limit for page in answer.pages[:-1]):
        return f"pages of {[page.num_rows for page in answer.pages]} rows where the limit is {limit}"
    got = pa.concat_tables(answer.pages).combine_chunks()
    if not answer.complete:
        rows = rows.slice(0, got.num_rows)
    columns = [values(got.column(column.name), it) for column, it in zip(found, expected.columns)]
    same = got.num_rows == rows.num_rows and all(alike(one, other) for one, other in zip(columns, rows.columns))
    return None if same else first_rows(columns, rows, [column.name for column in found])


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


def first_rows(columns: list[pa.Array], expected: pa.Table, names: list[str]) -> str:
    """The first rows that differ."""
    got = list(zip(*(column.to_pylist() for column in columns)))
    wanted = list(zip(*(column.to_pylist() for column in expected.columns)))
    lines = [f"{len(got)} rows, expected {len(wanted)}; columns {names}"]
    places = (number for number in range(max(len(got), len(wanted))) if got[number : number + 1] != wanted[number : number + 1])
    for number, _ in zip(places, range(SHOWN)):
        show = lambda rows: [str(value) for value in rows[number]] if number < len(rows) else "no such row"
        lines += [f"row {number}: got      {show(got)}", f"row {number}: expected {show(wanted)}"]
    if sorted(map(repr, got)) == sorted(map(repr, wanted)):
        lines.append("the rows are the same, in another order")
    return "\n".join(lines)
