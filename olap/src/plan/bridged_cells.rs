//! Cells by dimensions of which a fact has many members: the way from the fact leads through the groups of a bridge.
//!
//! ```text
//! fact rows ─► states by all other columns and the keys of groups ─┐
//! bridge ⋈ members that the query admits ─► group, columns of a set ┴─► joined, merged by the columns of the set; then the next set
//! ```
//! In each cell a fact takes part once, however many of its members belong there: groups meet every member of a set once, and a total is
//! not made of its parts. Weighted measures take the weights of those members.

use std::collections::BTreeMap;

use arrow::datatypes::DataType as Arrow;
use datafusion::common::Column;
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::{bool_and, sum};
use datafusion::functions_aggregate::grouping::grouping;
use datafusion::logical_expr::{Expr, GroupingSet, JoinType, LogicalPlanBuilder, cast, lit};
use datafusion::scalar::ScalarValue;

use super::aggregate_measures::aggregates_of;
use super::columns::{KEY, column, fact_column, role_alias};
use super::filter_members::{keep_members, members_of_facts};
use super::group_members::{GroupLevel, group_members, level_sets};
use super::join_roles::{RoleUse, Roles, bridged_roles, dimension_rows};
use super::measure_states::{Aggregate, WEIGHT};
use super::planner::{PlanStep, Planner, with_columns};
use super::rank_top::{is_ranked_by, keep_ranked_members};
use super::resolved::ResolvedQuery;
use super::signs::Signing;
use crate::error::Result;

const GROUP: &str = "#group";
const MEMBER: &str = "#member";

/// The group of a fact in a bridge.
fn group_of(bridge: &str) -> String {
    format!("{GROUP}_{bridge}")
}

/// The column that says the same of every group.
fn told(flag: bool) -> String {
    format!("#told_{flag}")
}

/// The weight of a group in a cell.
fn weight_of(bridge: &str) -> String {
    format!("{WEIGHT}_{bridge}")
}

/// Keeps the facts of which a member is admitted by what a query says of its bridges.
pub(super) fn keep_groups(
    planner: &Planner<'_>,
    mut facts: LogicalPlanBuilder,
    query: &ResolvedQuery,
) -> PlanStep {
    for (name, role) in &bridged_roles(query) {
        if !is_narrowed(query, name) {
            continue;
        }
        let admitted = members(planner, query, (name, role))?
            .project(vec![column(GROUP)])
            .and_then(LogicalPlanBuilder::build)
            .map_err(Planner::failed)?;
        let group = Column::new(
            Some(super::columns::fact_alias()),
            group_column(query, name)?,
        );
        let on = (vec![group], vec![Column::from_name(GROUP)]);
        facts = facts
            .join(admitted, JoinType::LeftSemi, on, None)
            .map_err(Planner::failed)?;
    }
    Ok(facts)
}

fn group_column(query: &ResolvedQuery, bridge: &str) -> Result<String> {
    let bridge = query.star.bridge(bridge);
    let bridge = bridge.ok_or_else(|| Planner::internal("a bridge is lost"))?;
    Ok(bridge.group_column())
}

/// True if the query does not admit all members.
fn is_narrowed(query: &ResolvedQuery, bridge: &str) -> bool {
    let mut filters = query.filters.iter().chain(&query.cell);
    filters.any(|filter| filter.level.dimension() == bridge) || is_ranked_by(query, bridge)
}

/// The members of all groups that a query admits, each with its group and weight.
fn members(
    planner: &Planner<'_>,
    query: &ResolvedQuery,
    (name, role): (&str, &RoleUse),
) -> PlanStep {
    let bridge = query.star.bridge(name);
    let bridge = bridge.ok_or_else(|| Planner::internal("a bridge is lost"))?;
    let rows = super::scan_fact::scan(planner, &bridge.table())?
        .project(vec![
            column(&bridge.group_column()).alias(GROUP),
            column(&bridge.key_column()).alias(MEMBER),
            column("weight").alias(WEIGHT),
        ])
        .map_err(Planner::failed)?;
    let dimension = dimension_rows(planner, role, query.history)?
        .alias(role_alias(name))
        .and_then(LogicalPlanBuilder::build)
        .map_err(Planner::failed)?;
    let on = (
        vec![Column::from_name(MEMBER)],
        vec![Column::new(Some(role_alias(name)), KEY)],
    );
    let mut rows = rows
        .join(dimension, JoinType::Inner, on, None)
        .map_err(Planner::failed)?;
    for filter in query.filters.iter().chain(&query.cell) {
        if filter.level.dimension() == name {
            let members = members_of_facts(&filter.level)?;
            rows = keep_members(planner, rows, &members, (filter, query))?;
        }
    }
    match is_ranked_by(query, name) {
        true => keep_ranked_members(planner, rows, (query, name)),
        false => Ok(rows),
    }
}

