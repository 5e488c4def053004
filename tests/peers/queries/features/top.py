"""The first or last members of a level by a measure: a dice by the members that the ranking keeps; ties go by member key."""

from random import Random

from measures import is_approximate, is_number
from schema import Cube, Place
from world import World


def draw(random: Random, world: World, question: dict) -> None:
    cube = world.cube(question)
    rows = question["axes"][0]["levels"] if question["axes"] else []
    if random.random() > 0.2:
        return
    numbers = [name for name in cube.visible() if is_number(cube, name) and not is_approximate(cube, name)]
    asked = [name for name in question["measures"] if name in numbers]
    named = world.written(random, cube, world.draw_place(random, cube)) if random.random() < 0.4 or not rows else None
    if named is None and random.random() < 0.3:
        named = random.choice(rows)
    level = cube.place(named or rows[-1])
    per = world.draw_place(random, cube) if random.random() < 0.35 else None
    if per and (per.same_hierarchy(level) and per.depth >= level.depth or not_within(level, per)):
        per = None
    question["top"] = {
        "n": random.choice([1, 2, 3, 5, 20]),
        "by": random.choice(asked if asked and random.random() < 0.6 else numbers),
        "bottom": random.random() < 0.3,
        "level": named,
        "per": world.written(random, cube, per) if per else None,
    }


def not_within(level: Place, per: Place) -> bool:
    """True if it is refused to rank members of a level within those of another: a fact has many members of either."""
    return level.role.name != per.role.name and (level.role.bridge or per.role.bridge)


EVERY = ["top", "bottom", "top: of a named level", "top: of the rows", "top: per member"]


def labels(question: dict, cube: Cube) -> list[str]:
    top = question["top"]
    if not top:
        return []
    found = ["bottom" if top["bottom"] else "top", "top: of a named level" if top["level"] else "top: of the rows"]
    return found + ["top: per member"] * bool(top["per"])


def level(oracle) -> Place:
    """The level that is ranked: the innermost one of the rows where none is named."""
    named = oracle.question["top"]["level"]
    return oracle.cube.place(named or oracle.question["axes"][0]["levels"][-1])


def places(oracle) -> list[Place]:
    per = oracle.question["top"]["per"]
    return [level(oracle), *([oracle.cube.place(per)] if per else [])]


def members(oracle, place: Place, prefix: str) -> list[tuple[str, str]]:
    """The columns with the members of a path: (SQL, name), keys and special members in turn."""
    pairs = [oracle.member(place.above(depth)) for depth in range(place.depth + 1)]
    return [(sql, f"{prefix}{number}{mark}") for number, pair in enumerate(pairs) for sql, mark in zip(pair, "ks")]


def all_members(oracle) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    ranked, *per = places(oracle)
    return members(oracle, ranked, "r"), members(oracle, per[0], "p") if per else []


def ranking(oracle) -> str:
    """The members that are kept."""
    top = oracle.question["top"]
    ranked, per = all_members(oracle)
    columns = [*per, *ranked]
    members = ", ".join(f"{sql} as {name}" for sql, name in columns)
    names = [name for _, name in columns]
    source, value = oracle.ranked_cells(members, names)
    order = [f"{value.sql} {'asc' if top['bottom'] else 'desc'} nulls last"]
    for key, special in zip(names[::2], names[1::2]):
        order += [f"{special} desc nulls first", f"{key} asc nulls last"]
    within = f"partition by {', '.join(name for _, name in per)} " if per else ""
    return f"select {', '.join(names)} from {source} qualify row_number() over ({within}order by {', '.join(order)}) <= {top['n']}"


def choice(oracle, source: str = "kept") -> str:
    """The fact rows of the members that are kept."""
    ranked, per = all_members(oracle)
    on = " and ".join(f"{sql} is not distinct from r.{name}" for sql, name in [*per, *ranked])
    return f"select f.* from {source} f semi join ranked r on {on}"
