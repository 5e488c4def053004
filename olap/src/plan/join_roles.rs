//! Second step: the dimensions that a query touches, each in its role, joined to the fact.
//!
//! ```text
//! as was   fact.<role>_key ─► row
//! as is    fact.<role>_key ─► row ─durable key─► its current row
//! as of    fact.<role>_key ─► row ─durable key─► its row valid then, or "not applicable"
//! ```
//! Every role joins its dimension under an alias of its own. The engine keeps the order of joins, so
//! dimensions with filters come first; it builds its hash tables on the smaller side.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::common::Column;
use datafusion::logical_expr::{Expr, JoinType, LogicalPlanBuilder, lit, when};
use datafusion::scalar::ScalarValue;
use planisphere_schemas::model::{Dimension, SpecialMember};

use super::coded_levels::CodedLevels;
use super::columns::{DURABLE, KEY, column, fact_alias, role_alias, special_of};
use super::planner::{PlanStep, Planner, with_columns};
use super::resolved::{ResolvedHistory, ResolvedLevel, ResolvedQuery};
use super::resolved_measure::{Input, ResolvedKind};
use super::scan_fact::scan;
use super::signs::add_signs;
use super::tree_levels::scan_dimension;
use crate::error::Result;
use crate::model::DimensionSource;

const DURABLE_OF_VERSION: &str = "#version_durable";
const VERSION: &str = "#version_key";
const BASIS: &str = "valid_from_basis";
/// What the basis says of members of which nothing is known but that facts refer to them.
const INFERRED: [&str; 2] = ["not_yet_arrived", "rejected"];

/// What a query needs of one role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RoleUse {
    /// The conformed dimension.
    pub(crate) dimension: String,
    /// The attributes that are read.
    pub(crate) attributes: BTreeSet<String>,
    /// True if a filter stands on the role.
    filtered: bool,
}

/// The roles that a query needs, by name.
pub(crate) type Roles = BTreeMap<String, RoleUse>;

/// The roles behind the levels and counted members of a query.
pub(crate) fn roles_of(query: &ResolvedQuery) -> Roles {
    let mut roles = Roles::new();
    for level in query.levels().filter(|level| !level.is_bridged()) {
        add_level(&mut roles, level);
    }
    for filter in query.filters.iter().chain(&query.cell) {
        if let Some(role) = roles.get_mut(filter.level.dimension()) {
            role.filtered = true;
        }
    }
    add_signs(&mut roles, query);
    for measure in &query.measures.needed {
        if let ResolvedKind::Aggregate(aggregate) = &measure.kind
            && let Input::Members {
                role,
                dimension,
                versioned: true,
            } = &aggregate.input
        {
            add_role(&mut roles, role, dimension);
        }
    }
    roles
}

/// The dimensions of which facts have many members that a query touches: the names of bridges.
pub(crate) fn bridged_roles(query: &ResolvedQuery) -> Roles {
    let mut roles = Roles::new();
    for level in query.levels().filter(|level| level.is_bridged()) {
        add_level(&mut roles, level);
    }
    roles
}

fn add_level(roles: &mut Roles, level: &ResolvedLevel) {
    if let DimensionSource::Role { dimension, .. } = &level.source {
        let role = add_role(roles, level.dimension(), dimension);
        role.attributes
            .extend(level.path.iter().map(|level| level.key.name.clone()));
    }
}

/// Adds a role if it is not there yet.
pub(crate) fn add_role<'r>(roles: &'r mut Roles, role: &str, dimension: &str) -> &'r mut RoleUse {
    roles.entry(role.to_owned()).or_insert_with(|| RoleUse {
        dimension: dimension.to_owned(),
        ..RoleUse::default()
    })
}

/// Joins the roles to the fact.
pub(crate) fn join_roles(
    planner: &Planner<'_>,
    mut plan: LogicalPlanBuilder,
    roles: &Roles,
    (history, coded): (ResolvedHistory, &CodedLevels),
) -> PlanStep {
    let mut ordered: Vec<_> = roles.iter().collect();
    ordered.sort_by_key(|(_, role)| !role.filtered);
    for (name, role) in ordered {
        let mut dimension = dimension_rows(planner, role, history)?;
        let of_role = coded.of_role(name);
        if !of_role.is_empty() {
            dimension = with_columns(dimension, of_role)?;
        }
        let dimension = dimension
            .alias(role_alias(name))
            .and_then(LogicalPlanBuilder::build);
        let on = (
            vec![Column::new(Some(fact_alias()), format!("{name}_key"))],
            vec![Column::new(Some(role_alias(name)), KEY)],
        );
        let dimension = dimension.map_err(Planner::failed)?;
        plan = plan
            .join(dimension, JoinType::Inner, on, None)
            .map_err(Planner::failed)?;
    }
    Ok(plan)
}

