"""Cubes across others: which parts a question is drawn of. The SQL is in across.py."""

from random import Random

from schema import Cube
from world import World


def draw(random: Random, world: World, question: dict) -> None:
    """Nothing: the parts are drawn first, other features draw what these have."""


EVERY = [f"across: {it}" for it in ("several parts", "one cube twice", "calculated over parts", "ranked", "with totals", "filtered")]


def labels(question: dict, cube: Cube) -> list[str]:
    if not cube.parts:
        return []
    by = [top["by"] for top in question["tops"]]
    found = [part_of(cube, name) for name in [*question["measures"], *by]]
    parts = {name for names in found for name in names}
    labels = ["across: several parts"] * (len(parts) > 1) + ["across: one cube twice"] * ({"ordered", "shipped"} <= parts)
    labels += ["across: calculated over parts"] * any(len(names) > 1 for names in found)
    labels += ["across: ranked"] * bool(by) + ["across: filtered"] * bool(question["filters"])
    return labels + ["across: with totals"] * any(axis["subtotals"] for axis in question["axes"])


def part_of(cube: Cube, name: str) -> set[str]:
    """The parts that a measure is made of."""
    measure = cube.measures[name]
    return {measure.taken[0]} if measure.taken else {part for it in cube.inputs(measure) for part in part_of(cube, it.name)}
