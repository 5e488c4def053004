"""Questions that have to be refused, with the documented status: few, since what is refused proves no number."""

from random import Random

from world import World


def draw(random: Random, world: World, question: dict) -> None:
    if random.random() < 0.005:
        random.choice([unknown_measure, measure_twice, unknown_level, unknown_member, hidden_measure, not_a_number, within_a_bridge])(world, question)


def unknown_measure(world: World, question: dict) -> None:
    question["measures"].append("no_such_measure")
    question["refused"] = "NOT_FOUND"


def hidden_measure(world: World, question: dict) -> None:
    """Hidden measures serve calculations only."""
    hidden = [it.name for it in world.cube(question).measures.values() if it.hidden]
    question["measures"].append(hidden[0] if hidden else "no_such_measure")
    question["refused"] = "NOT_FOUND"


def measure_twice(world: World, question: dict) -> None:
    question["measures"].append(question["measures"][0])
    question["refused"] = "INVALID_ARGUMENT"


def unknown_level(world: World, question: dict) -> None:
    question["axes"].append({"levels": ["customer.place.nowhere"], "subtotals": False})
    question["refused"] = "NOT_FOUND"


def unknown_member(world: World, question: dict) -> None:
    question["filters"].append({"level": "customer.segment.segment", "in": [["no such segment"]], "drilled": False})
    question["refused"] = "NOT_FOUND"


def within_a_bridge(world: World, question: dict) -> None:
    """Members of a bridge are not ranked within those of another dimension."""
    question["cube"], question["measures"], question["measure_filters"], question["sort"] = "shared_sales", ["lines"], [], []
    question["axes"] = [{"levels": ["seller.segment.segment"], "subtotals": False}]
    question["filters"] = []
    question["top"] = {"n": 2, "by": "lines", "bottom": False, "level": None, "per": "product.range.category"}
    question["refused"] = "INVALID_ARGUMENT"


def not_a_number(world: World, question: dict) -> None:
    question["measure_filters"].append({"measure": question["measures"][0], "comparison": "less", "value": "ten"})
    question["refused"] = "INVALID_ARGUMENT"
