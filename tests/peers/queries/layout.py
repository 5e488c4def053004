"""How the levels of a question stand on its axes: the columns that they bring, and which combinations of them are totals."""

from dataclasses import dataclass
from itertools import product

from schema import Cube, Place


@dataclass(frozen=True)
class Part:
    """One level of the path of a level on an axis: the columns with its member."""

    place: Place
    key: str
    special: str
    introduced: bool

    @property
    def label(self) -> str:
        """The relation with what its members are called and ordered by."""
        return f"l{self.key[1:]}"

    @property
    def sorted_apart(self) -> bool:
        return self.place.level.sort != self.place.level.key


@dataclass(frozen=True)
class Stand:
    """A level on an axis. It brings the levels above it, unless one of its hierarchy stands before it on the axis."""

    axis: int
    position: int
    place: Place
    parts: tuple[Part, ...]
    totals: bool

    @property
    def own(self) -> Part:
        return self.parts[-1]

    @property
    def total(self) -> str:
        """The column that says that a row is a total over the level."""
        return f"t{self.axis}_{self.position}"

    def introduced(self) -> list[Part]:
        return [part for part in self.parts if part.introduced]

    def columns(self) -> list[str]:
        return [name for part in self.introduced() for name in (part.key, part.special)]


def stands(cube: Cube, question: dict) -> list[Stand]:
    """The levels of all axes, in the order of the answer."""
    found = []
    for axis, it in enumerate(question["axes"]):
        before: list[Stand] = []
        for position, name in enumerate(it["levels"]):
            place = cube.place(name)
            parts = tuple(part(place, depth, axis, position, before) for depth in range(place.depth + 1))
            before.append(Stand(axis, position, place, parts, bool(it["subtotals"])))
        found += before
    return found


def part(place: Place, depth: int, axis: int, position: int, before: list[Stand]) -> Part:
    above = place.above(depth)
    for stand in before:
        if stand.place.same_hierarchy(place) and depth < place.depth and depth <= stand.place.depth:
            brought = stand.parts[depth]
            return Part(above, brought.key, brought.special, False)
    name = f"{axis}_{position}_{depth}"
    return Part(above, f"k{name}", f"s{name}", True)


def sets(question: dict, all: list[Stand]) -> list[list[Stand]]:
    """Every combination of the prefixes that axes and their totals keep; the finest one first."""
    prefixes = []
    for axis, it in enumerate(question["axes"]):
        own = [stand for stand in all if stand.axis == axis]
        prefixes.append([own[:length] for length in (len(own), *kept(it)[::-1])])
    return [sum(parts, []) for parts in product(*prefixes)]


def kept(axis: dict) -> list[int]:
    """How many of the first levels each total of an axis keeps: all of them or those that are chosen."""
    chosen = axis["subtotals"]
    return chosen if isinstance(chosen, list) else list(range(len(axis["levels"]))) if chosen else []


def grouping_sets(question: dict, all: list[Stand]) -> list[list[str]]:
    """The columns of these."""
    return [[name for stand in set for name in stand.columns()] for set in sets(question, all)]
