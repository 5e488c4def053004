"""Compares the answer of a drill-through with what the oracle expects: how many rows, the measures over them, the rows themselves in their order."""

from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa

import approximate
from cell_rows import wanted_value
from compare import NEAR
from detail import ExpectedRows
from measures import is_approximate
from oracle import Expected
from wire import Answer, value_of

SHOWN = 3


def difference(answer: Answer, expected: ExpectedRows, tables: tuple[pa.Table, pa.Table], limit: int | None, counts: Counter) -> str | None:
    """What differs first; none if nothing does."""
    rows, totals = tables
    if answer.total_rows != rows.num_rows:
        return f"{answer.total_rows} rows in all, expected {rows.num_rows}"
    return of_totals(answer, expected.totals, totals, counts) or of_rows(answer, rows, limit)


def of_totals(answer: Answer, expected: Expected, row: pa.Table, counts: Counter) -> str | None:
    """The measures over all rows."""
    columns = [column for column in expected.columns if column[0] == "measure"]
    if [it.measure for it in answer.totals] != [name for _, name, _ in columns]:
        return f"totals of {[it.measure for it in answer.totals]}, expected {[name for _, name, _ in columns]}"
    bound = len(columns)
    for number, (total, (_, name, cell)) in enumerate(zip(answer.totals, columns)):
        wrong = approximate.statement(expected.cube, total)
        if wrong:
            return wrong
        got, wanted = value_of(total.value), wanted_value(row.column(number)[0].as_py(), cell)
        measure = expected.cube.measures[name]
        if measure.approximate:
            error = approximate.DOCUMENTED[measure.function]
            value = None if got is None else Decimal(got)
            wrong = approximate.beyond([value], row.column(bound), row.column(bound + 1), error, counts)
            bound += 2
            if wrong:
                return f"{name} over the rows: {wrong}"
        elif not is_approximate(expected.cube, name) and got != wanted and not (cell.near and is_near(got, wanted, cell.scale)):
            return f"{name} over the rows is {got}, expected {wanted}"
    return None


def is_near(got: str | None, wanted: str | None, scale: int) -> bool:
    return None not in (got, wanted) and abs(Decimal(got) - Decimal(wanted)) <= Decimal(NEAR).scaleb(-scale)


def of_rows(answer: Answer, rows: pa.Table, limit: int | None) -> str | None:
    names = [column.name for column in answer.columns]
    if names != rows.column_names:
        return f"columns {names}, expected {rows.column_names}"
    if any(answer.pages):
        sizes = [page.num_rows for page in answer.pages]
        got = pa.concat_tables(answer.pages)
        wanted = rows if answer.complete else rows.slice(0, got.num_rows)
        if limit and any(size != limit for size in sizes[:-1]):
            return f"pages of {sizes} rows where the limit is {limit}"
        same = got.num_rows == wanted.num_rows and all(map(alike, got.columns, wanted.columns))
        return None if same else first_rows(got.to_pylist(), wanted.to_pylist())
    wanted = [tuple(map(written, row.values())) for row in rows.to_pylist()]
    wanted = wanted if answer.complete else wanted[: len(answer.rows)]
    return None if answer.rows == wanted else first_rows(answer.rows, wanted)


def alike(got: pa.ChunkedArray, wanted: pa.ChunkedArray) -> bool:
    return got.equals(wanted if wanted.type == got.type else wanted.cast(got.type))


def written(value) -> str | None:
    """A stored value as it is sent."""
    if isinstance(value, datetime):
        return written_instant(value.astimezone(UTC))
    return value.isoformat() if isinstance(value, date) else None if value is None else str(value)


def written_instant(value: datetime) -> str:
    """RFC 3339 with as many decimals as it needs."""
    digits = f".{value.microsecond:06}".rstrip("0") if value.microsecond else ""
    return f"{value.year:04}-{value:%m-%dT%H:%M:%S}{digits}Z"


def first_rows(got: list, wanted: list) -> str:
    """The first rows that differ."""
    lines = [f"{len(got)} rows, expected {len(wanted)}"]
    places = (number for number in range(max(len(got), len(wanted))) if got[number : number + 1] != wanted[number : number + 1])
    for number, _ in zip(places, range(SHOWN)):
        lines += [f"row {number}: got      {got[number:number + 1]}", f"row {number}: expected {wanted[number:number + 1]}"]
    return "\n".join(lines)
