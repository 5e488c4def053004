"""The model as its YAML says it: cubes, dimensions, levels, measures. What the documentation says of generated dimensions stands here too."""

import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import yaml

from contexts import Context, calls, quoted
from expression import names


@dataclass(frozen=True)
class Level:
    """A level and the attributes that identify, name and order its members."""

    name: str
    key: str
    name_en: str
    name_zh: str
    sort: str
    # Of a tree of members: how many levels there are down to it.
    height: int = 0


@dataclass(frozen=True)
class Hierarchy:
    """Levels, the coarsest first."""

    name: str
    levels: tuple[Level, ...]


@dataclass(frozen=True)
class Dimension:
    """A conformed dimension: the table is `dim_<name>`."""

    name: str
    hierarchies: tuple[Hierarchy, ...]
    versioned: bool
    # True if who is above whom has a history.
    moving: bool = False
    # The attribute with the operators of members in trees.
    operator: str | None = None

    def attributes(self) -> list[str]:
        """The attributes that identify members of some level."""
        return list(dict.fromkeys(level.key for hierarchy in self.hierarchies for level in hierarchy.levels))


@dataclass(frozen=True)
class Role:
    """A dimension of a cube: a role of a conformed dimension, a bridge to one, or degenerate columns (`dimension` is none)."""

    name: str
    dimension: Dimension | None
    hierarchies: tuple[Hierarchy, ...]
    bridge: bool = False


@dataclass(frozen=True)
class Place:
    """A level of a cube with its path: the levels from the top of the hierarchy down to it."""

    role: Role
    hierarchy: Hierarchy
    depth: int

    @property
    def level(self) -> Level:
        return self.hierarchy.levels[self.depth]

    @property
    def path(self) -> tuple[Level, ...]:
        return self.hierarchy.levels[: self.depth + 1]

    @property
    def name(self) -> str:
        return f"{self.role.name}.{self.hierarchy.name}.{self.level.name}"

    def above(self, depth: int) -> "Place":
        return Place(self.role, self.hierarchy, depth)

    def same_hierarchy(self, other: "Place") -> bool:
        return (self.role.name, self.hierarchy.name) == (other.role.name, other.hierarchy.name)


@dataclass(frozen=True)
class Measure:
    """A measure of a cube: an aggregate, or an expression over other measures."""

    name: str
    function: str | None
    of: str | None
    filter: str | None
    expression: str | None
    hidden: bool
    over: str | None
    at: str | None
    approximate: bool
    weighted: bool
    signed: bool
    # The type of the column that is aggregated.
    kind: str
    # The part of a cube across others, and its measure there.
    taken: tuple[str, str] | None = None
    context: Context | None = None


@dataclass(frozen=True)
class Part:
    """A cube that another one is across, and the roles there of the dimensions that are shared."""

    name: str
    cube: "Cube"
    dimensions: dict[str, str]

    def own(self, level: str) -> str:
        """A level in the words of the part."""
        dimension, rest = level.split(".", 1)
        return f"{self.dimensions[dimension]}.{rest}"


@dataclass(frozen=True)
class Cube:
    """A cube with everything that can be asked of it; one across others has parts and no star."""

    name: str
    star: str | None
    roles: tuple[Role, ...]
    measures: dict[str, Measure]
    # The roles of conformed dimensions that the star has, those that the cube does not show among them.
    of_star: tuple[Role, ...] = ()
    parts: tuple[Part, ...] = ()
    # The columns that a drill-through returns; all of the fact where none are declared.
    drill_through: tuple[str, ...] = ()
    # Filters as questions have them.
    defaults: tuple[dict, ...] = ()

    def within(self, names: list[str]) -> "Cube":
        """What can be asked together of some parts: their measures, by the dimensions that all of them have."""
        parts = tuple(part for part in self.parts if part.name in names)
        roles = tuple(role for role in self.roles if all(role.name in part.dimensions for part in parts))
        is_known = lambda it: not it.context or it.context.role in [role.name for role in roles]
        is_there = lambda it: it.taken[0] in names if it.taken else all(map(is_there, self.inputs(it))) and is_known(it)
        return replace(self, roles=roles, parts=parts, measures={name: it for name, it in self.measures.items() if is_there(it)})

    def as_was(self) -> "Cube":
        """What can be asked as was: nothing by trees that have a history, of which a fact does not tell who was above its member."""
        lasting = lambda role: tuple(it for it in role.hierarchies if not (role.dimension and role.dimension.moving and it.levels[0].height))
        roles = tuple(replace(role, hierarchies=lasting(role)) for role in self.roles if lasting(role))
        places = replace(self, roles=roles).named
        is_known = lambda it: not it.context or not it.context.level or it.context.level in places
        is_there = lambda it: not (it.signed and self.moves(it)) and is_known(it) and all(map(is_there, self.inputs(it)))
        return replace(self, roles=roles, measures={name: it for name, it in self.measures.items() if is_there(it)})

    def moves(self, measure: Measure) -> bool:
        """True if the operators that a measure takes are of trees with a history."""
        stars = [part.cube for part in self.parts if part.name == measure.taken[0]] if measure.taken else [self]
        return any(role.dimension.operator and role.dimension.moving for cube in stars for role in cube.of_star)

    def inputs(self, measure: Measure) -> list[Measure]:
        """The measures that an expression or a context names."""
        if measure.context:
            return [self.measures[measure.context.measure]]
        if not measure.expression:
            return []
        return [self.measures[name] for name in names(measure.expression) if name in self.measures]

    @cached_property
    def places(self) -> list[Place]:
        """All levels."""
        found = [(role, hierarchy) for role in self.roles for hierarchy in role.hierarchies]
        return [Place(role, hierarchy, depth) for role, hierarchy in found for depth in range(len(hierarchy.levels))]

    def place(self, name: str) -> Place:
        """The level `dimension.hierarchy.level`, or `dimension.level` where only one is called so."""
        return self.named[name]

    @cached_property
    def named(self) -> dict[str, Place]:
        """The levels by their names, of several that are called so without their hierarchies the first."""
        short = {f"{it.role.name}.{it.level.name}": it for it in reversed(self.places)}
        return short | {it.name: it for it in self.places}

    def visible(self) -> list[str]:
        return [measure.name for measure in self.measures.values() if not measure.hidden]


