"""What questions are drawn from: cubes, levels, members that are there, and fact rows for conditions that hold."""

from functools import cache
from random import Random

from histories import History
from keys import is_special, literal
from schema import Cube, Model, Place
from tables import Tables

ANCHORS = 60


class World:
    """The model with a look at the data, for drawing only: what is expected of an answer does not come from here."""

    def __init__(self, model: Model, tables: Tables):
        self.model, self.tables = model, tables
        self.versions = sorted(tables.versions)
        self.members_of = cache(self.members_of)
        self.anchors = cache(self.anchors)
        self.single = cache(self.single)
        self.as_was = cache(self.as_was)
        self.within = cache(self.within)

    def cube(self, question: dict) -> Cube:
        """What can be asked of the cube in the history mode, of one across others of the parts that were drawn."""
        asked = question["cube"], tuple(question.get("parts", ()))
        return self.as_was(*asked) if question["history"] == "as_was" else self.within(*asked)

    def as_was(self, name: str, parts: tuple[str, ...]) -> Cube:
        return self.within(name, parts).as_was()

    def within(self, name: str, parts: tuple[str, ...]) -> Cube:
        cube = self.model.cubes[name]
        return cube.within(list(parts)) if cube.parts else cube

    def draw_place(self, random: Random, cube: Cube) -> Place:
        role = random.choice(cube.roles)
        hierarchy = random.choice(role.hierarchies)
        return Place(role, hierarchy, random.randrange(len(hierarchy.levels)))

    def written(self, random: Random, cube: Cube, place: Place) -> str:
        """The name of a level, without its hierarchy where that is not needed."""
        alike = [it for it in cube.places if it.role.name == place.role.name and it.level.name == place.level.name]
        short = len(alike) == 1 and random.random() < 0.2
        return f"{place.role.name}.{place.level.name}" if short else place.name

    def members(self, question: dict, place: Place) -> list[tuple]:
        """The paths of all members of a level; special ones are pairs."""
        return self.members_of(self.version(question), self.cube(question).star, place, self.seen(question))

    def seen(self, question: dict) -> History:
        """The history mode in which trees are looked at, which are others in each."""
        return History.of(question["history"], self.model.zone)

    def version(self, question: dict) -> int:
        return question["version"] or self.tables.latest

    def members_of(self, version: int, star: str | None, place: Place, seen: History) -> list[tuple]:
        if place.role.dimension is None:
            table = self.tables.table(version, f"fact_{star}")
            columns = [sql for level in place.path for sql in (f'"{level.key}"', f'case when "{level.key}" is null then -1 end')]
        else:
            history = seen if place.level.height else History("as_was")
            table = self.tables.labels(version, place.role.dimension, place.path, history)
            columns = [f'"{level.key}{mark}"' for level in place.path for mark in ("", "!")]
        rows = self.tables.connection.execute(f"select distinct {', '.join(columns)} from {table}").fetchall()
        return sorted(map(path_of, rows), key=repr)

    def caption(self, question: dict, place: Place, path: tuple, language: str) -> str:
        """What people read of a member."""
        level = place.level
        if (level.name_zh if language == "zh" else level.name_en) == level.key:
            return str(path[-1])
        history = self.seen(question) if level.height else History("as_was")
        labels = self.tables.labels(self.version(question), place.role.dimension, place.path, history)
        found = self.tables.connection.execute(f'select {language}::varchar from {labels} where "{level.key}" = {literal(path[-1])}').fetchall()
        return found and found[0][0] or str(path[-1])

    def alone(self, question: dict, place: Place, path: tuple) -> list:
        """The key of the level alone, where no other member has it; else the whole path."""
        key = path[-1]
        alone = is_special(key) or self.single(self.version(question), self.cube(question).star, place, repr(key), self.seen(question))
        return [key] if alone else list(path)

    def single(self, version: int, star: str, place: Place, key: str, seen: History) -> bool:
        return sum(repr(path[-1]) == key for path in self.members_of(version, star, place, seen)) == 1

    def draw_anchor(self, random: Random, cube: Cube, question: dict) -> dict:
        """The members of a fact row, by level; empty where there are no facts."""
        if cube.parts:
            part = random.choice(cube.parts)
            anchor = self.draw_anchor(random, part.cube, question)
            return {place.name: anchor[part.own(place.name)] for place in cube.places} if anchor else {}
        anchors = self.anchors(self.version(question), cube.name, self.seen(question))
        return random.choice(anchors) if anchors else {}

    def anchors(self, version: int, cube: str, seen: History) -> list[dict]:
        cube = self.model.cubes[cube]
        fact = self.tables.table(version, f"fact_{cube.star}")
        columns, joins = [], []
        for role in cube.roles:
            if role.dimension:
                has_tree = any(it.levels[0].height for it in role.hierarchies)
                members, key = self.tables.members(version, role.dimension, seen if has_tree else History("as_was")), f"f.{role.name}_key"
                if role.bridge:
                    bridge, group = self.tables.table(version, f"bridge_{role.name}"), f"{role.name}_group_key"
                    key = f'"b {role.name}".{role.name}_key'
                    joins.append(f'join {bridge} "b {role.name}" on "b {role.name}".{group} = f.{group}')
                joins.append(f'join {members} "{role.name}" on "{role.name}".key = {key}')
        for place in cube.places:
            name = place.level.key
            columns += [f'"{place.role.name}"."{name}"', f'"{place.role.name}"."{name}!"'] if place.role.dimension else [
                f'f."{name}"', f'case when f."{name}" is null then -1 end']
        sql = f"select {', '.join(columns)} from {fact} f {' '.join(joins)} order by hash(f.source_row_id) limit {ANCHORS}"
        rows = self.tables.connection.execute(sql).fetchall()
        keys = [dict(zip([place.name for place in cube.places], path_of(row))) for row in rows]
        return [{place.name: tuple(row[place.above(depth).name] for depth in range(place.depth + 1)) for place in cube.places} for row in keys]


def path_of(row: tuple) -> tuple:
    """Keys from pairs of key and special member."""
    return tuple(key if special is None else ("special", special) for key, special in zip(row[::2], row[1::2]))
