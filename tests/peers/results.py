"""The costs of contenders over several rounds, their ratios, and how they are shown."""

import platform
import statistics
from collections import defaultdict

from measure import Cost


class Results:
    """The costs of every contender in every round."""

    def __init__(self):
        self.rounds: dict[int, dict[str, Cost]] = defaultdict(dict)
        self.peaks: dict[str, float] = {}
        self._last: Cost | None = None

    def add(self, number: int, name: str, cost: Cost) -> None:
        self.rounds[number][name] = cost
        self._last = cost

    def last(self) -> Cost:
        return self._last

    def median(self, name: str, field: str) -> float:
        return statistics.median(getattr(costs[name], field) for costs in self.rounds.values())

    def ratio(self, name: str, other: str, field: str) -> float:
        """The median of the ratios within a round: a machine that drifts drifts for both."""
        pairs = self.rounds.values()
        return statistics.median(getattr(costs[name], field) / getattr(costs[other], field) for costs in pairs)


def tell(number: int, name: str, cost: Cost) -> None:
    print(f"round {number + 1}  {name:<22} {show(cost)}", flush=True)


def show(cost: Cost) -> str:
    return f"{cost.wall:7.2f} s wall {cost.cpu:7.2f} s own {cost.peak_mib:7.0f} MiB {cost.bytes / 1e6:8.1f} MB"


def print_table(results: Results) -> None:
    print(f"\nmedians of {len(results.rounds)} rounds, {platform.processor() or platform.machine()}")
    for name in sorted(results.rounds[0]):
        cost = Cost(*(results.median(name, field) for field in ("wall", "cpu", "peak_mib", "bytes")))
        print(f"  {name:<22} {show(cost)}")
