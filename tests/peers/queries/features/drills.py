"""Drill-down and roll-up: requests that carry a question and ask another one, which is what the oracle answers.

Only levels are drilled of which no other one of their hierarchy stands on an axis, and by which nothing is sorted.
"""

from random import Random

from schema import Cube, Place
from world import World


def draw(random: Random, world: World, question: dict) -> None:
    question["drill_down"] = question["roll_up"] = None
    if random.random() > 0.16:
        return
    cube = world.cube(question)
    asked = [name for axis in question["axes"] for name in axis["levels"]]
    sorted_by = [cube.place(it["level"]).name for it in question["sort"] if "level" in it]
    places = [cube.place(name) for name in asked]
    alone = [it for it in places if sum(map(it.same_hierarchy, places)) == 1 and it.name not in sorted_by]
    # what is ranked may be another level afterwards
    if not alone or any(top["per"] and not top["level"] for top in question["tops"]):
        return
    place, anchor = random.choice(alone), world.draw_anchor(random, cube, question)
    if random.random() < 0.5:
        draw_down(random, world, place, anchor, question)
    else:
        draw_up(random, world, place, anchor, question)


def draw_down(random: Random, world: World, place: Place, anchor: dict, question: dict) -> None:
    finer = place.hierarchy.levels[place.depth + 1 :]
    members = [anchor[place.name]] if anchor else world.members(question, place)
    if finer and members:
        to = random.choice(finer).name if random.random() < 0.5 else None
        question["drill_down"] = {"level": place.name, "path": list(random.choice(members)), "to": to}


def draw_up(random: Random, world: World, place: Place, anchor: dict, question: dict) -> None:
    """Either to the level above, or back from where a drill-down had led."""
    cube = world.cube(question)
    for it in question["filters"]:
        it["drilled"] = it["drilled"] and not cube.place(it["level"]).same_hierarchy(place)
    back = None
    if place.depth and anchor and random.random() < 0.8:
        back = place.above(random.randrange(place.depth))
        question["filters"].append({"level": back.name, "in": [list(anchor[back.name])], "drilled": True})
    places = [cube.place(name) for axis in question["axes"] for name in axis["levels"]]
    hierarchies = {it.hierarchy.name for it in places if it.role.name == place.role.name}
    is_one_of_several = len(hierarchies) > 1
    if place.depth or all(top["level"] for top in question["tops"]):
        question["roll_up"] = {"level": place.name, "back": back.name if back else None, "named": is_one_of_several or random.random() < 0.5}


def asked(question: dict, cube: Cube) -> dict:
    """The question that is answered."""
    down, up = question["drill_down"], question["roll_up"]
    if down:
        place = cube.place(down["level"])
        depth = next(at for at, level in enumerate(place.hierarchy.levels) if at > place.depth and down["to"] in (None, level.name))
        sliced = {"level": place.name, "in": [down["path"]], "drilled": True}
        return replaced(question, cube, place, [place.above(depth).name]) | {"filters": [*question["filters"], sliced]}
    if up:
        place = cube.place(up["level"])
        above = up["back"] or (place.above(place.depth - 1).name if place.depth else None)
        left = question["filters"][:-1] if up["back"] else question["filters"]
        return replaced(question, cube, place, [above] if above else []) | {"filters": left}
    return question


def replaced(question: dict, cube: Cube, place: Place, by: list[str]) -> dict:
    """The question with other levels in the place of one."""
    is_it = lambda name: cube.place(name).name == place.name
    put = lambda name: by if is_it(name) else [name]

    def of(axis: dict) -> dict:
        levels = [it for name in axis["levels"] for it in put(name)]
        at = next((at for at, name in enumerate(axis["levels"]) if is_it(name)), None)
        return axis | {"levels": levels, "subtotals": axis["subtotals"] if by or at is None else without(axis["subtotals"], at, len(levels))}

    return question | {"axes": [of(axis) for axis in question["axes"]]}


def without(subtotals: bool | list[int], at: int, levels: int) -> bool | list[int]:
    """Chosen totals keep what is left of their levels; one of which nothing is left goes."""
    if not isinstance(subtotals, list):
        return subtotals
    left = {kept - 1 if kept > at else kept for kept in subtotals if kept != 1 or at > 0}
    return sorted(kept for kept in left if kept < levels)


EVERY = ["drill-down", "drill-down: to a named level", "roll-up", "roll-up: back from a drill-down", "drill: in pages"]


def labels(question: dict, cube: Cube) -> list[str]:
    down, up = question["drill_down"], question["roll_up"]
    found = ["drill-down"] * bool(down) + ["drill-down: to a named level"] * bool(down and down["to"])
    found += ["drill: in pages"] * bool((down or up) and question["limit"])
    return found + ["roll-up"] * bool(up) + ["roll-up: back from a drill-down"] * bool(up and up["back"])