/// The aggregates of a query that touches bridges.
pub(super) fn bridged_cells(
    planner: &Planner<'_>,
    facts: LogicalPlanBuilder,
    query: &ResolvedQuery,
    levels: &[GroupLevel],
) -> PlanStep {
    let roles = bridged_roles(query);
    let plain: Vec<GroupLevel> = levels
        .iter()
        .filter(|it| !it.level.is_bridged())
        .cloned()
        .collect();
    let grouped = group_members(facts, &plain)?;
    let (aggregates, cells) =
        aggregates_of(planner, &grouped, &query.measures, &Signing::default())?;
    let mut finest: Vec<Expr> = plain
        .iter()
        .flat_map(GroupLevel::columns)
        .map(|name| column(&name))
        .collect();
    for name in roles.keys() {
        finest.push(fact_column(&group_column(query, name)?).alias(group_of(name)));
    }
    let states: Vec<Expr> = aggregates.iter().map(|it| it.state.clone()).collect();
    let bridged = Bridged {
        planner,
        query,
        levels,
        states: grouped.aggregate(finest, states).map_err(Planner::failed)?,
        aggregates,
        cells,
        roles,
    };
    bridged.all_sets()
}

/// A query whose facts are grouped by all that is not bridged and by groups.
struct Bridged<'q> {
    planner: &'q Planner<'q>,
    query: &'q ResolvedQuery,
    levels: &'q [GroupLevel],
    states: LogicalPlanBuilder,
    aggregates: Vec<Aggregate>,
    cells: Vec<Expr>,
    roles: Roles,
}

/// The positions of some levels.
type Positions = Vec<usize>;

