"""Questions: drawn from a seed and a number, written as YAML."""

from datetime import date
from decimal import Decimal
from random import Random

import yaml

from features import across, axes, bridges, contexts, defaults, drills, filters, measure_filters, measured, options, refusals, sort, through, top, trees
from oracle import SPECIALS
from world import World

FEATURES = (measured, axes, filters, measure_filters, sort, top, contexts, bridges, across, options, drills, through, defaults, trees)
EVERY = [name for feature in FEATURES for name in feature.EVERY]
CUBES = {"sales": 36, "cases_in_context": 18, "shared_sales": 12, "around": 14, "sales_small": 5, "usual_sales": 7, "books": 7}
CUBES |= {"cases": 8, "accounts": 8, "accounts_in_context": 8, "visits": 9, "nothing": 3, "teams": 4, "crews": 3, "work": 3}


def draw(world: World, seed: int, number: int) -> dict:
    """A question; the same for the same seed and number."""
    random = Random(f"question {seed} {number}")
    cube = random.choices(list(CUBES), CUBES.values())[0]
    question = {"cube": cube, "measures": [], "axes": [], "filters": [], "measure_filters": [], "sort": [], "tops": [], "refused": None}
    options.draw_first(random, world, question)
    for feature in (*FEATURES, refusals):
        feature.draw(random, world, question)
    return question


def labels(world: World, question: dict) -> list[str]:
    """What the question has of the features; each counts once."""
    cube = world.cube(question)
    return sorted({name for feature in FEATURES for name in feature.labels(question, cube)})


def written(question: dict) -> str:
    """The question as YAML."""
    shown = {name: value for name, value in question.items() if name != "anchor"}
    return yaml.safe_dump(plain(shown), allow_unicode=True, sort_keys=False, width=140)


def plain(value):
    """A value that YAML knows; decimals and special members are tagged."""
    if isinstance(value, dict):
        return {key: plain(it) for key, it in value.items() if it not in (None, [], False, "")}
    if isinstance(value, tuple) and value and value[0] == "special":
        return {"special": SPECIALS[value[1]][0]}
    if isinstance(value, (list, tuple)):
        return [plain(it) for it in value]
    return str(value) if isinstance(value, (Decimal, date)) else value
