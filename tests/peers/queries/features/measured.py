"""The measures that are asked for: every function and every calculated measure of the model. Their SQL is in measures.py."""

from random import Random

from measures import KINDS
from schema import Cube
from world import World


def draw(random: Random, world: World, question: dict) -> None:
    names = world.cube(question).visible()
    question["measures"] = random.sample(names, min(len(names), random.choices([1, 2, 3, 6], [45, 30, 20, 5])[0]))


EVERY = [*(f"measure: {it}" for it in [*KINDS, "calculated"]), "measure: with filter", "measure: approximate"]


def labels(question: dict, cube: Cube) -> list[str]:
    found = [cube.measures[name] for name in question["measures"]]
    named = ["calculated" if it.expression or not it.function else it.function for it in found]
    marks = ["measure: with filter"] * any(it.filter for it in found) + ["measure: approximate"] * any(it.approximate for it in found)
    return [f"measure: {name}" for name in named] + marks
