"""Cells as SQL: numbers are whole numbers of units of their last digit, so that arithmetic is exact and rounding is said, not hoped for."""

from dataclasses import dataclass

# Averages, medians and calculated measures have so many decimals.
SCALE = 10

# Division of whole numbers that rounds half to even; null where the divisor is 0.
HALF_EVEN = """
create or replace macro half_even(n, d) as case when d <> 0 then n // d + case
    when 2 * abs(n % d) > abs(d) or 2 * abs(n % d) = abs(d) and (n // d) % 2 <> 0 then sign(n) * sign(d) else 0 end end
"""


@dataclass(frozen=True)
class Cell:
    """A value in SQL. `scale` is the number of decimals of units; none says that it is a value as it is: a text, a float.

    `near` marks values between two floats, which are told in floats: their last digits may differ.
    """

    sql: str
    scale: int | None = 0
    real: bool = False
    near: bool = False

    def at(self, scale: int) -> str:
        """The units at a greater scale."""
        shift = scale - self.scale
        return self.sql if shift == 0 else f"({self.sql}) * {10**shift}::hugeint"


def rounded(real: str) -> Cell:
    """A float in decimals: the exact value of its binary digits, half to even."""
    return Cell(f"replace(printf('%.{SCALE}f', {real}), '.', '')::hugeint", SCALE)


class Steps:
    """Steps of a computation, each a column of a select around the one before, so that none is computed twice."""

    def __init__(self, source: str):
        self.source, self.number = source, 0

    def add(self, sql: str) -> str:
        """Computes a column; its name."""
        self.number += 1
        name = f"_{self.number}"
        self.source = f"(select *, {sql} as {name} from {self.source})"
        return name

    def divide(self, numerator: str, divisor: str) -> str:
        names = self.add(f"({numerator})::hugeint"), self.add(f"({divisor})::hugeint")
        return self.add(f"half_even({', '.join(names)})")

    def to_scale(self, cell: Cell) -> str:
        """The units of a cell at the scale of calculated measures."""
        if cell.real:
            return self.add(rounded(cell.sql).sql)
        if cell.scale <= SCALE:
            return cell.at(SCALE)
        return self.divide(cell.sql, str(10 ** (cell.scale - SCALE)))
