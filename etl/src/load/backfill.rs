//! What a changed model adds to published tables, and which retained packages of earlier loads know of it.
//!
//! A package knows a column if its files hold everything that the column, and what decides which rows there are, is made of.
//! Not responsible for what becomes of the rows.

mod words;

use std::collections::BTreeSet;

use planisphere_schemas::model::{
    Corrections, Dimension, DimensionKind, Model, Role, Source, Star, current_id_column,
    current_key_column,
};
use planisphere_schemas::settings::EtlSettings;
use planisphere_schemas::warehouse::Warehouse;

use crate::conform::{Conformed, conform, needs, open_session};
use crate::error::Result;
use crate::staging::Package;

use super::execute::Execution;
use super::record::LoadRecord;
use super::replay::{good_loads, repeatable};

pub(crate) use words::backfills;

/// Columns that are new in a table, each with the columns of its entity that it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    table: String,
    entity: String,
    /// The columns of the entity by which rows are told apart.
    key: Vec<String>,
    columns: Vec<(String, Vec<String>)>,
    /// True if they are filled from the rows of the load alone: of facts with bridges or with corrections by offset, unless a
    /// stream feeds them, of which everything is kept.
    only_now: bool,
}

/// A package of an earlier load that knows some of the columns.
pub(super) struct Knowing {
    pub(super) record: LoadRecord,
    pub(super) package: Package,
    pub(super) columns: BTreeSet<String>,
}

/// The key of a star but for the columns that the star itself adds.
fn own_key(star: &Star) -> Vec<String> {
    let key = star.key.iter();
    key.filter(|name| !star.derives(name)).cloned().collect()
}

impl Wanted {
    /// New attributes of a dimension, as far as they are columns of its entity.
    pub(super) fn of_dimension(
        model: &Model,
        dimension: &Dimension,
        is_new: impl Fn(&str) -> bool,
    ) -> Option<Self> {
        let DimensionKind::Entity { entity, key } = &dimension.kind else {
            return None;
        };
        let (_, declared) = model.entity(entity)?;
        let attributes = dimension.attributes.iter();
        let new = attributes.filter(|attribute| {
            let mut columns = declared.columns.iter();
            is_new(&attribute.name) && columns.any(|column| column.name == attribute.column)
        });
        let columns = new.map(|it| (it.name.clone(), vec![it.column.clone()]));
        let wanted = Self {
            table: dimension.table(),
            entity: entity.clone(),
            key: vec![key.clone()],
            columns: columns.collect(),
            only_now: false,
        };
        (!wanted.columns.is_empty()).then_some(wanted)
    }

    /// All attributes of a dimension, but for present combinations; `None` if keys of other dimensions are among them.
    pub(super) fn of_new_dimension(model: &Model, dimension: &Dimension) -> Option<Self> {
        let presents = dimension.minis().into_iter().flat_map(|mini| {
            let (id, key) = (current_id_column(mini), current_key_column(mini));
            [id, key]
        });
        let presents: BTreeSet<String> = presents.collect();
        let mut own = dimension.clone();
        own.attributes.retain(|it| !presents.contains(&it.column));
        let wanted = Self::of_dimension(model, &own, |_| true)?;
        (wanted.columns.len() == own.attributes.len()).then_some(wanted)
    }

