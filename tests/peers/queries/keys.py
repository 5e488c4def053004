"""Keys of members: plain values, and pairs that stand for special members."""

from datetime import date
from decimal import Decimal


def is_special(key) -> bool:
    return isinstance(key, tuple)


def literal(key) -> str:
    """A key in SQL."""
    if isinstance(key, bool):
        return str(key).lower()
    if isinstance(key, date):
        return f"date '{key}'"
    if isinstance(key, float):
        return f"{key!r}::double"
    return str(key) if isinstance(key, (int, Decimal)) else "'" + key.replace("'", "''") + "'"
