//! From which columns of staged tables each column of an entity comes, read off the plan of its query.
//!
//! What a value is made of counts, not what decides which rows there are: conditions of joins and filters are no origins.

use std::collections::BTreeMap;

use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::common::{DFSchema, TableReference};
use datafusion::logical_expr::{Distinct, Expr, JoinType, LogicalPlan};
use planisphere_schemas::model::{Entity, Source};
use planisphere_schemas::settings::EtlSettings;

use crate::error::{Error, Result};
use crate::staging::Package;

use super::select::select;
use super::session::open_empty_session;

/// How a value is made of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum How {
    /// It is the same, perhaps in another type.
    Same,
    /// An expression of it.
    Derived,
    /// One of several rows, or of all of them together.
    Aggregated,
}

impl How {
    /// The word in the tables.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Derived => "derived",
            Self::Aggregated => "aggregated",
        }
    }
}

/// Columns of staged relations, each with how a value is made of it.
pub(crate) type Origins = BTreeMap<(String, String), How>;

/// For each column of each entity of a source, its own ones such as `_deleted` too, where it comes from.
pub(crate) type EntityLineage = BTreeMap<(String, String), Origins>;

/// Plans the queries of a source over tables without rows and reads off their columns.
///
/// # Errors
/// [`Error::Conform`] for a query that cannot be planned.
pub(crate) async fn entity_lineage(
    package: &Package,
    source: &Source,
    settings: &EtlSettings,
    zone: chrono_tz::Tz,
) -> Result<EntityLineage> {
    let failed = |object: String| {
        move |error| Error::Conform {
            source_name: source.name.clone(),
            object,
            source: Box::new(error),
        }
    };
    let session = open_empty_session(package, source, settings, zone).await?;
    for view in &source.views {
        let named = || failed(format!("view '{}'", view.name));
        let frame = session.sql(&view.sql).await.map_err(named())?;
        let view = session.register_table(view.name.as_str(), frame.into_view());
        view.map_err(named())?;
    }
    let mut lineage = EntityLineage::new();
    for entity in &source.entities {
        let named = failed(format!("entity '{}'", entity.name));
        let frame = session.sql(&select(source, entity)).await.map_err(named)?;
        lineage.extend(columns_of(entity, frame.logical_plan()));
    }
    Ok(lineage)
}

fn columns_of(
    entity: &Entity,
    plan: &LogicalPlan,
) -> impl Iterator<Item = ((String, String), Origins)> {
    let names = plan.schema().fields().iter().map(|f| f.name().clone());
    let names: Vec<String> = names.collect();
    let columns = names.into_iter().zip(outputs(plan));
    columns.map(|(name, origins)| ((entity.name.clone(), name), origins))
}

