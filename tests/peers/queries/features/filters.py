"""Slices and dices: members in a set, not in a set, in a range of keys, or by what people read of them."""

from decimal import Decimal
from random import Random

from features import texts
from keys import is_special, literal
from schema import Cube, Place
from world import World


def draw(random: Random, world: World, question: dict) -> None:
    """Conditions that mostly hold for one fact row that is there, so that answers are not empty."""
    cube = world.cube(question)
    anchor = question["anchor"] = world.draw_anchor(random, cube, question)
    for _ in range(random.choices([0, 1, 2, 3], [45, 35, 15, 5])[0]):
        place = world.draw_place(random, cube)
        kind = random.choices(["in", "not_in", "range", "text"], [40, 20, 20, 20])[0]
        apart = {"range": draw_range, "text": texts.draw_text}.get(kind)
        drawn = (random, world, place, anchor, question)
        condition = apart(*drawn) if apart else draw_set(*drawn, kind)
        if condition:
            drilled = random.random() < 0.1
            question["filters"].append({"level": world.written(random, cube, place), kind: condition, "drilled": drilled})


def draw_set(random: Random, world: World, place: Place, anchor: dict, question: dict, kind: str) -> list | None:
    members = world.members(question, place)
    if not members:
        return None
    chosen = random.choices(members, k=random.choices([1, 2, 5], [50, 30, 20])[0])
    if kind == "in" and anchor and random.random() < 0.85:
        chosen.append(anchor[place.name])
    alone = random.random() < 0.3
    return [world.alone(question, place, path) if alone else list(path) for path in dict.fromkeys(chosen)]


def draw_range(random: Random, world: World, place: Place, anchor: dict, question: dict) -> dict | None:
    """One or two ends: paths of members, or keys of the level alone, which need not be those of a member."""
    ordinary = [path for path in world.members(question, place) if not any(map(is_special, path))]
    if not ordinary:
        return None
    around = anchor.get(place.name) if anchor else None
    ends = random.choices(ordinary, k=2)
    if around and not any(map(is_special, around)) and random.random() < 0.7:
        ends[random.randrange(2)] = around
    if random.random() < 0.5:
        ends = [(moved(random, path[-1]),) for path in ends]
    ends.sort()
    written = [{"path": list(path), "exclusive": random.random() < 0.3} for path in ends]
    sides = random.choice([["from"], ["to"], ["from", "to"]])
    return {side: written[0 if side == "from" else 1] for side in sides}


def moved(random: Random, key):
    """A key near by, which may be that of no member."""
    step = random.choice([0, 0, -1, 1])
    if isinstance(key, (int, Decimal, float)) and not isinstance(key, bool):
        return key + step
    return key


KINDS = ("in", "not_in", "range", "text")
EVERY = [*(f"filter: {kind}" for kind in KINDS), *texts.EVERY, "filter: 1 members", "filter: several members", "filter: special member"]
EVERY += [f"range: {end} {kind}" for end in ("from", "to") for kind in ("inclusive", "exclusive")]
EVERY += ["range: of paths", "range: of keys", "filters: several", "filter: left by a drill"]


def labels(question: dict, cube: Cube) -> list[str]:
    found = []
    for it in question["filters"]:
        kind = next(name for name in KINDS if name in it)
        found.append(f"filter: {kind}")
        if kind == "text":
            found += texts.labels_of(it["text"], question)
        elif kind == "range":
            found += [f"range: {end} {'exclusive' if it[kind][end]['exclusive'] else 'inclusive'}" for end in it[kind]]
            found += ["range: of paths" if any(len(end["path"]) > 1 for end in it[kind].values()) else "range: of keys"]
        else:
            special = any(is_special(key) for path in it[kind] for key in path)
            found += [f"filter: {len(it[kind]) if len(it[kind]) < 2 else 'several'} members"] + (["filter: special member"] if special else [])
    found += ["filter: left by a drill"] * any(it["drilled"] for it in question["filters"])
    return found + ["filters: several"] * (len(question["filters"]) > 1)


def condition(oracle) -> str:
    """All conditions together, over the fact rows with their members."""
    return " and ".join([of_filter(oracle, it) for it in oracle.question["filters"]] or ["true"])


def of_filter(oracle, it: dict) -> str:
    place = oracle.cube.place(it["level"])
    members = [oracle.member(place.above(depth)) for depth in range(place.depth + 1)]
    if "text" in it:
        return texts.condition(oracle, place, members, it["text"])
    if "range" in it:
        return in_range(members, place, it["range"])
    paths = it.get("in") or it["not_in"]
    one = " or ".join(is_member(members, place, path) for path in paths)
    return f"({one})" if "in" in it else f"coalesce(not ({one}), true)"


def is_member(members: list, place: Place, path: list) -> str:
    """A whole path, or the key of the level alone."""
    pairs = list(zip(members, place.path))
    pairs = pairs if len(path) == len(pairs) else pairs[-1:]
    tests = [f"{special} = {key[1]}" if is_special(key) else f"{value} = {literal(key)}" for ((value, special), _), key in zip(pairs, path)]
    return f"({' and '.join(tests)})"


def in_range(members: list, place: Place, ends: dict) -> str:
    """From the top level down, or by the key of the level alone; no special member lies in a range."""
    tests = [f"{value} is not null" for value, _ in members]
    for side, sign in (("from", ">"), ("to", "<")):
        if side in ends:
            path = ends[side]["path"]
            pairs = list(zip([value for value, _ in members][-len(path) :], map(literal, path)))
            tests.append(beyond(pairs, sign, ends[side]["exclusive"]))
    return f"({' and '.join(tests)})"


def beyond(pairs: list[tuple[str, str]], sign: str, exclusive: bool) -> str:
    (value, end), *finer = pairs
    if not finer:
        return f"{value} {sign}{'' if exclusive else '='} {end}"
    return f"({value} {sign} {end} or {value} = {end} and {beyond(finer, sign, exclusive)})"
