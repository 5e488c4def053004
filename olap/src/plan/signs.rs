//! Measures that take the operators of trees: a member counts for the one above it as its operator says, by itself, turned around, or not at all.
//!
//! ```text
//! fact ─► member ─► sign of the way up to each level ─► one sum of signed values a level ─► that of the level at which the row stands
//! ```
//! A fact counts in a cell with the product of the operators of all members below the member of the cell, down to its own. In a total
//! it counts with those up to the top. (Unary operators of SQL Server Analysis Services; `+`, `-` and `~` of them.)

use std::collections::BTreeMap;

use datafusion::functions::core::expr_fn::coalesce;
use datafusion::logical_expr::{Expr, lit, when};
use planisphere_schemas::model::{Model, Star};

use super::columns::{column, role_column};
use super::group_members::GroupLevel;
use super::join_roles::{Roles, add_role};
use super::planner::Planner;
use super::resolved::{ResolvedCondition, ResolvedLevel, ResolvedQuery};
use super::resolved_measure::{ResolvedKind, ResolvedMeasures};
use crate::error::Result;

/// A role whose members have operators.
#[derive(Debug, Clone)]
pub(crate) struct SignedRole {
    pub(crate) role: String,
    pub(crate) dimension: String,
    /// The hierarchies that are its trees.
    trees: Vec<String>,
}

/// The roles of a star whose operators some measures take.
pub(crate) fn signed_roles(
    model: &Model,
    star: &Star,
    measures: &ResolvedMeasures,
) -> Vec<SignedRole> {
    if !measures.needed.iter().any(|it| is_signed(&it.kind)) {
        return Vec::new();
    }
    let roles = star.roles.iter().filter_map(|role| {
        let dimension = model.dimension(&role.dimension)?;
        dimension.parent.as_ref()?.operator.as_ref()?;
        Some(SignedRole {
            role: role.name.clone(),
            dimension: role.dimension.clone(),
            trees: dimension.trees.iter().map(|it| it.name.clone()).collect(),
        })
    });
    roles.collect()
}

/// True if a measure takes operators.
pub(crate) fn is_signed(kind: &ResolvedKind) -> bool {
    matches!(kind, ResolvedKind::Aggregate(aggregate) if aggregate.signed)
}

impl SignedRole {
    /// The level of its tree, from 1; `None` of others.
    fn level(&self, level: &ResolvedLevel) -> Option<u8> {
        let hierarchy = level.name.hierarchy.as_ref();
        let is_tree = hierarchy.is_some_and(|name| self.trees.contains(name));
        let is_own = level.dimension() == self.role && is_tree;
        is_own.then(|| u8::try_from(level.path.len()).ok())?
    }

    /// The level above which nothing is asked: that of the one member that a filter names, else the top.
    fn base(&self, query: &ResolvedQuery) -> u8 {
        let filters = query.filters.iter().chain(&query.cell);
        let named = filters.filter_map(|filter| {
            let is_one =
                matches!(&filter.condition, ResolvedCondition::In(members) if members.len() == 1);
            self.level(&filter.level).filter(|_| is_one)
        });
        named.max().unwrap_or(0)
    }
}

/// The attribute of a member with the sign of its way up to a level.
pub(crate) fn sign_attribute(level: u8) -> String {
    format!("#sign_{level}")
}

/// The level of such an attribute.
pub(crate) fn level_of_sign(attribute: &str) -> Option<u8> {
    attribute.strip_prefix("#sign_")?.parse().ok()
}

/// Adds the signs that the cells of a query may need.
pub(crate) fn add_signs(roles: &mut Roles, query: &ResolvedQuery) {
    for signed in &query.signs {
        let asked = query.levels().filter_map(|level| signed.level(level)).max();
        let levels = 0..=asked.unwrap_or(0);
        let role = add_role(roles, &signed.role, &signed.dimension);
        role.attributes.extend(levels.map(sign_attribute));
    }
}

