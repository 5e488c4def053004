"""Defaults of cubes: filters that hold where a question does not touch their dimension, on an axis, in a filter or in a ranking."""

from random import Random

from features.bridges import ranked
from schema import Cube
from world import World


def draw(random: Random, world: World, question: dict) -> None:
    """Nothing: a cube has them or not."""


EVERY = ["defaults: some hold", "defaults: some do not"]


def labels(question: dict, cube: Cube) -> list[str]:
    holding = len(held(question, cube))
    return ["defaults: some hold"] * (holding > 0) + ["defaults: some do not"] * (holding < len(cube.defaults))


def held(question: dict, cube: Cube) -> list[dict]:
    """The filters of the defaults that hold."""
    levels = [name for axis in question["axes"] for name in axis["levels"]] + [it["level"] for it in question["filters"]]
    levels += ranked(question)
    touched = {cube.place(name).role.name for name in levels}
    return [it for it in cube.defaults if cube.place(it["level"]).role.name not in touched]


def asked(question: dict, cube: Cube) -> dict:
    """The question with these."""
    return question | {"filters": [*question["filters"], *held(question, cube)]}
