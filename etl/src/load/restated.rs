//! What a load makes of columns that the model reads otherwise than that of the published version, and what it tells of them.
//!
//! A dimension's attribute whose every earlier load is retained in a package is told anew from these, as if the model had
//! always been what it is. Elsewhere a load restates what it shows, and says what stays as it was read.

mod stars;

use std::collections::{BTreeMap, BTreeSet};

use planisphere_schemas::model::{Dimension, DimensionKind, Model, Star};
use planisphere_schemas::settings::EtlSettings;
use planisphere_schemas::warehouse::{LoadId, PinnedWarehouse, Warehouse};

use crate::conform::is_identified;
use crate::dimension::Nature;
use crate::error::Result;

use super::backfill::{Knowing, Wanted, knowing};
use super::execute::Execution;
use super::nature::nature;
use super::replay::good_loads;
use super::reread::{Reread, is_read_otherwise, reread};

/// Two models, and where the packages of earlier loads are.
struct Models<'a> {
    model: &'a Model,
    old: &'a Model,
    settings: &'a EtlSettings,
    warehouse: &'a Warehouse,
    reread: BTreeMap<String, Reread>,
}

/// Attributes of a dimension that are read otherwise.
struct Told {
    /// Those that are told anew.
    anew: BTreeSet<String>,
    /// The others.
    others: BTreeSet<String>,
    packages: Vec<Knowing>,
}

impl Execution<'_> {
    /// The attributes of a dimension that are read otherwise and told anew, since packages of all earlier loads know them.
    pub(super) async fn told_anew(
        &self,
        dimension: &Dimension,
        base: Option<&PinnedWarehouse>,
    ) -> Result<BTreeSet<String>> {
        // what is loaded again has been read by the same model
        let (Some(base), None) = (base, self.replay) else {
            return Ok(BTreeSet::new());
        };
        let old = &base.manifest().model;
        let settings = &self.options.settings.etl;
        let models = Models::new(self.model, old, settings, self.warehouse);
        let told = models.told(dimension).await?;
        Ok(told.map(|told| told.anew).unwrap_or_default())
    }

    /// True if what a stream has shown to a star is read otherwise and told anew, since packages of all earlier loads know it.
    pub(super) async fn stream_told_anew(
        &self,
        star: &Star,
        base: Option<&PinnedWarehouse>,
    ) -> Result<bool> {
        let (Some(base), None) = (base, self.replay) else {
            return Ok(false);
        };
        let old = &base.manifest().model;
        let settings = &self.options.settings.etl;
        let models = Models::new(self.model, old, settings, self.warehouse);
        Ok(!models.used(star).is_empty() && models.stream_packages(star).await?.is_some())
    }
}

/// What a load will do about columns that are read otherwise, in words.
///
/// # Errors
/// If packages of earlier loads cannot be listed.
pub(super) async fn restatements(
    model: &Model,
    old: &Model,
    settings: &EtlSettings,
    warehouse: &Warehouse,
) -> Result<Vec<String>> {
    let models = Models::new(model, old, settings, warehouse);
    let mut words = Vec::new();
    let minis = model.dimensions.iter();
    let minis: Vec<Dimension> = minis.filter_map(|it| model.mini_history(it)).collect();
    for dimension in model.dimensions.iter().chain(&minis) {
        models.of_dimension(dimension, &mut words).await?;
    }
    for star in &model.stars {
        models.of_star(star, &mut words).await?;
    }
    Ok(words)
}

impl<'a> Models<'a> {
    fn new(
        model: &'a Model,
        old: &'a Model,
        settings: &'a EtlSettings,
        warehouse: &'a Warehouse,
    ) -> Self {
        Self {
            reread: reread(model, old),
            model,
            old,
            settings,
            warehouse,
        }
    }

    /// The dimension of that name in the published model; of a history of a mini-dimension the one there.
    fn before(&self, name: &str) -> Option<Dimension> {
        let mut minis = self.old.dimensions.iter();
        let mini = || minis.find_map(|it| self.old.mini_history(it).filter(|it| it.name == name));
        self.old.dimension(name).cloned().or_else(mini)
    }

