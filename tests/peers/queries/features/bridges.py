"""Dimensions of which a fact has many members. They are drawn like others; the SQL is in oracle.py: each fact once in each cell, or its share."""

from random import Random

from schema import Cube
from world import World


def draw(random: Random, world: World, question: dict) -> None:
    """Nothing: other features draw their levels from all dimensions of a cube."""


EVERY = [f"bridge: {it}" for it in ("on an axis", "in a filter", "ranked", "two", "within totals")] + ["measure: weighted"]


def labels(question: dict, cube: Cube) -> list[str]:
    def of(names: list[str]) -> list[str]:
        return [cube.place(name).role.name for name in names if cube.place(name).role.bridge]

    stand = [(of([name]), axis) for axis in question["axes"] for name in axis["levels"]]
    on_axes = [role for roles, _ in stand for role in roles]
    filtered = of([it["level"] for it in question["filters"]])
    top = question["top"]
    ranked = of([top["level"]] if top and top["level"] else question["axes"][0]["levels"][-1:] if top else [])
    found = ["bridge: on an axis"] * bool(on_axes) + ["bridge: in a filter"] * bool(filtered) + ["bridge: ranked"] * bool(ranked)
    found += ["bridge: two"] * (len({*on_axes, *filtered, *ranked}) > 1)
    found += ["bridge: within totals"] * any(roles and axis["subtotals"] for roles, axis in stand)
    return found + ["measure: weighted"] * any(cube.measures[name].weighted for name in question["measures"])
