//! Which columns of staged tables some columns of an entity need, and with them what decides which rows there are.

use std::collections::BTreeSet;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::LogicalPlan;
use planisphere_schemas::model::{Entity, Source};
use planisphere_schemas::settings::EtlSettings;

use crate::error::{Error, Result};
use crate::staging::Package;

use super::select::select;
use super::session::open_empty_session;

/// Plans the query of an entity for these columns and its own ones, such as `_deleted`, over tables without rows, and returns
/// what is left of them: relations and their columns.
///
/// # Errors
/// [`Error::Conform`] for a query that cannot be planned.
pub(crate) async fn needs(
    package: &Package,
    (source, entity): (&Source, &Entity),
    columns: &[&str],
    settings: &EtlSettings,
    zone: chrono_tz::Tz,
) -> Result<BTreeSet<(String, String)>> {
    let failed = |error: DataFusionError| Error::Conform {
        source_name: source.name.clone(),
        object: format!("entity '{}'", entity.name),
        source: Box::new(error),
    };
    let session = open_empty_session(package, source, settings, zone).await?;
    for view in &source.views {
        let frame = session.sql(&view.sql).await.map_err(failed)?;
        let view = session.register_table(view.name.as_str(), frame.into_view());
        view.map_err(failed)?;
    }
    let frame = session.sql(&select(source, entity)).await.map_err(failed)?;
    let names = frame.schema().fields().iter().map(|it| it.name().clone());
    let names = names.filter(|name| name.starts_with('_') || columns.contains(&name.as_str()));
    let names: Vec<String> = names.collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let frame = frame.select_columns(&names).map_err(failed)?;
    let plan = session
        .state()
        .optimize(frame.logical_plan())
        .map_err(failed)?;
    let mut found = BTreeSet::new();
    let walked = plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            let columns = scan.projected_schema.fields().iter();
            let table = scan.table_name.table();
            found.extend(columns.map(|it| (table.to_owned(), it.name().clone())));
        }
        Ok(TreeNodeRecursion::Continue)
    });
    walked.map_err(failed)?;
    Ok(found)
}
