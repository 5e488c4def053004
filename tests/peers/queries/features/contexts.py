"""Measures in other contexts. The measures are drawn like others; the SQL is in in_contexts.py."""

from math import prod
from random import Random

from contexts import ABOVE, RANK, Context
from features.bridges import ranked
from schema import Cube, Place
from world import World

# Contexts in all sets of group columns together, each of which takes a while.
MOST = 6
FUNCTIONS = ("prev", "to_date", "rolling", "cumulative", "opening", *ABOVE, RANK)


def draw(random: Random, world: World, question: dict) -> None:
    """Leaves out what is not plain: a dimension without a level where several of its hierarchies are named, and most rankings by a context."""
    cube = world.cube(question)
    levels = [name for axis in question["axes"] for name in axis["levels"]] + [it["level"] for it in question["filters"]]
    places = [cube.place(name) for name in levels]

    def is_plain(context: Context, places: list[Place] = places) -> bool:
        hierarchies = {place.hierarchy.name for place in places if place.role.name == context.role}
        if context.function == "cumulative":
            # whether facts without a member count where no level of the dimension is named is not told
            return len(hierarchies) == 1
        return bool(context.level) or context.function == "total" or len(hierarchies) < 2

    unclear = {name for name in cube.visible() if not all(map(is_plain, of(cube, name)))}
    if any(place.role.bridge for place in [*places, *map(cube.place, ranked(question))]):
        # by a bridge they are refused
        unclear |= {name for name in cube.visible() if of(cube, name)}
    if any(of(cube, name) for name in question["measures"]) and number_of_sets(question) > MOST:
        question["axes"] = [axis | {"subtotals": axis["subtotals"] and not number} for number, axis in enumerate(question["axes"])]
    sets = number_of_sets(question)
    room = MOST // sets
    for name in question["measures"]:
        room -= len(of(cube, name))
        unclear |= {name} if of(cube, name) and room < 0 and name != question["measures"][0] else set()
    other = next(name for name in cube.visible() if not of(cube, name))
    question["measures"] = [name for name in question["measures"] if name not in unclear] or [other]
    question["measure_filters"] = [it for it in question["measure_filters"] if it["measure"] not in unclear]
    question["sort"] = [it for it in question["sort"] if it.get("measure") not in unclear]
    top = question["top"]
    if top and of(cube, top["by"]):
        alone = [cube.place(name) for name in [*ranked(question)[:1], *[it["level"] for it in question["filters"]]]]
        is_clear = all(is_plain(it, alone) for it in of(cube, top["by"])) and not any(place.role.bridge for place in alone)
        if cube.parts or top["by"] in unclear or top["by"] not in question["measures"] or not is_clear:
            top["by"] = other
    if top and any(of(cube, name) for name in question["measures"]):
        top["per"] = None


def number_of_sets(question: dict) -> int:
    """How many sets of group columns the totals make."""
    return prod(len(axis["levels"]) + 1 for axis in question["axes"] if axis["subtotals"])


def of(cube: Cube, name: str) -> list[Context]:
    """The contexts in a measure."""
    measure = cube.measures[name]
    found = [context for it in cube.inputs(measure) for context in of(cube, it.name)]
    return [measure.context] if measure.context else found


EVERY = [f"context: {it}" for it in FUNCTIONS] + [f"context: {it}" for it in ("within totals", "with its own level filtered", "ranked", "ranked by")]


def labels(question: dict, cube: Cube) -> list[str]:
    found = [context for name in question["measures"] for context in of(cube, name)]
    roles = {context.role for context in found}
    labels = [f"context: {context.function}" for context in found]
    labels += ["context: within totals"] * (bool(found) and any(axis["subtotals"] for axis in question["axes"]))
    labels += ["context: with its own level filtered"] * any(cube.place(it["level"]).role.name in roles for it in question["filters"])
    labels += ["context: ranked by"] * bool(question["top"] and of(cube, question["top"]["by"]))
    return labels + ["context: ranked"] * bool(found and question["top"])