    /// New columns of a star.
    pub(super) fn of_star(
        model: &Model,
        star: &Star,
        is_new: impl Fn(&str) -> bool,
    ) -> Option<Self> {
        let all = || star.kept_columns(&model.dimensions).into_iter();
        let own = |column: &str| match star.derives(column) {
            // what is worked out of the rows may be made of any of them
            true => all().map(str::to_owned).collect(),
            false => vec![column.to_owned()],
        };
        let roles = star.roles.iter().map(|role| {
            let dimension = model.dimension(&role.dimension);
            let attributes = dimension.filter(|it| it.is_combination());
            let attributes = attributes.into_iter().flat_map(|it| &it.attributes);
            let columns = attributes.map(|it| role.column_of(&it.name).to_owned());
            let named = std::iter::once(&role.column).chain(&role.as_of);
            let named = named.filter(|it| !it.is_empty()).flat_map(|it| own(it));
            (role.key_column(), columns.chain(named).collect())
        });
        let degenerate = star.degenerate.iter();
        let degenerate = degenerate.map(|it| (it.name.clone(), own(&it.column)));
        let measures = star.measures.iter();
        let measures = measures.map(|it| (it.name.clone(), own(&it.column)));
        let columns = roles.chain(degenerate).chain(measures);
        let columns = columns.filter(|(name, _)| is_new(name));
        let entity = model.entity(&star.entity);
        let is_stream = entity.is_some_and(|(_, entity)| entity.changes.is_some());
        let is_booked = star.corrections == Corrections::Offset;
        let wanted = Self {
            table: star.table(),
            entity: star.entity.clone(),
            key: own_key(star),
            columns: columns.collect(),
            only_now: !is_stream && (is_booked || !star.bridges.is_empty()),
        };
        (!wanted.columns.is_empty()).then_some(wanted)
    }

    /// What the rows of a star are made of, with the keys in some columns: of its entity, and of those of its bridges.
    pub(super) fn of_rows(
        model: &Model,
        star: &Star,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Vec<Self> {
        // what was booked is not what a row says now
        if star.corrections == Corrections::Offset {
            return Vec::new();
        }
        let mut roles = star.clone();
        roles.roles.retain(|role| is_wanted(&role.key_column()));
        let columns = roles.roles.iter().map(Role::key_column);
        let columns: BTreeSet<String> = columns.collect();
        let of_star = Self::of_star(model, &roles, |name| columns.contains(name));
        let of_star = of_star.unwrap_or_else(|| Self::of_stream(star, star.key.iter().cloned()));
        let bridges = star.bridges.iter().map(|bridge| {
            let facts = bridge.facts.iter();
            let used = facts.chain([&bridge.column]).chain(&bridge.weight);
            Self {
                table: bridge.table(),
                entity: bridge.entity.clone(),
                key: Vec::new(),
                columns: vec![(bridge.name.clone(), used.cloned().collect())],
                only_now: false,
            }
        });
        std::iter::once(of_star)
            .chain(bridges)
            .map(|wanted| Self {
                only_now: false,
                ..wanted
            })
            .collect()
    }

    /// The columns of the table.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    /// The columns of an entity of which a star keeps what a stream has shown.
    pub(super) fn of_stream(star: &Star, columns: impl Iterator<Item = String>) -> Self {
        Self {
            table: star.table(),
            entity: star.entity.clone(),
            key: own_key(star),
            columns: columns
                .map(|column| (column.clone(), vec![column]))
                .collect(),
            only_now: false,
        }
    }
}

/// The packages of earlier loads that know any of the columns, the oldest first.
pub(super) async fn knowing(
    model: &Model,
    settings: &EtlSettings,
    warehouse: &Warehouse,
    wanted: &Wanted,
) -> Result<Vec<Knowing>> {
    let (false, Some((source, entity))) = (wanted.only_now, model.entity(&wanted.entity)) else {
        return Ok(Vec::new());
    };
    let declared = Package::declared(model);
    let mut columns = Vec::with_capacity(wanted.columns.len());
    for (name, from) in &wanted.columns {
        let used: Vec<&str> = from.iter().chain(&wanted.key).map(String::as_str).collect();
        let needed = needs(&declared, (source, entity), &used, settings, model.zone()).await?;
        columns.push((name, needed));
    }
    let mut found = Vec::new();
    for record in repeatable(warehouse).await? {
        let load = record.load_id;
        let package = match Package::of_load(warehouse, load, model).await {
            Ok(package) => package,
            // what is not needed to publish must not stop a load
            Err(error) => {
                tracing::warn!(%load, %error, "a staging package cannot be read and is left out");
                continue;
            }
        };
        let known = columns.iter().filter(|(_, needed)| {
            let mut needed = needed.iter();
            needed.all(|(relation, column)| holds(&package, source, relation, column))
        });
        let columns: BTreeSet<String> = known.map(|(name, _)| (*name).clone()).collect();
        if columns.is_empty() {
            continue;
        }
        // half of what a load saw would be taken for all of it
        if let Err(error) = package.check(warehouse, source).await {
            tracing::warn!(%load, %error, "a staging package is damaged and is left out");
            continue;
        }
        found.push(Knowing {
            record,
            package,
            columns,
        });
    }
    Ok(found)
}

/// True if a package holds a column of a relation: of a rebuilt history also what it is rebuilt from.
fn holds(package: &Package, source: &Source, relation: &str, column: &str) -> bool {
    let held = |table: &str, column: &str| package.holds(&source.name, table, column);
    if source.table(relation).is_some() {
        return held(relation, column);
    }
    let versions = relation.strip_suffix("_versions");
    let Some(table) = versions.and_then(|name| source.table(name)) else {
        return true;
    };
    let audit = table.history.iter().all(|history| {
        let used = [
            &history.parent,
            &history.field,
            &history.at,
            &history.before,
            &history.after,
        ];
        used.iter().all(|column| held(&history.audit, column))
    });
    audit && (column.starts_with('_') || held(&table.name, column))
}

impl Execution<'_> {
    /// The packages of earlier loads that know any of the columns, the oldest first.
    pub(super) async fn knowing(&self, wanted: &Wanted) -> Result<Vec<Knowing>> {
        // what is loaded again is told by its own packages
        if self.replay.is_some() {
            return Ok(Vec::new());
        }
        self.earlier(wanted).await
    }

