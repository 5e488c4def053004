"""Answers in the form of tuples and cells, put together to rows: members by their paths, values as they were sent."""

from decimal import Decimal
from itertools import compress

import pyarrow as pa

from approximate import APPROXIMATE, EXACT
from layout import Stand
from measures import is_approximate
from oracle import SPECIALS, Expected
from wire import Answer

VALUE, NULL = 1, 3
KEYS = {number: ("special", -number) for number in range(1, 5)}
SHOWN = 5


def difference(answer: Answer, expected: Expected, rows: pa.Table) -> str | None:
    """What differs first; none if nothing does."""
    wanted = [wanted_row(row, expected) for row in zip(*(column.to_pylist() for column in rows.columns))]
    measures = [column for column in expected.columns if column[0] == "measure"]
    exact = [not is_approximate(expected.cube, name) and not cell.near for _, name, cell in measures]
    wanted = [(members, list(compress(values, exact))) for members, values in wanted]
    got = [got_row(answer.cells[at : at + len(measures)], expected) for at in range(0, len(answer.cells), len(measures))]
    got = [(members, list(compress(values, exact))) for members, values in got]
    wanted = wanted if answer.complete else wanted[: len(got)]
    if got == wanted:
        return None
    lines = [f"{len(got)} rows of cells, expected {len(wanted)}"]
    places = (number for number in range(max(len(got), len(wanted))) if got[number : number + 1] != wanted[number : number + 1])
    for number, _ in zip(places, range(SHOWN)):
        lines += [f"row {number}: got      {got[number:number + 1]}", f"row {number}: expected {wanted[number:number + 1]}"]
    return "\n".join(lines)


def got_row(cells: list[tuple], expected: Expected) -> tuple:
    """The members of all axes, then the values of all measures."""
    members = [member for tuple in cells[0][1] for member in tuple]
    values = [value_of(cell, number) for number, (cell, _) in enumerate(cells)]
    names = [(level_name(it.member.level), tuple(map(key_of, it.member.path)), it.caption, it.total) for it in members]
    return names, values


def level_name(level) -> str:
    return f"{level.dimension}.{level.hierarchy}.{level.level}"


def key_of(key) -> str | tuple:
    kind = key.WhichOneof("key")
    value = getattr(key, kind)
    return KEYS[value] if kind == "special" else written(Decimal(value) if kind == "decimal" else value)


def written(value) -> str:
    """A key as text: decimals and floats by their value."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{Decimal(str(value)).normalize():f}" if isinstance(value, (float, Decimal)) else str(value)


def value_of(cell, number: int) -> str | None:
    """The value as text; none for null."""
    if cell.measure != number or cell.exactness not in (EXACT, APPROXIMATE) or cell.state not in (VALUE, NULL):
        return f"cell {cell}"
    kind = cell.value.WhichOneof("value")
    if (cell.state == NULL) != (kind is None):
        return f"a cell of state {cell.state} with {kind}"
    return str(getattr(cell.value, kind)) if kind else None


def wanted_row(row: tuple, expected: Expected) -> tuple:
    members = []
    for stand in expected.stands:
        total = stand.totals and row[expected.column("subtotal", stand.axis, stand.position, "")]
        caption = row[expected.column("caption", stand.axis, stand.position, "")]
        members.append((stand.place.name, path_of(row, expected, stand, total), caption, total))
    values = [wanted_value(value, column[2]) for value, column in zip(row, expected.columns) if column[0] == "measure"]
    return members, values


def path_of(row: tuple, expected: Expected, stand: Stand, total: bool) -> tuple:
    """The keys of a member from the top down; those of a total end above its level."""
    path = []
    for part in stand.parts:
        key, special = member_of(row, expected, stand.axis, part.key)
        if total and (part.introduced or key is None and special is None):
            break
        path.append(next(("special", number) for number, it in SPECIALS.items() if it[0] == special) if special else written(key))
    return tuple(path)


def member_of(row: tuple, expected: Expected, axis: int, name: str) -> tuple:
    """The key and the special member in the columns that bring a level."""
    for stand in expected.stands:
        for part in stand.introduced():
            if part.key == name:
                above = "" if part is stand.own else part.place.level.name
                at = expected.column("key", stand.axis, stand.position, above)
                return row[at], row[at + 1]
    raise KeyError(name)


def wanted_value(value, cell) -> str | None:
    """A value of the oracle as it is sent: units with their decimals."""
    if value is None:
        return None
    if not cell.scale:
        return str(value)
    return f"{Decimal(value).scaleb(-cell.scale):f}"
