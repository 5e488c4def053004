"""The measures that are asked for: every function and every calculated measure of the model. Their SQL is in measures.py."""

from random import Random

from schema import Cube
from world import World


def draw(random: Random, world: World, question: dict) -> None:
    names = world.cube(question).visible()
    question["measures"] = random.sample(names, min(len(names), random.choices([1, 2, 3, 6], [45, 30, 20, 5])[0]))


FUNCTIONS = ["sum", "count", "count_distinct", "min", "max", "average", "median"]
EVERY = [*(f"measure: {it}" for it in [*FUNCTIONS, "calculated"]), *(f"measure: {it} with filter" for it in ("sum", "count", "count_distinct", "median"))]


def labels(question: dict, cube: Cube) -> list[str]:
    found = [cube.measures[name] for name in question["measures"]]
    named = ["calculated" if it.expression else it.function for it in found]
    return [f"measure: {name}" for name in named] + [f"measure: {it.function} with filter" for it in found if it.filter]
