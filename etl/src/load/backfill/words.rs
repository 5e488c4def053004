//! What a changed model adds, and what a load will do about it, in words.

use planisphere_schemas::model::{Dimension, DimensionKind, Model};
use planisphere_schemas::settings::EtlSettings;
use planisphere_schemas::warehouse::Warehouse;

use crate::error::Result;
use crate::load::restated::restatements;

use super::{Knowing, Wanted, knowing};

/// Everything that a model adds to the tables of another.
fn added(model: &Model, old: &Model) -> Vec<Wanted> {
    let dimensions = model.dimensions.iter().filter_map(|dimension| {
        let before = old.dimension(&dimension.name)?;
        Wanted::of_dimension(model, dimension, |name| before.attribute(name).is_none())
    });
    let minis = model.dimensions.iter().filter_map(|mini| {
        let before = old.mini_history(old.dimension(&mini.name)?)?;
        let history = model.mini_history(mini)?;
        Wanted::of_dimension(model, &history, |name| before.attribute(name).is_none())
    });
    let stars = model.stars.iter().filter_map(|star| {
        let before = old.star(&star.name)?;
        let is_new = |name: &str| {
            let mut roles = before.roles.iter();
            let is_role = roles.any(|role| role.key_column() == name);
            !is_role && before.degenerate(name).is_none() && before.measure(name).is_none()
        };
        Wanted::of_star(model, star, is_new)
    });
    dimensions.chain(minis).chain(stars).collect()
}

/// What a load will fill from which packages, what no package knows, and what becomes of columns that are read otherwise, in
/// words.
///
/// # Errors
/// If a package cannot be understood.
pub(crate) async fn backfills(
    model: &Model,
    old: &Model,
    settings: &EtlSettings,
    warehouse: &Warehouse,
) -> Result<Vec<String>> {
    let mut words = Vec::new();
    for wanted in added(model, old) {
        let packages = knowing(model, settings, warehouse, &wanted).await?;
        for (name, _) in &wanted.columns {
            let table = &wanted.table;
            let knows = |it: &&Knowing| it.columns.contains(name);
            let days = packages
                .iter()
                .filter(knows)
                .map(|it| it.record.business_date);
            let days: Vec<_> = days.collect();
            words.push(match (days.first(), days.last()) {
                (Some(first), Some(last)) => format!(
                    "{table}: what this load does not show of '{name}' is taken from the staging packages of {} earlier loads, of {first} to {last}",
                    days.len()
                ),
                _ if wanted.only_now => format!(
                    "{table}: what this load does not show of '{name}' stays empty; facts with bridges or corrections by offset are filled from its rows only"
                ),
                _ => format!(
                    "{table}: no retained staging package knows '{name}'; what this load does not show of it stays empty"
                ),
            });
        }
    }
    for wanted in begun(model, old) {
        let mut packages = knowing(model, settings, warehouse, &wanted).await?;
        packages.retain(|it| it.columns.len() == wanted.columns.len());
        let days = packages.iter().map(|it| it.record.business_date);
        let table = &wanted.table;
        words.push(match (days.clone().min(), days.max()) {
            (Some(first), Some(last)) => format!(
                "{table} is new: what this load does not show of it is taken from the staging packages of {} earlier loads, of {first} to {last}",
                packages.len()
            ),
            _ => format!(
                "{table} is new: no retained staging package knows all of it; it begins with what this load shows"
            ),
        });
    }
    words.extend(restatements(model, old, settings, warehouse).await?);
    Ok(words)
}

/// What is new in a model over streams of changes, of which a load shows but a part.
fn begun(model: &Model, old: &Model) -> Vec<Wanted> {
    let is_stream = |entity: &str| {
        let entity = model.entity(entity);
        entity.is_some_and(|(_, entity)| entity.changes.is_some())
    };
    let is_of_stream = |dimension: &Dimension| match &dimension.kind {
        DimensionKind::Entity { entity, .. } => is_stream(entity),
        _ => false,
    };
    let new = model.dimensions.iter();
    let new = new.filter(|it| old.dimension(&it.name).is_none());
    let dimensions = new.filter_map(|it| match &it.kind {
        DimensionKind::Mini { .. } => model.mini_history(it),
        _ => Some(it.clone()),
    });
    let dimensions = dimensions.filter(is_of_stream);
    let dimensions = dimensions.filter_map(|it| Wanted::of_new_dimension(model, &it));
    let stars = model.stars.iter();
    let stars = stars.filter(|it| old.star(&it.name).is_none() && is_stream(&it.entity));
    let stars = stars.map(|star| {
        let columns = star.kept_columns(&model.dimensions).into_iter();
        Wanted::of_stream(star, columns.map(str::to_owned))
    });
    dimensions.chain(stars).collect()
}
