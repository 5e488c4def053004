"""Trees of members, and measures that take their operators. Their levels are drawn like others; the SQL is in trees.py of the folder above."""

from random import Random

from features.bridges import ranked
from features.contexts import of
from schema import Cube, Measure
from world import World


def draw(random: Random, world: World, question: dict) -> None:
    """By a bridge signed measures are refused."""
    cube = world.cube(question)
    if not any(place.role.bridge for place in map(cube.place, levels_of(question) + ranked(question))):
        return
    is_plain = lambda name: not takes_signs(cube, cube.measures[name])
    other = next(filter(is_plain, cube.visible()))
    question["measures"] = list(filter(is_plain, question["measures"])) or [other]
    for kind in ("measure_filters", "sort"):
        question[kind] = [it for it in question[kind] if "measure" not in it or is_plain(it["measure"])]
    question["tops"] = [top | {"by": top["by"] if is_plain(top["by"]) else other} for top in question["tops"]]


def takes_signs(cube: Cube, measure: Measure) -> bool:
    return measure.signed or any(takes_signs(cube, it) for it in cube.inputs(measure))


def levels_of(question: dict) -> list[str]:
    return [name for axis in question["axes"] for name in axis["levels"]] + [it["level"] for it in question["filters"]]


EVERY = [f"tree: {it}" for it in ("on an axis", "in a filter or a ranking", "of another history", "within totals", "beside a context")]
EVERY += ["measure: signed", "signed: by its tree"]


def labels(question: dict, cube: Cube) -> list[str]:
    is_tree = lambda name: bool(cube.place(name).level.height)
    on_axes = [name for axis in question["axes"] for name in axis["levels"] if is_tree(name)]
    filtered, chosen = [it["level"] for it in question["filters"] if is_tree(it["level"])], list(filter(is_tree, ranked(question)))
    found = ["tree: on an axis"] * bool(on_axes) + ["tree: in a filter or a ranking"] * bool(filtered or chosen)
    found += ["tree: of another history"] * any(question["history"].startswith("as_of") and cube.place(it).role.dimension.moving for it in on_axes)
    found += ["tree: within totals"] * any(axis["subtotals"] and any(map(is_tree, axis["levels"])) for axis in question["axes"])
    found += ["tree: beside a context"] * bool(on_axes and any(of(cube, name) for name in question["measures"]))
    if any(takes_signs(cube, cube.measures[name]) for name in question["measures"]):
        by = lambda names: any(cube.place(name).role.dimension.operator for name in names)
        found += ["measure: signed"] + ["signed: by its tree"] * by([*on_axes, *filtered, *chosen])
    return found