@dataclass(frozen=True)
class Model:
    """All cubes, and the time zone of the warehouse."""

    cubes: dict[str, Cube]
    dimensions: dict[str, Dimension]
    zone: str


def read(folder: Path) -> Model:
    """Reads a model folder."""
    load = lambda kind: [yaml.safe_load(path.read_text()) for path in sorted((folder / kind).glob("*.yaml"))]
    dimensions = {it["dimension"]: dimension(it) for it in load("conformed")}
    stars = {it["star"]: it for it in load("stars")}
    written = load("cubes")
    cubes = {it["cube"]: cube(it, stars[it["star"]], dimensions) for it in written if "star" in it}
    cubes |= {it["cube"]: across(it, cubes) for it in written if "across" in it}
    zone = yaml.safe_load((folder / "model.yaml").read_text())["time_zone"]
    return Model(cubes, dimensions, zone)


def dimension(yaml: dict) -> Dimension:
    name = yaml["dimension"]
    hierarchies = [hierarchy(*it) for it in yaml.get("hierarchies", {}).items()]
    if "calendar" in yaml:
        hierarchies = calendar(yaml["calendar"])
    if "time_of_day" in yaml:
        hierarchies = time_of_day(yaml["time_of_day"]["grain"])
    versioned = any(attribute.get("scd") in (2, 6) for attribute in yaml.get("attributes", {}).values())
    parent = yaml.get("parent", {})
    return Dimension(name, tuple(hierarchies), versioned, parent.get("scd") == 2, parent.get("operator"))


def hierarchy(name: str, yaml: dict) -> Hierarchy:
    if "depth" in yaml:
        return Hierarchy(name, tuple(tree_level(name, yaml, height) for height in range(1, yaml["depth"] + 1)))
    return Hierarchy(name, tuple(level(*it) for it in yaml["levels"].items()))


def tree_level(hierarchy: str, yaml: dict, height: int) -> Level:
    """A level of a tree of members, which are called and ordered as the hierarchy says."""
    name = f"level_{height}"
    return replace(level(name, yaml | {"key": f"{hierarchy}.{name}"}), height=height)


def level(name: str, yaml: dict) -> Level:
    """A level: the key names and orders its members where nothing else does."""
    key = yaml.get("key", name)
    english = yaml.get("name_en", yaml.get("name", key))
    return Level(name, key, english, yaml.get("name_zh", english), yaml.get("sort", key))


def plain(name: str, key: str | None = None, named: str | None = None) -> Level:
    key = key or name
    return Level(name, key, f"{named}_en" if named else key, f"{named}_zh" if named else key, key)


def calendar(yaml: dict) -> list[Hierarchy]:
    """The hierarchies of a calendar."""
    day = plain("day", "date")
    quarter, month = plain("quarter", named="quarter_name"), plain("month", named="month_name")
    part = lambda kind, *names: [plain(name, f"{kind}_{name}") for name in names]
    all = {
        "calendar": [plain("year"), quarter, month],
        "iso_week": part("iso", "year", "week"),
        "fiscal": part("fiscal", "year", "quarter", "month"),
    }
    if "holidays" in yaml:
        all["day_type"] = [plain("day_type", named="day_type_name")]
    if "retail" in yaml:
        all["retail"] = part("retail", "year", "quarter", "month", "week")
    return [Hierarchy(name, (*levels, day)) for name, levels in all.items()]