    /// The packages of earlier loads that know all of the columns, the oldest first.
    pub(super) async fn knowing_all(&self, wanted: &Wanted) -> Result<Vec<Knowing>> {
        let mut known = self.knowing(wanted).await?;
        known.retain(|it| it.columns.len() == wanted.columns.len());
        Ok(known)
    }

    /// True if the packages of all earlier loads are retained and know all of the columns.
    pub(super) async fn is_known_to_all(&self, wanted: &Wanted) -> Result<bool> {
        let known = self.knowing_all(wanted).await?;
        let known: BTreeSet<_> = known.iter().map(|it| it.record.load_id).collect();
        let loads = good_loads(self.warehouse).await?;
        Ok(!known.is_empty() && loads.iter().all(|load| known.contains(load)))
    }

    /// The same as [`Self::knowing`], also where loads are repeated: then those before the one that is loaded again.
    pub(super) async fn earlier(&self, wanted: &Wanted) -> Result<Vec<Knowing>> {
        let settings = &self.options.settings.etl;
        let mut known = knowing(self.model, settings, self.staged(), wanted).await?;
        if let Some(replay) = self.replay {
            known.retain(|it| it.record.order() < replay.load.order());
        }
        Ok(known)
    }

    /// The packages of earlier loads that know something of all of these, the oldest first.
    pub(super) async fn earlier_of_all(&self, wanted: &[Wanted]) -> Result<Vec<Knowing>> {
        let mut all: Option<Vec<Knowing>> = None;
        for wanted in wanted {
            let known = self.earlier(wanted).await?;
            all = Some(match all {
                None => known,
                Some(mut all) => {
                    let loads: BTreeSet<_> = known.iter().map(|it| it.record.load_id).collect();
                    all.retain(|it| loads.contains(&it.record.load_id));
                    all
                }
            });
        }
        Ok(all.unwrap_or_default())
    }

    /// The warehouse that retains the packages of earlier loads.
    fn staged(&self) -> &Warehouse {
        self.replay.map_or(self.warehouse, |replay| replay.from)
    }

    /// The rows of an entity as an earlier load staged them, under today's model.
    pub(super) async fn conformed_then(
        &self,
        package: &Package,
        entity: &str,
    ) -> Result<Conformed> {
        let missing = || {
            let path = format!("entity '{entity}'");
            let reason = "the model does not have it".to_owned();
            crate::error::Error::Schemas(planisphere_schemas::Error::Malformed { path, reason })
        };
        let (source, entity) = self.model.entity(entity).ok_or_else(missing)?;
        let (room, zone) = (self.conforming(), self.model.zone());
        let session = open_session(package, self.staged(), source, &room, zone).await?;
        conform(&session, source, entity, &self.memory).await
    }
}
