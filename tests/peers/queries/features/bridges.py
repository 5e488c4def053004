"""Dimensions of which a fact has many members. They are drawn like others; the SQL is in oracle.py: each fact once in each cell, or its share."""

from random import Random

from schema import Cube
from world import World


def draw(random: Random, world: World, question: dict) -> None:
    """Nothing: other features draw the levels, from all dimensions of a cube."""


EVERY = [f"bridge: {it}" for it in ("on an axis", "in a filter", "ranked", "two", "within totals")] + ["measure: weighted"]


def labels(question: dict, cube: Cube) -> list[str]:
    stand = [(bridges_in([name], cube), axis) for axis in question["axes"] for name in axis["levels"]]
    found = ["bridge: on an axis"] * any(roles for roles, _ in stand)
    found += ["bridge: in a filter"] * bool(bridges_in([it["level"] for it in question["filters"]], cube))
    found += ["bridge: ranked"] * bool(bridges_in(ranked(question), cube))
    found += ["bridge: two"] * (len(set(bridges_of(question, cube))) > 1)
    found += ["bridge: within totals"] * any(roles and axis["subtotals"] for roles, axis in stand)
    return found + ["measure: weighted"] * any(cube.measures[name].weighted for name in question["measures"])


def bridges_of(question: dict, cube: Cube) -> list[str]:
    """The bridges among the dimensions that a question names."""
    levels = [name for axis in question["axes"] for name in axis["levels"]] + [it["level"] for it in question["filters"]]
    return bridges_in(levels + ranked(question), cube)


def bridges_in(levels: list[str], cube: Cube) -> list[str]:
    return [cube.place(name).role.name for name in levels if cube.place(name).role.bridge]


def ranked(question: dict) -> list[str]:
    """The levels of rankings and conditions on members."""
    return [name for top in question["tops"] for name in (top["level"] or question["axes"][0]["levels"][-1], top["per"]) if name]
