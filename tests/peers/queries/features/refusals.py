"""Questions that have to be refused, with the documented status: few, since what is refused proves no number."""

from random import Random

from world import World


def draw(random: Random, world: World, question: dict) -> None:
    if random.random() < 0.005:
        kinds = [unknown_measure, measure_twice, unknown_level, unknown_member, hidden_measure, not_a_number]
        random.choice([*kinds, within_a_bridge, context_of_a_bridge, lacking, counted_condition, total_of_rows])(world, question)


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


def anew(question: dict, cube: str, measures: list[str], level: str) -> None:
    """A question to another cube, by one level and without conditions, that has to be refused."""
    question |= {"cube": cube, "measures": measures, "axes": [{"levels": [level], "subtotals": False}], "refused": "INVALID_ARGUMENT"}
    question |= {"filters": [], "measure_filters": [], "sort": [], "tops": [], "drill_down": None, "roll_up": None, "through": None}


def within_a_bridge(world: World, question: dict) -> None:
    """Members of a bridge are not ranked within those of another dimension."""
    anew(question, "shared_sales", ["lines"], "seller.segment.segment")
    top = {"n": 2, "bottom": False, "comparison": None, "value": None}
    question["tops"] = [top | {"by": "lines", "level": None, "per": "product.range.category"}]


def context_of_a_bridge(world: World, question: dict) -> None:
    """Measures in other contexts are not asked by a bridge."""
    anew(question, "shared_sales", ["shared_price_before"], "seller.segment.segment")


def lacking(world: World, question: dict) -> None:
    """Cases have no product."""
    anew(question, "around", ["cost_of_line"], "product.range.category")


def counted_condition(world: World, question: dict) -> None:
    """What keeps members by a condition does not count them."""
    anew(question, "sales", ["lines"], "customer.segment.segment")
    condition = {"comparison": "greater", "value": "1", "by": "lines", "level": None, "per": None}
    question["tops"] = [condition | {"n": 2, "bottom": False}]


def total_of_rows(world: World, question: dict) -> None:
    """A total keeps fewer levels than there are."""
    anew(question, "sales", ["lines"], "customer.segment.segment")
    question["axes"][0]["subtotals"] = [1]


def not_a_number(world: World, question: dict) -> None:
    question["measure_filters"].append({"measure": question["measures"][0], "comparison": "less", "value": "ten"})
    question["refused"] = "INVALID_ARGUMENT"
