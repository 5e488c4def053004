"""Levels on axes, and their totals. The SQL of both is the frame of every statement, in oracle.py and layout.py."""

from random import Random

from schema import Cube, Place
from world import World


def draw(random: Random, world: World, question: dict) -> None:
    """Up to four levels on an axis, seldom more than two axes; coarser levels of a hierarchy before finer ones."""
    cube = world.cube(question)
    asked: set[str] = set()
    for _ in range(random.choices([0, 1, 2, 3, 4], [4, 50, 35, 9, 2])[0]):
        levels = []
        for _ in range(random.choices([0, 1, 2, 3, 4], [3, 45, 30, 14, 8])[0]):
            place = draw_place(random, world, cube, levels)
            finer = [it for it in levels if it.same_hierarchy(place) and it.depth > place.depth]
            if place.name not in asked and not finer:
                asked.add(place.name)
                levels.append(place)
        subtotals = random.random() < 0.4
        if subtotals and levels and random.random() < 0.4:
            subtotals = sorted(random.sample(range(len(levels)), random.randint(1, len(levels))))
        question["axes"].append({"levels": [world.written(random, cube, it) for it in levels], "subtotals": subtotals})


def draw_place(random: Random, world: World, cube: Cube, before: list[Place]) -> Place:
    """A level; often one of the hierarchy that the last one on the axis is of."""
    if before and random.random() < 0.4:
        last = before[-1]
        return Place(last.role, last.hierarchy, random.randrange(len(last.hierarchy.levels)))
    return world.draw_place(random, cube)


EVERY = [*(f"axes: {it}" for it in ("0", "1", "2", "3 or more")), *(f"levels of an axis: {it}" for it in range(5))]
EVERY += [*(f"axes with subtotals: {it}" for it in ("0", "1", "several")), "level without its hierarchy", "chosen totals"]
EVERY += ["levels of one hierarchy on an axis", "levels of several hierarchies on an axis", "levels of one hierarchy on several axes"]


def labels(question: dict, cube: Cube) -> list[str]:
    levels = [name for axis in question["axes"] for name in axis["levels"]]
    found = [f"axes: {min(len(question['axes']), 3)}{' or more' if len(question['axes']) > 2 else ''}"]
    found += [f"levels of an axis: {len(axis['levels'])}" for axis in question["axes"]]
    totals = [axis for axis in question["axes"] if axis["subtotals"] and axis["levels"]]
    found += [f"axes with subtotals: {len(totals) if len(totals) < 2 else 'several'}"]
    found += ["chosen totals"] * any(isinstance(axis["subtotals"], list) for axis in totals)
    pairs = [(one, other) for axis in question["axes"] for one in axis["levels"] for other in axis["levels"] if one != other]
    within = [cube.place(one).same_hierarchy(cube.place(other)) for one, other in pairs]
    found += ["levels of one hierarchy on an axis"] * any(within)
    of_roles = [{(name.split(".")[0], cube.place(name).hierarchy.name) for name in axis["levels"]} for axis in question["axes"]]
    found += ["levels of several hierarchies on an axis"] * any(len(dict(all)) < len(all) for all in of_roles)
    found += ["levels of one hierarchy on several axes"] * (len(set().union(*of_roles)) < sum(map(len, of_roles)))
    found += ["level without its hierarchy"] if any(name.count(".") == 1 for name in levels) else []
    return found
