"""Trees of members in SQL: who stands at each level above a member, and the signs of the way up to it, by following parents.

A member that stands above a level is told there as itself. Who names a parent that nobody knows, or is its own ancestor, stands at the top.
"""

from schema import Cube, Dimension, Measure, Place, Role
from histories import History

# An operator turns a member around, or leaves it out; with another one, or none, it counts as it is.
SIGN = "case {} when '-' then -1 when '~' then 0 else 1 end"


def history_of(dimension: Dimension, history: History) -> History:
    """The mode in which a tree is told: as was it has no history."""
    return History("as_is") if history.mode == "as_was" else history


def joined(table: str, dimension: Dimension, history: History) -> str:
    """The rows of a dimension beside what its trees say of their members."""
    name = dimension.name
    told = [f'ids[least({level.height}, len(ids))] as "{level.key}"' for it in dimension.hierarchies for level in it.levels if level.height]
    told += [f'list_aggregate(signs[{height + 1}:] || [1], \'product\')::int as "#sign{height}"' for height in heights(dimension)]
    key, durable = f"{name}_key", f"{name}_durable_key"
    holds = history_of(dimension, history).holds("d", key)
    sign = SIGN.format(f"d.{dimension.operator}") if dimension.operator else "1"
    return f"""
        with recursive
        held as (select d.{durable} as member, d.{name}_id as id, d.parent_id as above, {sign} as sign from {table} d where d.{key} > 0 and {holds}),
        steps as (select h.member, a.member as above from held h join held a on a.id = h.above),
        reached as (select member, above from steps union select r.member, s.above from reached r join steps s on s.member = r.above),
        down as (
            select member, [id] as ids, [sign] as signs from held
            where member not in (select member from steps) or member in (select member from reached where above = member)
            union all
            select h.member, u.ids || [h.id], u.signs || [h.sign] from down u join steps s on s.above = u.member join held h on h.member = s.member
            where h.member not in (select member from reached where above = member))
        select d.*, t.* exclude (member) from {table} d left join (select member, {', '.join(told)} from down) t on t.member = d.{durable}"""


def heights(dimension: Dimension) -> range:
    """The levels whose signs are told: 0 is above the top, where the operators of all members on the way count."""
    all = [level.height for it in dimension.hierarchies for level in it.levels]
    return range(max(all) + 1) if dimension.operator else range(0)


def signed_roles(cube: Cube) -> list[Role]:
    """The roles of the star whose members have operators, also where the cube does not show them."""
    return [role for role in cube.of_star if role.dimension.operator and not role.bridge]


def sign(oracle, places: list[Place]) -> str:
    """The sign of fact rows in cells that stand at some levels."""
    found = []
    for role in signed_roles(oracle.cube):
        own = [place.level.height for place in places if place.role.name == role.name]
        found.append(f'coalesce(f."{role.name}#sign{max([0, *own, *named(oracle, role)])}", 1)')
    return " * ".join(found)


def named(oracle, role: Role) -> list[int]:
    """The levels of filters that name one member, for which they stand."""
    question, place = oracle.question, oracle.cube.place
    one = [place(it["level"]) for it in question["filters"] if len(it.get("in", [])) == 1]
    return [it.level.height for it in one if it.role.name == role.name]


def signed(oracle) -> list[Measure]:
    """The measures that a question needs of which the operators are taken."""
    return [it for it in oracle.made_of(oracle.needed()) if it.signed]
