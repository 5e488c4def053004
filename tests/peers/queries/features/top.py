"""The first or last members of a level by a measure, where ties go by member key, or those for which a condition on a measure holds.

Each is a dice by the members that it keeps, and asks only the facts that those before it have left.
"""

from random import Random

from features.measure_filters import COMPARED, compared
from measures import is_approximate, is_number
from schema import Cube, Place
from world import World

VALUES = ["0", "1", "-1", "2", "3", "5", "10", "0.5", "100", "2500.25", "10.0000"]


def draw(random: Random, world: World, question: dict) -> None:
    if random.random() > 0.2:
        return
    for _ in range(random.choices([1, 2, 3], [60, 28, 12])[0]):
        question["tops"].append(draw_one(random, world, question))


def draw_one(random: Random, world: World, question: dict) -> dict:
    cube = world.cube(question)
    rows = question["axes"][0]["levels"] if question["axes"] else []
    numbers = [name for name in cube.visible() if is_number(cube, name) and not is_approximate(cube, name)]
    asked = [name for name in question["measures"] if name in numbers]
    named = world.written(random, cube, world.draw_place(random, cube)) if random.random() < 0.4 or not rows else None
    if named is None and random.random() < 0.3:
        named = random.choice(rows)
    level = cube.place(named or rows[-1])
    per = world.draw_place(random, cube) if random.random() < 0.35 else None
    if per and (per.same_hierarchy(level) and per.depth >= level.depth or not_within(level, per)):
        per = None
    is_condition = random.random() < 0.3
    return {
        "n": None if is_condition else random.choice([1, 2, 3, 5, 20]),
        "by": random.choice(asked if asked and random.random() < 0.6 else numbers),
        "bottom": not is_condition and random.random() < 0.3,
        "comparison": random.choices(list(COMPARED), [1, 4, 2, 2, 4, 4])[0] if is_condition else None,
        "value": random.choice(VALUES) if is_condition else None,
        "level": named,
        "per": world.written(random, cube, per) if per else None,
    }


def not_within(level: Place, per: Place) -> bool:
    """True if it is refused to rank members of a level within those of another: a fact has many members of either."""
    return level.role.name != per.role.name and (level.role.bridge or per.role.bridge)


EVERY = ["top", "bottom", "top: of a named level", "top: of the rows", "top: per member", "top: a condition", "top: several"]


def labels(question: dict, cube: Cube) -> list[str]:
    found = []
    for top in question["tops"]:
        found.append("top: a condition" if not top["n"] else "bottom" if top["bottom"] else "top")
        found += ["top: of a named level" if top["level"] else "top: of the rows"] + ["top: per member"] * bool(top["per"])
    return found + ["top: several"] * (len(question["tops"]) > 1)


def level(oracle, top: dict) -> Place:
    """The level that is ranked: the innermost one of the rows where none is named."""
    return oracle.cube.place(top["level"] or oracle.question["axes"][0]["levels"][-1])


def places(oracle) -> list[Place]:
    """The levels of all of them."""
    return [place for top in oracle.question["tops"] for place in places_of(oracle, top)]


def places_of(oracle, top: dict) -> list[Place]:
    return [level(oracle, top), *([oracle.cube.place(top["per"])] if top["per"] else [])]


def members(oracle, place: Place, prefix: str) -> list[tuple[str, str]]:
    """The columns with the members of a path: (SQL, name), keys and special members in turn."""
    pairs = [oracle.member(place.above(depth)) for depth in range(place.depth + 1)]
    return [(sql, f"{prefix}{number}{mark}") for number, pair in enumerate(pairs) for sql, mark in zip(pair, "ks")]


def all_members(oracle, number: int) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    ranked, *per = places_of(oracle, oracle.question["tops"][number])
    return members(oracle, ranked, "r"), members(oracle, per[0], "p") if per else []


def left(number: int) -> str:
    """The relation with the facts that so many of them have left."""
    return f"chosen{number - 1}" if number else "kept"


def rankings(oracle) -> list[str]:
    """The relations with the members that each keeps."""
    return [f"ranked{number} as ({ranking(oracle, number)})" for number in range(len(oracle.question["tops"]))]


def choices(oracle) -> list[str]:
    """The relations with the facts that each leaves."""
    return [f"chosen{number} as ({choice(oracle, number, left(number))})" for number in range(len(oracle.question["tops"]))]


def ranking(oracle, number: int) -> str:
    top = oracle.question["tops"][number]
    ranked, per = all_members(oracle, number)
    columns = [*per, *ranked]
    members = ", ".join(f"{sql} as {name}" for sql, name in columns)
    names = [name for _, name in columns]
    source, value = oracle.ranked_cells(number, members, names)
    if not top["n"]:
        return f"select {', '.join(names)} from {source} where {compared(value, top)}"
    order = [f"{value.sql} {'asc' if top['bottom'] else 'desc'} nulls last"]
    for key, special in zip(names[::2], names[1::2]):
        order += [f"{special} desc nulls first", f"{key} asc nulls last"]
    within = f"partition by {', '.join(name for _, name in per)} " if per else ""
    return f"select {', '.join(names)} from {source} qualify row_number() over ({within}order by {', '.join(order)}) <= {top['n']}"


def choice(oracle, number: int, source: str) -> str:
    """The fact rows of the members that are kept."""
    ranked, per = all_members(oracle, number)
    on = " and ".join(f"{sql} is not distinct from r.{name}" for sql, name in [*per, *ranked])
    return f"select f.* from {source} f semi join ranked{number} r on {on}"
