"""Filters by what people read of members: in the language of the question, in large or small letters; special members never match."""

from random import Random

from keys import is_special
from schema import Place
from world import World

PLACES = {"within": "contains", "beginning": "starts_with", "end": "ends_with", "whole": "="}
NOWHERE = ["%", "_", "nobody is called so", "(not given)", "Total", "0", "a", "王", "'"]


def draw_text(random: Random, world: World, place: Place, anchor: dict, question: dict) -> dict | None:
    """A part of what a member is called in one of the languages, mostly one of which there are facts."""
    members = world.members(question, place)
    if anchor and random.random() < 0.7:
        members = [anchor[place.name]]
    members = [path for path in members if not is_special(path[-1])]
    if not members:
        return None
    named = world.caption(question, place, random.choice(members), random.choice(["en", "zh"]))
    text = random.choice(NOWHERE) if random.random() < 0.1 or not named else named
    where = random.choice(list(PLACES))
    at, long = random.randrange(len(text)), random.randrange(1, 4)
    text = {"within": text[at : at + long], "beginning": text[:long], "end": text[-long:], "whole": text}[where]
    return {"place": where, "text": random.choice([text, text, text.upper(), text.lower()])}


EVERY = [f"text: {place}" for place in PLACES] + ["text: in Chinese"]


def labels_of(condition: dict, question: dict) -> list[str]:
    return [f"text: {condition['place']}"] + ["text: in Chinese"] * question["locale"].startswith("zh")


def condition(oracle, place: Place, members: list[tuple[str, str]], it: dict) -> str:
    """Of fact rows: whether the member of the level is called so."""
    key, special = members[-1]
    own = place.level.key
    if own == (place.level.name_zh if oracle.chinese else place.level.name_en):
        return f"({special} is null and {matches(f'{key}::varchar', it)})"
    labels = oracle.tables.labels(oracle.version, place.role.dimension, place.path, oracle.history)
    name = f'coalesce({"zh" if oracle.chinese else "en"}::varchar, "{own}"::varchar)'
    paths = path_of([(f'"{level.key}"', f'"{level.key}!"') for level in place.path])
    named = f'select {paths} from {labels} where "{own}!" is null and {matches(name, it)}'
    return f"{path_of(members)} in ({named})"


def path_of(members: list[tuple[str, str]]) -> str:
    """A path as one text."""
    return " || ".join(f"coalesce({sql}::varchar, '') || chr(31)" for pair in members for sql in pair)


def matches(name: str, it: dict) -> str:
    text = "'" + it["text"].replace("'", "''") + "'"
    sign = PLACES[it["place"]]
    return f"lower({name}) = lower({text})" if sign == "=" else f"{sign}(lower({name}), lower({text}))"
