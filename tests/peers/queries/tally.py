"""What has been asked so far: counts by seed that later runs add to, kept in a file, and the rules that they have to meet."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from approximate import too_often
from questions import EVERY

REFUSED, EMPTY, RARE = 0.01, 0.4, 0.01
# Shares mean nothing before.
ENOUGH = 1000


@dataclass
class Tally:
    """The counts of some questions."""

    queries: int = 0
    refused: int = 0
    empty: int = 0
    seconds: float = 0
    mismatches: list[str] = field(default_factory=list)
    features: Counter = field(default_factory=Counter)
    approximate: Counter = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        self.queries += other.queries
        self.refused += other.refused
        self.empty += other.empty
        self.mismatches += other.mismatches
        self.features.update(other.features)
        self.approximate.update(other.approximate)

    def share(self, number: int) -> float:
        return number / self.queries if self.queries else 0

    def faults(self) -> list[str]:
        """The rules for random checks that are not met."""
        found = [f"{len(self.mismatches)} mismatches: {', '.join(self.mismatches[:20])}"] if self.mismatches else []
        found += [f"approximate values beyond their bounds: {dict(self.approximate)}"] if too_often(self.approximate) else []
        if self.queries < ENOUGH:
            return found
        found += [f"{self.share(self.refused):.1%} refused"] if self.share(self.refused) > REFUSED else []
        found += [f"{self.share(self.empty):.1%} empty"] if self.share(self.empty) > EMPTY else []
        rare = [f"{name} in {self.share(self.features[name]):.2%}" for name in EVERY if self.share(self.features[name]) < RARE]
        return found + ([f"rare features: {', '.join(rare)}"] if rare else [])


@dataclass
class Record:
    """The tally of a seed, and how far each of its blocks of numbers has been asked."""

    path: Path
    block: int
    tally: Tally = field(default_factory=Tally)
    done: dict[int, int] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, block: int) -> "Record":
        record = cls(path, block)
        if path.exists():
            kept = json.loads(path.read_text())
            counters = {name: Counter(kept["tally"][name]) for name in ("features", "approximate")}
            record.tally = Tally(**kept["tally"] | counters)
            record.done = {int(first): end for first, end in kept["done"].items()}
        return record

    def left(self, queries: int) -> list[tuple[int, int]]:
        """The ranges of numbers below a limit that were not asked yet."""
        blocks = ((first, min(first + self.block, queries)) for first in range(0, queries, self.block))
        return [(self.done.get(first, first), end) for first, end in blocks if self.done.get(first, first) < end]

    def add(self, begin: int, end: int, tally: Tally) -> None:
        self.tally.add(tally)
        self.done[begin - begin % self.block] = end

    def write(self) -> None:
        """Replaces the file at once, so that it is whole whenever a run ends."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps({"tally": vars(self.tally), "done": self.done}))
        new.replace(self.path)


def total(folder: Path) -> Tally:
    """The tallies of all seeds together."""
    found = Tally()
    for path in folder.glob("*.json"):
        found.add(Record.read(path, 1).tally)
    return found
