"""What a question says beside its matter: history, deleted facts, language, warehouse version, pages, the form of the answer."""

from random import Random

from schema import Cube
from world import World

DAYS = ["2023-06-30", "2024-12-31", "2025-02-14", "2025-04-30", "2025-05-15", "2025-06-30", "2025-08-01", "2026-01-01"]
# As was nothing can be asked by a tree with a history.
HISTORIES = {name: [10, 40, 50] for name in ("books", "teams", "crews", "work")}


def draw_first(random: Random, world: World, question: dict) -> None:
    """What other features have to know."""
    question["history"] = random.choices(["as_was", "as_is", f"as_of {random.choice(DAYS)}"], HISTORIES.get(question["cube"], [40, 30, 30]))[0]
    question["version"] = random.choice(world.versions) if random.random() < 0.15 else None
    parts = world.model.cubes[question["cube"]].parts
    if parts:
        cubes = [part.cube.name for part in parts]
        twice = [part.name for part in parts if cubes.count(part.cube.name) > 1]
        all = twice if random.random() < 0.35 and twice else [part.name for part in parts]
        question["parts"] = random.sample(all, min(len(all), random.choices([1, 2, 3], [10, 50, 40])[0]))


def draw(random: Random, world: World, question: dict) -> None:
    question["include_deleted"] = random.random() < 0.2
    question["locale"] = random.choices(["", "en", "en-GB", "zh", "zh-CN"], [40, 10, 5, 30, 15])[0]
    question["limit"] = random.choice([1, 2, 3, 7, 10, 25, 100, 1000]) if random.random() < 0.15 else None
    question["text_keys"] = random.random() < 0.1
    question["form"] = "cells" if random.random() < 0.1 else "arrow"


EVERY = ["as_was", "as_is", "as_of", "language: default", "language: en", "language: zh", "form: arrow", "form: cells"]
EVERY += ["pages", "deleted facts", "keys as texts", "earlier version"]


def labels(question: dict, cube: Cube) -> list[str]:
    found = [question["history"].split()[0], f"language: {question['locale'].split('-')[0] or 'default'}", f"form: {question['form']}"]
    found += ["pages"] * bool(question["limit"]) + ["deleted facts"] * question["include_deleted"]
    found += ["keys as texts"] * (question["text_keys"] and bool(question["filters"]))
    return found + ["earlier version"] * bool(question["version"])
