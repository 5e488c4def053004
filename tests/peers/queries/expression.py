"""Expressions of calculated measures: SQL scalars over cells, each operation in decimal(38,10), half to even."""

from decimal import Decimal
from functools import cache

import sqlglot
from sqlglot import exp

from cells import SCALE, Cell, Steps


@cache
def parsed(text: str) -> exp.Expression:
    return sqlglot.parse_one(text, dialect="duckdb")


@cache
def names(text: str) -> list[str]:
    """The columns that an expression names."""
    return list(dict.fromkeys(column.name for column in parsed(text).find_all(exp.Column)))


def calculate(text: str, cell_of, steps: Steps) -> Cell:
    """The cell of an expression; `cell_of` gives the cells of the measures in it."""
    value = Calculation(cell_of, steps).value(parsed(text))
    return Cell(steps.add(steps.to_scale(value)), SCALE)


class Calculation:
    """One expression on its way into SQL."""

    def __init__(self, cell_of, steps: Steps):
        self.cell_of, self.steps = cell_of, steps

    def value(self, part: exp.Expression) -> Cell:
        match part:
            case exp.Paren():
                return self.value(part.this)
            case exp.Column():
                return self.cell_of(part.name)
            case exp.Literal():
                return literal(part.this)
            case exp.Neg():
                inner = self.value(part.this)
                return Cell(f"-({inner.sql})", inner.scale, inner.real)
            case exp.Add() | exp.Sub():
                sign = "+" if isinstance(part, exp.Add) else "-"
                left, right = self.alike([self.value(part.this), self.value(part.expression)])
                return Cell(f"({left.sql}) {sign} ({right.sql})", left.scale)
            case exp.Mul():
                return self.product(self.decimal(part.this), self.decimal(part.expression))
            case exp.Div():
                return self.quotient(self.decimal(part.this), self.decimal(part.expression))
            case exp.Coalesce():
                found = self.alike([self.value(it) for it in [part.this, *part.expressions]])
                return Cell(f"coalesce({', '.join(it.sql for it in found)})", found[0].scale)
            case exp.Case():
                return self.case(part)
            case exp.Abs():
                inner = self.value(part.this)
                return Cell(f"abs({inner.sql})", inner.scale, inner.real)
            case exp.Nullif():
                left, right = self.alike([self.value(part.this), self.value(part.expression)])
                return Cell(f"nullif({left.sql}, {right.sql})", left.scale)
            case exp.Greatest() | exp.Least():
                found = self.alike([self.value(it) for it in [part.this, *part.expressions]])
                return Cell(f"{type(part).__name__.lower()}({', '.join(it.sql for it in found)})", found[0].scale)
        raise NotImplementedError(f"{type(part).__name__} in an expression")

    def decimal(self, part: exp.Expression) -> Cell:
        """A value that is no float."""
        found = self.value(part)
        return Cell(self.steps.to_scale(found), SCALE) if found.real else found

    def alike(self, found: list[Cell]) -> list[Cell]:
        """The same values at one scale."""
        plain = [Cell(self.steps.to_scale(it), SCALE) if it.real else it for it in found]
        scale = max(it.scale for it in plain)
        return [Cell(it.at(scale), scale) for it in plain]

    def product(self, left: Cell, right: Cell) -> Cell:
        exact = Cell(f"({left.sql})::hugeint * ({right.sql})::hugeint", left.scale + right.scale)
        return Cell(self.steps.to_scale(exact), SCALE)

    def quotient(self, left: Cell, right: Cell) -> Cell:
        shift = SCALE + right.scale - left.scale
        more, less = 10 ** max(shift, 0), 10 ** max(-shift, 0)
        return Cell(self.steps.divide(f"({left.sql})::hugeint * {more}::hugeint", f"({right.sql})::hugeint * {less}::hugeint"), SCALE)

    def case(self, part: exp.Case) -> Cell:
        tests = [self.condition(branch.this) for branch in part.args["ifs"]]
        last = part.args.get("default")
        values = [self.value(branch.args["true"]) for branch in part.args["ifs"]] + ([self.value(last)] if last else [])
        values = self.alike(values)
        branches = [f"when {test} then {value.sql}" for test, value in zip(tests, values)]
        other = f" else {values[-1].sql}" if last else ""
        return Cell(f"case {' '.join(branches)}{other} end", values[0].scale)

    def condition(self, part: exp.Expression) -> str:
        compared = {exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=", exp.EQ: "=", exp.NEQ: "<>"}
        match part:
            case exp.Paren():
                return f"({self.condition(part.this)})"
            case exp.And() | exp.Or():
                word = "and" if isinstance(part, exp.And) else "or"
                return f"({self.condition(part.this)}) {word} ({self.condition(part.expression)})"
            case exp.Not():
                return f"not ({self.condition(part.this)})"
            case exp.Is():
                return f"({self.value(part.this).sql}) is null"
        if type(part) in compared:
            left, right = self.alike([self.value(part.this), self.value(part.expression)])
            return f"({left.sql}) {compared[type(part)]} ({right.sql})"
        raise NotImplementedError(f"{type(part).__name__} in a condition")


def literal(text: str) -> Cell:
    """A number in digits."""
    number = Decimal(text)
    scale = max(-number.as_tuple().exponent, 0)
    return Cell(f"{int(number.scaleb(scale))}::hugeint", scale)
