//! The rows of a dimension with what stands above their members in its trees.
//!
//! ```text
//! dim ─durable key─► tree of the history mode ─level_<n>_durable_key─► current row of the member at each level
//! ```
//! A member that stands above a level is told there as itself, so that each level has every member once. Members are named by their current
//! rows, whatever the history mode; who is above whom is so in that mode.

use std::collections::BTreeMap;

use datafusion::common::Column;
use datafusion::datasource::provider_as_source;
use datafusion::functions_aggregate::expr_fn::{max, sum};
use datafusion::logical_expr::{Expr, JoinType, LogicalPlanBuilder, lit, when};
use datafusion::scalar::ScalarValue;
use planisphere_schemas::model::{AttributeAbove, Dimension, OPEN_TO, Tree};

use super::columns::column;
use super::operator_sign::operator_sign;
use super::planner::{PlanStep, Planner};
use super::resolved::ResolvedHistory;
use super::scan_fact::scan;
use super::signs::{level_of_sign, sign_attribute};
use crate::error::Result;

const MEMBER: &str = "#tree_member";
const ABOVE: &str = "#tree_above";
const STEPS: &str = "#tree_steps";
const HIGH: &str = "#tree_high";
const HEIGHT: &str = "#tree_height";
const OF: &str = "#tree_operator_of";
const SIGN: &str = "#tree_sign";

