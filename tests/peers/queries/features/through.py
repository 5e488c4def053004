"""Drill-through: the fact rows of one cell of a question, how many there are, and the measures over them. The SQL is in detail.py."""

from random import Random

from features import contexts
from features.across import part_of
from schema import Cube
from world import World


def draw(random: Random, world: World, question: dict) -> None:
    """A cell by the members of a fact row for which conditions mostly hold: at random levels of each axis, which makes totals too."""
    question["through"] = None
    cube, anchor = world.cube(question), question["anchor"]
    if random.random() > 0.15 or not anchor or question["drill_down"] or question["roll_up"]:
        return
    if cube.parts:
        # those of one part, whose rows are returned
        plain = [name for name in question["measures"] if cube.measures[name].taken]
        asked = [name for name in plain if part_of(cube, name) == part_of(cube, plain[0])]
        if not asked or any(part_of(cube, top["by"]) != part_of(cube, asked[0]) for top in question["tops"]):
            return
        is_there = lambda it: "level" in it or part_of(cube, it["measure"]) == part_of(cube, asked[0])
        question |= {kind: list(filter(is_there, question[kind])) for kind in ("measure_filters", "sort")} | {"measures": asked}
    cell = {}
    for axis in question["axes"]:
        levels = axis["levels"] if random.random() < 0.7 else axis["levels"][: random.randrange(len(axis["levels"]) + 1)]
        cell |= {name: list(anchor[cube.place(name).name]) for name in levels}
    question["through"] = {"cell": cell, "limit": random.choice([1, 7, 20, 100, 1000]) if random.random() < 0.3 else None}
    question["limit"] = None


EVERY = ["drill-through", "drill-through: of a cell", "drill-through: of the grand total", "drill-through: in pages"]


def labels(question: dict, cube: Cube) -> list[str]:
    asked = question["through"]
    if not asked:
        return []
    found = ["drill-through", "drill-through: of a cell" if asked["cell"] else "drill-through: of the grand total"]
    return found + ["drill-through: in pages"] * bool(asked["limit"])
