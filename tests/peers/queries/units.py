"""The units in which stored numbers are added: their last digit, or for floats 2^-20, of which the random ones are multiples.

So every sum is a sum of whole numbers, and every quotient one of whole numbers that is rounded once.
"""

BINARY = 2**20


def scale_of(kind: str) -> int:
    """The decimals of a type."""
    if kind == "money":
        return 4
    return int(kind.rstrip(")").split(",")[1]) if kind.startswith("decimal") else 0


def is_whole(kind: str) -> bool:
    return kind in ("integer", "bigint")


def is_decimal(kind: str) -> bool:
    return kind == "money" or kind.startswith("decimal")


def is_number(kind: str) -> bool:
    return is_whole(kind) or is_decimal(kind) or kind == "double"


def per_one(kind: str) -> int:
    """How many units make one."""
    return BINARY if kind == "double" else 10 ** scale_of(kind)


def column(name: str, kind: str) -> str:
    """The column of a fact in units; the value itself of what is no number."""
    return f'f."{name}#"' if is_decimal(kind) or kind == "double" else f'f."{name}"'