/// The rows of a dimension with these attributes, of which some may be of members above.
pub(crate) fn scan_dimension<'n>(
    planner: &Planner<'_>,
    dimension: &Dimension,
    attributes: impl IntoIterator<Item = &'n str>,
    history: ResolvedHistory,
) -> PlanStep {
    let mut signs = Vec::new();
    let mut of_trees: BTreeMap<&str, (&Tree, BTreeMap<u8, Vec<Above<'_>>>)> = BTreeMap::new();
    for name in attributes {
        signs.extend(level_of_sign(name));
        if let Some(above) = dimension.attribute_above(name) {
            let (_, levels) = of_trees
                .entry(&above.tree.name)
                .or_insert_with(|| (above.tree, BTreeMap::new()));
            let attributes = levels.entry(above.level).or_default();
            if attributes.iter().all(|it| it.0 != name) {
                attributes.push((name, above));
            }
        }
    }
    let mut rows = scan(planner, &dimension.table())?;
    for (tree, levels) in of_trees.into_values() {
        let named = levels.values().flatten().map(|(name, _)| *name);
        let key = format!(
            "{} {history} {:?}",
            dimension.name,
            named.collect::<Vec<_>>()
        );
        let told = told(planner, (dimension, tree), levels, history)?;
        rows = beside(rows, dimension, kept(planner, &key, told)?)?;
    }
    if !signs.is_empty() {
        signs.sort_unstable();
        signs.dedup();
        let key = format!("{} {history} signs {signs:?}", dimension.name);
        let told = signs_of(planner, dimension, &signs, history)?;
        rows = beside(rows, dimension, kept(planner, &key, told)?)?;
    }
    Ok(rows)
}

/// The rows of a plan, which this version keeps.
fn kept(planner: &Planner<'_>, key: &str, plan: LogicalPlanBuilder) -> PlanStep {
    let plan = plan.build().map_err(Planner::failed)?;
    let table = planner.stars.kept().table(key, plan);
    LogicalPlanBuilder::scan("kept", provider_as_source(table), None).map_err(Planner::failed)
}

/// The rows of a dimension beside what is told of their members; who is in no tree has nothing there.
fn beside(rows: LogicalPlanBuilder, dimension: &Dimension, told: LogicalPlanBuilder) -> PlanStep {
    // each has a name of its own for the member
    let member = format!("{MEMBER}_{}", rows.schema().fields().len());
    let names = told.schema().columns().into_iter();
    let columns = names.map(|it| match it.name == MEMBER {
        true => column(MEMBER).alias(&member),
        false => column(&it.name).alias(&it.name),
    });
    let told = told
        .project(columns.collect::<Vec<_>>())
        .and_then(LogicalPlanBuilder::build)
        .map_err(Planner::failed)?;
    let durable = Column::new(Some(dimension.table()), dimension.durable_key_column());
    let on = (vec![durable], vec![Column::from_name(member)]);
    rows.join(told, JoinType::Left, on, None)
        .map_err(Planner::failed)
}

/// For each member the signs of its way up to some levels: the product of the operators of all on the way below these.
fn signs_of(
    planner: &Planner<'_>,
    dimension: &Dimension,
    levels: &[u8],
    history: ResolvedHistory,
) -> PlanStep {
    let pairs = scan(planner, &dimension.closure_table())?
        .filter(tree_holds(history))
        .and_then(|pairs| {
            pairs.project(vec![
                column("ancestor_durable_key").alias(ABOVE),
                column("descendant_durable_key").alias(MEMBER),
                column("depth").alias(STEPS),
            ])
        })
        .map_err(Planner::failed)?;
    let heights = pairs
        .clone()
        .aggregate(
            vec![column(MEMBER).alias(HIGH)],
            vec![(max(column(STEPS)) + lit(1)).alias(HEIGHT)],
        )
        .and_then(LogicalPlanBuilder::build)
        .map_err(Planner::failed)?;
    let operators = operators(planner, dimension)?;
    let operators = operators.build().map_err(Planner::failed)?;
    let on = |left: &str, right: &str| {
        let name = Column::from_name;
        (vec![name(left)], vec![name(right)])
    };
    let ways = pairs
        .join(heights, JoinType::Inner, on(MEMBER, HIGH), None)
        .and_then(|ways| ways.join(operators, JoinType::Left, on(ABOVE, OF), None))
        .map_err(Planner::failed)?;
    let (mut counted, mut told) = (Vec::new(), vec![column(MEMBER)]);
    for level in levels {
        let name = sign_attribute(*level);
        let is_below = (column(HEIGHT) - column(STEPS)).gt(lit(i64::from(*level)));
        let number = |sign: i64| {
            let counts = is_below.clone().and(column(SIGN).eq(lit(sign)));
            let one = when(counts, lit(1_i64)).otherwise(lit(0_i64));
            one.map(sum).map_err(Planner::failed)
        };
        let (nothing, turned) = (format!("{name}_nothing"), format!("{name}_turned"));
        counted.push(number(0)?.alias(&nothing));
        counted.push(number(-1)?.alias(&turned));
        let sign = when(column(&nothing).gt(lit(0_i64)), lit(0_i64))
            .when((column(&turned) % lit(2_i64)).eq(lit(1_i64)), lit(-1_i64))
            .otherwise(lit(1_i64));
        told.push(sign.map_err(Planner::failed)?.alias(name));
    }
    ways.aggregate(vec![column(MEMBER)], counted)
        .and_then(|ways| ways.project(told))
        .map_err(Planner::failed)
}

/// The sign of each member's own operator.
fn operators(planner: &Planner<'_>, dimension: &Dimension) -> PlanStep {
    let parent = dimension.parent.as_ref();
    let operator = parent.and_then(|parent| parent.operator.as_ref());
    let operator = operator.ok_or_else(|| {
        Planner::internal(format!("members of '{}' have no operators", dimension.name))
    })?;
    let id = column(&dimension.id_column());
    let sign = operator_sign(&dimension.name, column(operator), id);
    scan(planner, &dimension.table())?
        .filter(column("is_current"))
        .and_then(|rows| {
            rows.project(vec![
                column(&dimension.durable_key_column()).alias(OF),
                sign.alias(SIGN),
            ])
        })
        .map_err(Planner::failed)
}

/// An attribute above, under its name.
type Above<'n> = (&'n str, AttributeAbove<'n>);

/// For each member that a history mode knows what is told of those above it.
fn told(
    planner: &Planner<'_>,
    (dimension, tree): (&Dimension, &Tree),
    levels: BTreeMap<u8, Vec<Above<'_>>>,
    history: ResolvedHistory,
) -> PlanStep {
    let durable = dimension.durable_key_column();
    let mut kept = vec![column(&durable).alias(MEMBER)];
    let at_level = |level: u8| column(&tree.level_column(level)).alias(at(level));
    kept.extend(levels.keys().map(|level| at_level(*level)));
    let mut rows = scan(planner, &dimension.tree_table(tree))?
        .filter(tree_holds(history))
        .and_then(|rows| rows.project(kept))
        .map_err(Planner::failed)?;
    let mut columns = vec![column(MEMBER)];
    for (level, attributes) in levels {
        let own = format!("{}#own", at(level));
        let mut of_member = vec![column(&durable).alias(&own)];
        for (name, above) in attributes {
            columns.push(column(name));
            of_member.push(of_ordinary(dimension, above.attribute)?.alias(name));
        }
        let is_special = column(&dimension.key_column()).lt(lit(0));
        let members = scan(planner, &dimension.table())?
            .filter(column("is_current").or(is_special))
            .and_then(|members| members.project(of_member))
            .and_then(LogicalPlanBuilder::build)
            .map_err(Planner::failed)?;
        let on = (
            vec![Column::from_name(at(level))],
            vec![Column::from_name(own)],
        );
        rows = rows
            .join(members, JoinType::Left, on, None)
            .map_err(Planner::failed)?;
    }
    rows.project(columns).map_err(Planner::failed)
}

/// The durable key of the member at a level.
fn at(level: u8) -> String {
    format!("#tree_level_{level}")
}

/// An attribute; null in special rows, whose business key is none.
fn of_ordinary(dimension: &Dimension, attribute: &str) -> Result<Expr> {
    let is_ordinary = column(&dimension.key_column()).gt(lit(0));
    when(is_ordinary, column(attribute))
        .end()
        .map_err(Planner::failed)
}

/// True for the rows of a tree that hold in a history mode. Of a tree with a history who was above whom at the time of a fact is not known, which
/// is refused before.
fn tree_holds(history: ResolvedHistory) -> Expr {
    let instant = |at| {
        lit(ScalarValue::TimestampMicrosecond(
            Some(at),
            Some("UTC".into()),
        ))
    };
    match history {
        ResolvedHistory::AsWas | ResolvedHistory::AsIs => {
            column("valid_to").gt_eq(instant(OPEN_TO))
        }
        ResolvedHistory::Before(end) => {
            let from = column("valid_from").lt(instant(end));
            from.and(column("valid_to").gt_eq(instant(end)))
        }
    }
}
