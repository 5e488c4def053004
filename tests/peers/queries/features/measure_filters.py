"""Conditions on measures: they hide rows and change no number."""

from decimal import Decimal
from random import Random

from cells import Cell
from expression import literal
from measures import is_approximate, is_number
from schema import Cube
from world import World

COMPARED = {"equal": "=", "not_equal": "<>", "less": "<", "less_or_equal": "<=", "greater": ">", "greater_or_equal": ">="}
VALUES = ["0", "1", "-1", "2", "3", "10", "0.5", "100", "10.0000", "-0.05", "2500.25", "0.3333333333", "+7"]


def draw(random: Random, world: World, question: dict) -> None:
    cube = world.cube(question)
    names = [name for name in cube.visible() if is_number(cube, name) and not is_approximate(cube, name)]
    for _ in range(random.choices([0, 1, 2], [74, 20, 6])[0]):
        name = random.choice([it for it in question["measures"] if it in names] or names) if random.random() < 0.7 else random.choice(names)
        comparison = random.choices(list(COMPARED), [2, 4, 2, 2, 4, 4])[0]
        value = random.choice(VALUES)
        question["measure_filters"].append({"measure": name, "comparison": comparison, "value": value})


EVERY = [*(f"measure filter: {it}" for it in COMPARED), "measure filter: of a measure not asked for"]


def labels(question: dict, cube: Cube) -> list[str]:
    found = [f"measure filter: {it['comparison']}" for it in question["measure_filters"]]
    asked = [it["measure"] in question["measures"] for it in question["measure_filters"]]
    return found + ["measure filter: of a measure not asked for"] * (not all(asked))


def condition(oracle, cells: dict[str, Cell]) -> str:
    return " and ".join([compared(cells[it["measure"]], it) for it in oracle.question["measure_filters"]] or ["true"])


def compared(cell: Cell, it: dict) -> str:
    """True where the value of a cell compares so; null where it has none."""
    sign, value = COMPARED[it["comparison"]], literal(it["value"])
    if cell.real:
        return f"{cell.sql} {sign} {Decimal(it['value'])}::double"
    scale = max(cell.scale, value.scale)
    return f"{cell.at(scale)} {sign} {value.at(scale)}"
