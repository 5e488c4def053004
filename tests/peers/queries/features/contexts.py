"""Measures in other contexts. The measures are drawn like others; the SQL is in in_contexts.py."""

from math import prod
from random import Random

from contexts import ABOVE, RANK, Context
from features.bridges import ranked
from layout import kept
from schema import Cube, Place
from world import World

# Contexts in all sets of group columns together, each of which takes a while.
MOST = 6
# The same where members are told by trees, of which each takes longer.
MOST_BY_TREES = 2
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
    by_trees = any(place.level.height for place in cube.places)
    most = MOST_BY_TREES if by_trees else MOST
    if any(of(cube, name) for name in question["measures"]) and number_of_sets(question) > most:
        question["axes"] = [axis | {"subtotals": axis["subtotals"] if number == 0 else False} for number, axis in enumerate(question["axes"])]
    sets = number_of_sets(question)
    room = most // sets
    for name in question["measures"]:
        room -= len(of(cube, name))
        unclear |= {name} if of(cube, name) and room < 0 and name != question["measures"][0] else set()
    other = next(name for name in cube.visible() if not of(cube, name))
    question["measures"] = [name for name in question["measures"] if name not in unclear] or [other]
    question["measure_filters"] = [it for it in question["measure_filters"] if it["measure"] not in unclear]
    question["sort"] = [it for it in question["sort"] if it.get("measure") not in unclear]
    for top in question["tops"]:
        if not of(cube, top["by"]):
            continue
        alone = [cube.place(name) for name in [*ranked(question | {"tops": [top]})[:1], *[it["level"] for it in question["filters"]]]]
        is_clear = all(is_plain(it, alone) for it in of(cube, top["by"])) and not any(place.role.bridge for place in alone)
        if cube.parts or top["by"] in unclear or top["by"] not in question["measures"] or not is_clear:
            top["by"] = other
    if any(of(cube, name) for name in question["measures"]):
        question["tops"] = [top | {"per": None} for top in question["tops"][: 1 if by_trees else None]]


def number_of_sets(question: dict) -> int:
    """How many sets of group columns the totals make."""
    return prod(1 + len(kept(axis)) for axis in question["axes"])


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
    labels += ["context: ranked by"] * any(of(cube, top["by"]) for top in question["tops"])
    return labels + ["context: ranked"] * bool(found and question["tops"])