    /// What is read otherwise of the entity that feeds a published dimension, attributes that are taken from other columns
    /// than before among it.
    fn reread_of<'s>(&'s self, dimension: &'s Dimension) -> Option<(Reread, &'s str)> {
        let DimensionKind::Entity { entity, key } = &dimension.kind else {
            return None;
        };
        let before = self.before(&dimension.name)?;
        let mut reread = self.reread.get(entity).cloned().unwrap_or_default();
        let moved = dimension.attributes.iter().filter(|now| {
            before.attribute(&now.name).is_some_and(|before| {
                let columns = (before.column.as_str(), now.column.as_str());
                before.column != now.column
                    && is_read_otherwise((self.model, self.old), entity, columns)
            })
        });
        reread.columns.extend(moved.map(|it| it.column.clone()));
        (!reread.is_empty()).then_some((reread, key))
    }

    /// The attributes of a dimension that are read otherwise; `None` if there are none.
    async fn told(&self, dimension: &Dimension) -> Result<Option<Told>> {
        let Some((reread, key)) = self.reread_of(dimension) else {
            return Ok(None);
        };
        let DimensionKind::Entity { entity, .. } = &dimension.kind else {
            return Ok(None);
        };
        let before = self.before(&dimension.name);
        let is_reread = |name: &str| {
            let attribute = dimension.attribute(name);
            let known = before
                .as_ref()
                .is_some_and(|it| it.attribute(name).is_some());
            known && attribute.is_some_and(|it| reread.columns.contains(&it.column))
        };
        if !dimension.attributes.iter().any(|it| is_reread(&it.name)) {
            return Ok(None);
        }
        // of changes all that they say is read again, since those of one instant go by all of it
        let is_stream = self.nature(entity) == Some(Nature::Changes);
        let is_wanted = |name: &str| is_stream || is_reread(name);
        let Some(wanted) = Wanted::of_dimension(self.model, dimension, is_wanted) else {
            return Ok(None);
        };
        let mut packages = knowing(self.model, self.settings, self.warehouse, &wanted).await?;
        if is_stream {
            // keys of other dimensions are no columns of the entity
            let is_all = wanted.names().count() == dimension.attributes.len();
            packages.retain(|it| is_all && wanted.names().all(|name| it.columns.contains(name)));
        }
        let names = dimension.attributes.iter().map(|it| it.name.clone());
        let names = names.filter(|name| is_reread(name));
        let mut told = Told {
            anew: BTreeSet::new(),
            others: names.collect(),
            packages,
        };
        if reread.fields.is_empty() && !reread.columns.contains(key) {
            let loads = good_loads(self.warehouse).await?;
            let is_anew = |name: &String| {
                let knowing = told.packages.iter();
                let knowing = knowing.filter(|it| it.columns.contains(name));
                let knowing: BTreeSet<LoadId> = knowing.map(|it| it.record.load_id).collect();
                loads.iter().all(|load| knowing.contains(load))
            };
            (told.anew, told.others) = told.others.iter().cloned().partition(is_anew);
        }
        Ok(Some(told))
    }

    async fn of_dimension(&self, dimension: &Dimension, words: &mut Vec<String>) -> Result<()> {
        let Some((reread, key)) = self.reread_of(dimension) else {
            return Ok(());
        };
        let DimensionKind::Entity { entity, .. } = &dimension.kind else {
            return Ok(());
        };
        let table = dimension.table();
        if reread.columns.contains(key) {
            words.push(format!(
                "{table}: entity '{entity}' reads its key '{key}' otherwise: members that are known by another key now are new, and who they were stays; \
                 'planisphere-etl rebuild' into an empty folder reads earlier loads again"
            ));
        }
        let told = self.told(dimension).await?;
        let packages = told.as_ref().map_or(&[][..], |told| &told.packages);
        if let Some(told) = &told {
            let column = |name: &String| {
                let attribute = dimension.attribute(name);
                attribute.map_or_else(String::new, |it| it.column.clone())
            };
            for name in &told.anew {
                words.push(format!(
                    "{table}: '{name}' is read otherwise (entity '{entity}', column '{}'): its past is told anew from the staging packages of {}",
                    column(name),
                    days(packages)
                ));
            }
            for name in &told.others {
                words.push(format!(
                    "{table}: '{name}' is read otherwise (entity '{entity}', column '{}'): {}; {}",
                    column(name),
                    self.stays(entity),
                    remedy(packages)
                ));
            }
        }
        words.extend(self.of_fields(&table, entity, &reread));
        Ok(())
    }

    fn of_fields(&self, table: &str, entity: &str, reread: &Reread) -> Option<String> {
        let fields = reread.fields.join("', '");
        (!fields.is_empty()).then(|| {
            format!(
                "{table}: entity '{entity}' says '{fields}' otherwise, and so which rows there are, of whom or since when: what earlier loads have \
                 kept stays as it was read; 'planisphere-etl rebuild' into an empty folder reads the loads again of which packages are retained"
            )
        })
    }

    fn nature(&self, entity: &str) -> Option<Nature> {
        self.model.entity(entity).map(|(_, entity)| nature(entity))
    }

    /// What a load restates of an entity, and what stays.
    fn stays(&self, entity: &str) -> &'static str {
        let found = self.model.entity(entity);
        let identified = found.is_some_and(|(source, entity)| is_identified(source, entity));
        match self.nature(entity) {
            Some(Nature::Changes) if identified => {
                "changes that this load shows are restated, those that it does not show stay as they were read"
            }
            Some(Nature::Changes) => {
                "nobody can tell which change is which, so that what was read before stays beside it, and of two words of one instant the greater \
                 value counts"
            }
            Some(Nature::Mined) => {
                "the history that this load rebuilds is restated; where it rests on present states the change is one of today, and members that \
                 the load does not show stay as they were read"
            }
            _ => {
                "where this load shows another value it counts as changed today, and versions of before stay as they were read"
            }
        }
    }
}

/// What can be done about it.
fn remedy(packages: &[Knowing]) -> String {
    match packages {
        [] => "no retained staging package knows more".to_owned(),
        _ => format!(
            "'planisphere-etl rebuild' into an empty folder reads {} again, and knows nothing of before",
            days(packages)
        ),
    }
}

fn days(packages: &[Knowing]) -> String {
    let days = packages.iter().map(|it| it.record.business_date);
    match (days.clone().min(), days.max()) {
        (Some(first), Some(last)) => {
            format!("{} earlier loads, of {first} to {last}", packages.len())
        }
        _ => "no load".to_owned(),
    }
}