/// For each column that a plan gives, where it comes from.
fn outputs(plan: &LogicalPlan) -> Vec<Origins> {
    match plan {
        LogicalPlan::TableScan(scan) => match scan.source.get_logical_plan() {
            Some(view) => {
                let all = outputs(&view);
                match &scan.projection {
                    Some(some) => some.iter().filter_map(|at| all.get(*at).cloned()).collect(),
                    None => all,
                }
            }
            None => scanned(&scan.table_name, &scan.projected_schema),
        },
        LogicalPlan::Projection(projection) => {
            let input = Input::of(&projection.input);
            projection
                .expr
                .iter()
                .map(|expr| input.origins(expr))
                .collect()
        }
        LogicalPlan::SubqueryAlias(alias) => outputs(&alias.input),
        LogicalPlan::Filter(filter) => outputs(&filter.input),
        LogicalPlan::Sort(sort) => outputs(&sort.input),
        LogicalPlan::Limit(limit) => outputs(&limit.input),
        LogicalPlan::Repartition(repartition) => outputs(&repartition.input),
        LogicalPlan::Distinct(Distinct::All(input)) => outputs(input),
        LogicalPlan::Distinct(Distinct::On(on)) => {
            let input = Input::of(&on.input);
            on.select_expr
                .iter()
                .map(|expr| input.origins(expr))
                .collect()
        }
        LogicalPlan::Subquery(subquery) => outputs(&subquery.subquery),
        LogicalPlan::Aggregate(aggregate) => {
            let input = Input::of(&aggregate.input);
            let groups = aggregate.group_expr.iter();
            let groups = groups.map(|expr| input.origins(expr));
            let values = aggregate.aggr_expr.iter();
            let values = values.map(|expr| raised(input.origins(expr), How::Aggregated));
            groups.chain(values).collect()
        }
        LogicalPlan::Window(window) => {
            let input = Input::of(&window.input);
            let values = window.window_expr.iter();
            let values = values.map(|expr| raised(input.origins(expr), How::Aggregated));
            input.columns.iter().cloned().chain(values).collect()
        }
        LogicalPlan::Join(join) => {
            let (mut left, right) = (outputs(&join.left), outputs(&join.right));
            match join.join_type {
                JoinType::LeftSemi | JoinType::LeftAnti => left,
                JoinType::RightSemi | JoinType::RightAnti => right,
                _ => {
                    left.extend(right);
                    left
                }
            }
        }
        LogicalPlan::Union(union) => {
            let mut all = union.inputs.iter().map(|input| outputs(input));
            let mut first = all.next().unwrap_or_default();
            for next in all {
                for (origins, more) in first.iter_mut().zip(next) {
                    add(origins, more);
                }
            }
            first
        }
        other => anything(other),
    }
}

/// A plan of another kind: each column may come from everything below.
fn anything(plan: &LogicalPlan) -> Vec<Origins> {
    let mut all = Origins::new();
    for input in plan.inputs() {
        for origins in outputs(input) {
            add(&mut all, raised(origins, How::Derived));
        }
    }
    vec![all; plan.schema().fields().len()]
}

fn scanned(table: &TableReference, schema: &DFSchema) -> Vec<Origins> {
    let columns = schema.fields().iter();
    let origin = |name: &str| (table.table().to_owned(), name.to_owned());
    columns
        .map(|field| Origins::from([(origin(field.name()), How::Same)]))
        .collect()
}

fn add(origins: &mut Origins, more: Origins) {
    for (column, how) in more {
        let known = origins.entry(column).or_insert(how);
        *known = how.max(*known);
    }
}

fn raised(mut origins: Origins, least: How) -> Origins {
    for how in origins.values_mut() {
        *how = least.max(*how);
    }
    origins
}

/// What an expression is made of.
struct Input<'a> {
    schema: &'a DFSchema,
    columns: Vec<Origins>,
}

impl<'a> Input<'a> {
    fn of(plan: &'a LogicalPlan) -> Self {
        Self {
            schema: plan.schema(),
            columns: outputs(plan),
        }
    }

    fn origins(&self, expr: &Expr) -> Origins {
        match expr {
            Expr::Alias(alias) => self.origins(&alias.expr),
            Expr::Cast(cast) => self.origins(&cast.expr),
            Expr::TryCast(cast) => self.origins(&cast.expr),
            Expr::Column(column) => {
                let place = self.schema.index_of_column(column).ok();
                let found = place.and_then(|place| self.columns.get(place));
                found.cloned().unwrap_or_default()
            }
            other => self.parts(other),
        }
    }

    /// The columns anywhere in an expression, and what its subqueries give.
    fn parts(&self, expr: &Expr) -> Origins {
        let mut all = Origins::new();
        let visited = expr.apply(|part| {
            match part {
                Expr::Column(_) => add(&mut all, raised(self.origins(part), How::Derived)),
                Expr::ScalarSubquery(subquery) => {
                    for origins in outputs(&subquery.subquery) {
                        add(&mut all, raised(origins, How::Derived));
                    }
                }
                Expr::AggregateFunction(_) | Expr::WindowFunction(_) => {
                    all = raised(std::mem::take(&mut all), How::Aggregated);
                }
                _ => {}
            }
            Ok(TreeNodeRecursion::Continue)
        });
        if let Err(error) = visited {
            tracing::debug!(%error, "an expression could not be walked through for its lineage");
        }
        all
    }
}