/// The rows of a dimension by the surrogate keys that facts hold.
pub(crate) fn dimension_rows(
    planner: &Planner<'_>,
    role: &RoleUse,
    history: ResolvedHistory,
) -> PlanStep {
    let dimension = planner.dimension(&role.dimension)?;
    let is_as_was = match history {
        _ if dimension.is_generated() => true,
        ResolvedHistory::AsWas => true,
        ResolvedHistory::AsIs => !dimension.is_versioned(),
        ResolvedHistory::Before(_) => false,
    };
    if !is_as_was {
        return rows_by_durable_key(planner, dimension, role, history);
    }
    let read = role.attributes.iter().map(String::as_str);
    let rows = scan_dimension(planner, dimension, read, history)?;
    rows_as_was(dimension, role, rows)
}

fn rows_as_was(dimension: &Dimension, role: &RoleUse, rows: LogicalPlanBuilder) -> PlanStep {
    let key = column(&dimension.key_column());
    let mut columns = vec![
        key.clone().alias(KEY),
        column(&dimension.durable_key_column()).alias(DURABLE),
    ];
    columns.extend(attributes(dimension, role, &key, special_key(&key)?)?);
    rows.project(columns).map_err(Planner::failed)
}

fn rows_by_durable_key(
    planner: &Planner<'_>,
    dimension: &Dimension,
    role: &RoleUse,
    history: ResolvedHistory,
) -> PlanStep {
    let key = column(&dimension.key_column());
    let durable = column(&dimension.durable_key_column());
    let pointed = scan(planner, &dimension.table())?
        .project(vec![key.clone().alias(KEY), durable.clone().alias(DURABLE)])
        .map_err(Planner::failed)?;
    let mut columns = vec![durable.alias(DURABLE_OF_VERSION), key.alias(VERSION)];
    columns.extend(role.attributes.iter().map(|name| column(name)));
    columns.push(column(BASIS));
    let read = role.attributes.iter().map(String::as_str);
    let versions = scan_dimension(planner, dimension, read, history)?
        .filter(row_holds(dimension, history))
        .and_then(|rows| rows.project(columns))
        .and_then(LogicalPlanBuilder::build)
        .map_err(Planner::failed)?;
    let on = (
        vec![Column::from_name(DURABLE)],
        vec![Column::from_name(DURABLE_OF_VERSION)],
    );
    let joined = pointed
        .join(versions, JoinType::Left, on, None)
        .map_err(Planner::failed)?;
    let version = column(VERSION);
    let special = when(
        version.clone().is_null(),
        lit(SpecialMember::NotApplicable.key()),
    )
    .when(version.clone().lt(lit(0)), version.clone())
    .end()
    .map_err(Planner::failed)?;
    let mut columns = vec![column(KEY), column(DURABLE)];
    columns.extend(attributes(dimension, role, &version, special)?);
    joined.project(columns).map_err(Planner::failed)
}

/// True for the rows of a dimension that hold in a history mode; special members always do.
pub(crate) fn row_holds(dimension: &Dimension, history: ResolvedHistory) -> Expr {
    let special = column(&dimension.key_column()).lt(lit(0));
    match history {
        ResolvedHistory::AsWas => lit(true),
        ResolvedHistory::AsIs => column("is_current").or(special),
        ResolvedHistory::Before(instant) => {
            let end = lit(ScalarValue::TimestampMicrosecond(
                Some(instant),
                Some("UTC".into()),
            ));
            let from = column("valid_from").lt(end.clone());
            from.and(column("valid_to").gt_eq(end)).or(special)
        }
    }
}

/// The special member's key of a row, null for ordinary rows.
fn special_key(key: &Expr) -> Result<Expr> {
    when(key.clone().lt(lit(0)), key.clone())
        .end()
        .map_err(Planner::failed)
}

/// Each attribute, and beside it the special member that it stands for.
fn attributes(
    dimension: &Dimension,
    role: &RoleUse,
    row_key: &Expr,
    special: Expr,
) -> Result<Vec<Expr>> {
    let mut columns = Vec::new();
    for name in &role.attributes {
        columns.push(ordinary(dimension, name, row_key)?.alias(name));
        columns.push(special_member(dimension, name, special.clone())?.alias(special_of(name)));
    }
    Ok(columns)
}

/// An attribute that is null on special rows; the business key holds the special id there.
pub(crate) fn ordinary(dimension: &Dimension, attribute: &str, row_key: &Expr) -> Result<Expr> {
    if attribute != dimension.id_column() {
        return Ok(column(attribute));
    }
    when(row_key.clone().gt(lit(0)), column(attribute))
        .end()
        .map_err(Planner::failed)
}

/// The special member of a row; where a member was only inferred from facts, "not yet arrived" for all but its id; else "not
/// given" where the attribute is null.
pub(crate) fn special_member(
    dimension: &Dimension,
    attribute: &str,
    special: Expr,
) -> Result<Expr> {
    let mut cases = when(special.clone().is_not_null(), special);
    let is_told = |it: &str| it == dimension.id_column() || dimension.attribute_above(it).is_some();
    if !dimension.is_calendar() && !is_told(attribute) {
        let inferred = INFERRED.map(lit).to_vec();
        let inferred = column(BASIS).in_list(inferred, false);
        cases = cases.when(inferred, lit(SpecialMember::NotYetArrived.key()));
    }
    let missing = column(attribute).is_null();
    cases
        .when(missing, lit(SpecialMember::NotGiven.key()))
        .end()
        .map_err(Planner::failed)
}
