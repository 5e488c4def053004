"""Measures in other contexts than the cell: the period before, the year to date, the member above, all members.

For each set of group columns there is a relation from the members in the answer to those of the context; the facts of these, by the other
columns of the set, give the value.
"""

import re
from dataclasses import dataclass

CALLS = re.compile(r"\b(prev|to_date|rolling|cumulative|opening|parent|ancestor|total|rank)\(([^()]*)\)")
ABOVE = ("parent", "ancestor", "total")
RANK = "rank"


@dataclass(frozen=True)
class Context:
    """A call such as `prev(price, order_date.calendar.month, 2)`."""

    function: str
    measure: str
    role: str
    level: str | None
    number: int


def parsed(function: str, arguments: str) -> Context:
    measure, place, *number = [it.strip() for it in arguments.split(",")]
    role, *level = place.split(".")
    return Context(function, measure, role, place if level else None, int(number[0]) if number else 1)


def calls(expression: str) -> dict[str, Context]:
    """The contexts in an expression by their text."""
    return {it[0]: parsed(it[1], it[2]) for it in CALLS.finditer(expression)}


def quoted(expression: str) -> str:
    """An expression with each context as the name of a column."""
    return CALLS.sub(lambda it: f'"{it[0]}"', expression)
