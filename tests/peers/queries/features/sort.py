"""The order of rows: what is asked for, then the axes in their own order.

Members stand in the order of their sort attribute, then of their keys; special ones after ordinary ones from -1 downwards, totals after what
they are totals of. Empty values and special members come last in either direction.
"""

from random import Random

from cells import Cell
from features.top import level as ranked
from layout import Part, Stand
from measures import is_approximate
from schema import Cube
from world import World


def draw(random: Random, world: World, question: dict) -> None:
    # the order of approximate values is not known beforehand
    exact = [name for name in question["measures"] if not is_approximate(world.cube(question), name)]
    levels = [name for axis in question["axes"] for name in axis["levels"]]
    for _ in range(random.choices([0, 1, 2], [60, 30, 10])[0]):
        by_level = levels and (random.random() < 0.4 or not exact)
        by = {"level": random.choice(levels)} if by_level else {"measure": random.choice(exact)} if exact else None
        question["sort"] += [by | {"descending": random.random() < 0.5}] if by else []


EVERY = [f"sort: by {by} {way}" for by in ("measure", "level") for way in ("ascending", "descending")] + ["sort: by several"]


def labels(question: dict, cube: Cube) -> list[str]:
    name = lambda it: f"sort: by {'measure' if 'measure' in it else 'level'} {'descending' if it['descending'] else 'ascending'}"
    return [name(it) for it in question["sort"]] + ["sort: by several"] * (len(question["sort"]) > 1)


def order(oracle, cells: dict[str, Cell]) -> list[str]:
    asked, stands = oracle.question["sort"], oracle.stands
    found = []
    if any("measure" in it for it in asked):
        found += [it for stand in stands for it in totals_last(stand)]
    for it in asked:
        way = "desc" if it["descending"] else "asc"
        if "measure" in it:
            found.append(f"{cells[it['measure']].sql} {way} nulls last")
            continue
        place = oracle.cube.place(it["level"])
        stand = next(stand for stand in stands if stand.place.name == place.name)
        found += [*totals_last(stand), *[sql for part in stand.parts for sql in of_member(part, way)]]
    # of several rankings the last one; conditions on members order nothing
    rankings = [top for top in oracle.question["tops"][::-1] if top["n"] and not asked]
    for number, stand in enumerate(stands):
        found += totals_last(stand)
        top = next((top for top in rankings if number + 1 == len(stands) and stand.place.name == ranked(oracle, top).name), None)
        if top:
            found.append(f"{cells[top['by']].sql} {'asc' if top['bottom'] else 'desc'} nulls last")
        found += [sql for part in stand.introduced() for sql in of_member(part, "asc")]
    return found


def totals_last(stand: Stand) -> list[str]:
    return [f"c.{stand.total}"] if stand.totals else []


def of_member(part: Part, way: str) -> list[str]:
    found = [f"c.{part.special} desc nulls first"]
    found += [f"{part.label}.sort {way} nulls last"] if part.sorted_apart else []
    return [*found, f"c.{part.key} {way} nulls last"]