impl Bridged<'_> {
    /// The rows of all sets of group columns, those with the same bridged levels together.
    fn all_sets(&self) -> PlanStep {
        let sets = level_sets(&self.query.axes, self.levels);
        let has_totals = sets.len() > 1;
        let mut together: BTreeMap<Positions, Vec<Positions>> = BTreeMap::new();
        for set in sets {
            let through = set.iter().copied();
            let through = through.filter(|at| self.levels[*at].level.is_bridged());
            together.entry(through.collect()).or_default().push(set);
        }
        let mut all: Option<LogicalPlanBuilder> = None;
        for (through, sets) in together {
            let rows = self.rows_of(&through, &sets, has_totals)?;
            all = Some(match all {
                None => rows,
                Some(before) => {
                    let rows = rows.build().map_err(Planner::failed)?;
                    before.union(rows).map_err(Planner::failed)?
                }
            });
        }
        all.ok_or_else(|| Planner::internal("a query without a set of groups"))
    }

    /// The rows of sets that have the same bridged levels.
    fn rows_of(&self, through: &[usize], sets: &[Positions], has_totals: bool) -> PlanStep {
        let plan = self.joined(through)?;
        let columns = |set: &Positions| -> Vec<Expr> {
            let levels = set.iter().map(|at| &self.levels[*at]);
            let names = levels.flat_map(GroupLevel::columns);
            names.map(|name| column(&name)).collect()
        };
        let mut merged: Vec<Expr> = self.aggregates.iter().map(|it| it.shared.clone()).collect();
        let (group, flags) = match sets {
            [set] => (columns(set), false),
            sets => {
                for (_, level) in self
                    .levels_in(sets)
                    .filter(|(_, it)| !it.level.is_bridged())
                {
                    let own = level.own()?;
                    merged.push(grouping(column(&own.key)).alias(own.subtotal()));
                }
                let sets = sets.iter().map(columns).collect();
                (
                    vec![Expr::GroupingSet(GroupingSet::GroupingSets(sets))],
                    true,
                )
            }
        };
        // as literals they would be constants that differ by branch of the union, which the engine takes out of the order of rows
        merged.extend([true, false].map(|flag| bool_and(lit(flag)).alias(told(flag))));
        let grouped = plan.aggregate(group, merged).map_err(Planner::failed)?;
        let mut kept = Vec::new();
        for (at, level) in self.levels.iter().enumerate() {
            let is_there = sets.iter().any(|set| set.contains(&at));
            for name in level.columns() {
                kept.push(match is_there {
                    true => column(&name),
                    false => self.nothing(&name)?.alias(name),
                });
            }
        }
        for (at, level) in self.levels.iter().enumerate().filter(|_| has_totals) {
            let own = level.own()?.subtotal();
            let is_there = sets.iter().any(|set| set.contains(&at));
            let is_total = match is_there && flags && !level.level.is_bridged() {
                true => column(&own).eq(lit(1)),
                false => coalesce(vec![column(&told(!is_there)), lit(!is_there)]),
            };
            kept.push(is_total.alias(own));
        }
        kept.extend(self.cells.iter().cloned());
        grouped.project(kept).map_err(Planner::failed)
    }

    /// The levels that stand in some of these sets, with their positions.
    fn levels_in(&self, sets: &[Positions]) -> impl Iterator<Item = (usize, &GroupLevel)> {
        let all = self.levels.iter().enumerate();
        all.filter(move |(at, _)| sets.iter().any(|set| set.contains(at)))
    }

    /// The states beside the members of some bridged levels and the weights of their groups there.
    fn joined(&self, through: &[usize]) -> PlanStep {
        let mut plan = self.states.clone();
        let mut weight = cast(lit(1), Arrow::Decimal256(1, 0));
        for (name, role) in &self.roles {
            let own: Vec<GroupLevel> = through
                .iter()
                .map(|at| &self.levels[*at])
                .filter(|level| level.level.dimension() == name)
                .cloned()
                .collect();
            if own.is_empty() && !is_narrowed(self.query, name) {
                continue;
            }
            let there = format!("{}#there", group_of(name));
            let mut columns = vec![column(GROUP).alias(&there)];
            columns.extend(
                own.iter()
                    .flat_map(GroupLevel::columns)
                    .map(|it| column(&it)),
            );
            let members = self.members_by(name, role, &own)?;
            let weights = vec![sum(column(WEIGHT)).alias(weight_of(name))];
            let members = members
                .aggregate(columns, weights)
                .and_then(LogicalPlanBuilder::build)
                .map_err(Planner::failed)?;
            let on = (
                vec![Column::from_name(group_of(name))],
                vec![Column::from_name(there)],
            );
            plan = plan
                .join(members, JoinType::Inner, on, None)
                .map_err(Planner::failed)?;
            weight = weight * cast(column(&weight_of(name)), Arrow::Decimal256(21, 10));
        }
        with_columns(plan, vec![weight.alias(WEIGHT)])
    }

    fn members_by(&self, name: &str, role: &RoleUse, levels: &[GroupLevel]) -> PlanStep {
        group_members(members(self.planner, self.query, (name, role))?, levels)
    }

    /// A null in the place of a group column.
    fn nothing(&self, name: &str) -> Result<Expr> {
        let of_states = self.states.schema().field_with_unqualified_name(name);
        let data_type = match of_states {
            Ok(field) => field.data_type().clone(),
            Err(_) => self.bridged_type(name)?,
        };
        let nothing = ScalarValue::try_from(&data_type).map_err(Planner::failed)?;
        Ok(lit(nothing))
    }

    fn bridged_type(&self, name: &str) -> Result<Arrow> {
        let of = |level: &&GroupLevel| level.columns().iter().any(|it| it == name);
        let level = self.levels.iter().find(of);
        let level = level.ok_or_else(|| Planner::internal(format!("column '{name}' is lost")))?;
        let dimension = level.level.dimension();
        let role = self.roles.get(dimension);
        let role = role.ok_or_else(|| Planner::internal("a bridge is lost"))?;
        let plan = self.members_by(dimension, role, std::slice::from_ref(level))?;
        let field = plan.schema().field_with_unqualified_name(name);
        Ok(field.map_err(Planner::failed)?.data_type().clone())
    }
}