def time_of_day(grain: str) -> list[Hierarchy]:
    """The hierarchies of the times of a day."""
    hour = Level("hour", "hour", "hour_name", "hour_name", "hour")
    fine = [plain("minute", "time")] if grain == "minute" else [plain("minute"), plain("second", "time")]
    above = {"time": [], "day_part": [plain("day_part", named="day_part_name")], "half_day": [plain("half_day", named="half_day_name")]}
    return [Hierarchy(name, (*first, hour, *fine)) for name, first in above.items()]


def cube(yaml: dict, star: dict, dimensions: dict[str, Dimension]) -> Cube:
    bridges = star.get("bridges", {})
    of_star = {name: Role(name, dimensions[it], dimensions[it].hierarchies, name in bridges) for name, it in roles_of(star).items()}
    roles = [of_star[name] for name in yaml.get("roles", [])]
    for name, it in yaml.get("degenerate", {}).items():
        roles.append(Role(name, None, (Hierarchy(name, tuple(plain(column) for column in it["columns"])),)))
    measures = {name: measure(name, it, star) for name, it in yaml["measures"].items()}
    shown = tuple(yaml.get("drill_through", []))
    defaults = tuple(map(default, yaml.get("defaults", [])))
    return Cube(yaml["cube"], yaml["star"], tuple(roles), measures | contexts_in(yaml), tuple(of_star.values()), (), shown, defaults)


def default(written: str) -> dict:
    """A filter by the keys of one level, such as `product.category in k1, k2`; keys are texts or booleans."""
    level, sign, keys = re.fullmatch(r"(\S+) (=|in|not in) (.+)", written).groups()
    read = lambda key: {"true": True, "false": False}.get(key, key)
    return {"level": level, "not_in" if sign == "not in" else "in": [[read(key)] for key in keys.split(", ")]}


def across(yaml: dict, cubes: dict[str, Cube]) -> Cube:
    """A cube across others: a shared dimension is one of many members if it is for any part."""
    parts = tuple(Part(name, cubes[it.get("cube", name)], it["dimensions"]) for name, it in yaml["across"].items())
    roles = []
    for name in yaml["dimensions"]:
        behind = [role for part in parts for role in part.cube.roles if role.name == part.dimensions.get(name)]
        roles.append(replace(behind[0], name=name, bridge=any(role.bridge for role in behind)))
    measures = {name: measure_across(name, it, parts) for name, it in yaml["measures"].items()}
    return Cube(yaml["cube"], None, tuple(roles), measures | contexts_in(yaml), parts=parts)


def contexts_in(yaml: dict) -> dict[str, Measure]:
    """The contexts in the expressions of a cube, each a measure of its own."""
    found = [it for written in yaml["measures"].values() for it in calls(written.get("expression", "")).items()]
    return {name: replace(measure(name, {"hidden": True}, {}), context=context) for name, context in found}


def measure_across(name: str, yaml: dict, parts: tuple[Part, ...]) -> Measure:
    if "expression" in yaml:
        return measure(name, yaml, {})
    taken = tuple(yaml["of"].split("."))
    base = next(part.cube.measures[taken[1]] for part in parts if part.name == taken[0])
    return replace(base, name=name, expression=None, hidden=yaml.get("hidden", False), taken=taken)


def roles_of(star: dict) -> dict[str, str]:
    """The roles and bridges of a star with their dimensions; milestones are roles of the calendar."""
    named = star.get("dimensions", {}) | star.get("bridges", {})
    roles = {name: it.get("dimension", name) for name, it in named.items()}
    return roles | {f"{name}_date": "date" for name in star.get("milestones", {})}


def types_of(star: dict) -> dict[str, str]:
    """The types of the columns that measures aggregate; durations between milestones are whole numbers of days."""
    all = star.get("measures", {}) | star.get("degenerate", {})
    types = {name: it if isinstance(it, str) else it["type"] for name, it in all.items()}
    for first in star.get("milestones", {}):
        types |= {f"{first}_to_{later}_days": "integer" for later in star["milestones"] if later != first}
    return types | ({"last_milestone": "text"} if "milestones" in star else {})


def measure(name: str, yaml: dict, star: dict) -> Measure:
    """A measure; the periods of a state are those that the stored measure says, if the cube's does not."""
    field = yaml.get
    stored = star.get("measures", {}).get(field("of"), {})
    over = field("over", stored.get("over") if isinstance(stored, dict) else None)
    at = str(field("at")) if "at" in yaml else None
    expression = quoted(yaml["expression"]) if "expression" in yaml else None
    own = (field("function"), field("of"), field("filter"), expression, field("hidden", False))
    kind = types_of(star).get(field("of"), "")
    return Measure(name, *own, over, at, field("approximate", False), field("weighted", False), field("signed", False), kind)