/// At which levels the rows of a plan stand.
#[derive(Default)]
pub(crate) struct Signing(Vec<Standing>);

/// Of one role: the levels, the finest first, each with what holds for its rows; the last is that of all others.
struct Standing {
    role: String,
    levels: Vec<(u8, Option<Expr>)>,
}

/// One level of each role.
pub(crate) struct Way {
    /// What tells it from others in names.
    pub(crate) name: String,
    /// The sign of a fact; `None` if none has one.
    sign: Option<Expr>,
    /// True for its rows; `None` if that is all that are left.
    pub(crate) holds: Option<Expr>,
}

impl Signing {
    /// All rows stand at these levels, by dimension and hierarchy, so deep.
    pub(crate) fn at<'l>(
        query: &ResolvedQuery,
        present: impl Iterator<Item = (&'l ResolvedLevel, usize)> + Clone,
    ) -> Self {
        let standing = |signed: &SignedRole| {
            let own = present.clone().filter_map(|(level, depth)| {
                signed.level(level)?;
                u8::try_from(depth).ok()
            });
            let level = own.max().unwrap_or(0).max(signed.base(query));
            Standing {
                role: signed.role.clone(),
                levels: vec![(level, None)],
            }
        };
        Self(query.signs.iter().map(standing).collect())
    }

    /// Rows stand at the finest level over which they are not summed.
    pub(crate) fn by_subtotals(query: &ResolvedQuery, levels: &[GroupLevel]) -> Result<Self> {
        let mut all = Vec::new();
        for signed in &query.signs {
            let base = signed.base(query);
            let mut by_level: BTreeMap<u8, Expr> = BTreeMap::new();
            for level in levels {
                let Some(depth) = signed.level(&level.level).filter(|it| *it > base) else {
                    continue;
                };
                let is_there = column(&level.own()?.subtotal()).eq(lit(0));
                let either = match by_level.remove(&depth) {
                    Some(other) => other.or(is_there),
                    None => is_there,
                };
                by_level.insert(depth, either);
            }
            let finest_first = by_level.into_iter().rev();
            let mut levels: Vec<_> = finest_first.map(|(it, holds)| (it, Some(holds))).collect();
            levels.push((base, None));
            all.push(Standing {
                role: signed.role.clone(),
                levels,
            });
        }
        Ok(Self(all))
    }

    /// Every combination of levels, in an order in which the first that holds is the right one.
    pub(crate) fn ways(&self) -> Vec<Way> {
        let mut ways = vec![Way {
            name: String::new(),
            sign: None,
            holds: None,
        }];
        for standing in &self.0 {
            let with = |way: &Way, (level, holds): &(u8, Option<Expr>)| {
                let own = role_column(&standing.role, &sign_attribute(*level));
                // who is in no tree stands alone
                let own = coalesce(vec![own, lit(1_i64)]);
                let both = |one: &Option<Expr>, two: Option<Expr>| match (one.clone(), two) {
                    (Some(one), Some(two)) => Some(one.and(two)),
                    (one, two) => one.or(two),
                };
                Way {
                    name: format!("{}@{}.{level}", way.name, standing.role),
                    sign: Some(match &way.sign {
                        Some(sign) => sign.clone() * own,
                        None => own,
                    }),
                    holds: both(&way.holds, holds.clone()),
                }
            };
            ways = ways
                .iter()
                .flat_map(|way| standing.levels.iter().map(move |level| with(way, level)))
                .collect();
        }
        ways
    }
}

impl Way {
    /// Values with their signs; those that do not count are null.
    pub(crate) fn signed(&self, values: Expr) -> Result<Expr> {
        let Some(sign) = &self.sign else {
            return Ok(values);
        };
        when(sign.clone().eq(lit(1_i64)), values.clone())
            .when(sign.clone().eq(lit(-1_i64)), -values)
            .end()
            .map_err(Planner::failed)
    }
}
