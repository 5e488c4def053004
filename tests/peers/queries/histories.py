"""History modes: which version of a member a fact is seen through."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class History:
    """A mode; `as_of` has the instant at which its day ends in the time zone of the warehouse."""

    mode: str
    ends: datetime | None = None

    @classmethod
    def of(cls, written: str, zone: str) -> "History":
        mode, _, day = written.partition(" ")
        return cls(mode, end_of_day(date.fromisoformat(day), zone) if day else None)

    def holds(self, row: str, key: str) -> str:
        """The condition for a row of a dimension to be seen; special members always are."""
        if self.mode == "as_was":
            return "true"
        if self.mode == "as_is":
            return f"({row}.is_current or {row}.{key} < 0)"
        instant = f"timestamptz '{self.ends:%Y-%m-%d %H:%M:%S}+00'"
        return f"({row}.valid_from < {instant} and {row}.valid_to >= {instant} or {row}.{key} < 0)"

    def __str__(self) -> str:
        return f"{self.mode} {self.ends or ''}".strip()


def end_of_day(day: date, zone: str) -> datetime:
    """The first instant of the next day; where the clock jumps over midnight, the jump."""
    midnight = datetime.combine(day + timedelta(1), datetime.min.time(), ZoneInfo(zone))
    return midnight.astimezone(UTC)
