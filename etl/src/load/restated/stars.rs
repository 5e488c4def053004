//! Stars whose columns are read otherwise, or taken from others, than in the published version.

use std::collections::{BTreeMap, BTreeSet};

use planisphere_schemas::model::Star;
use planisphere_schemas::warehouse::LoadId;

use crate::dimension::Nature;
use crate::error::Result;
use crate::load::backfill::{Knowing, Wanted, knowing};
use crate::load::replay::good_loads;
use crate::load::reread::is_read_otherwise;

use super::{Models, days, remedy};

impl Models<'_> {
    /// The columns of its entity that a published star uses and that are read otherwise.
    pub(super) fn used(&self, star: &Star) -> Vec<String> {
        let reread = self.old.star(&star.name).and(self.reread.get(&star.entity));
        let used = star.kept_columns(&self.model.dimensions).into_iter();
        let used = used.filter(|it| reread.is_some_and(|reread| reread.columns.contains(*it)));
        used.map(str::to_owned).collect()
    }

    /// The packages of all earlier loads, if a stream feeds the star and they know all that it keeps.
    pub(super) async fn stream_packages(&self, star: &Star) -> Result<Option<Vec<Knowing>>> {
        let reread = self.reread.get(&star.entity);
        let is_other = reread.is_some_and(|it| {
            !it.fields.is_empty() || star.key.iter().any(|key| it.columns.contains(key))
        });
        if is_other || self.nature(&star.entity) != Some(Nature::Changes) {
            return Ok(None);
        }
        let columns = star.kept_columns(&self.model.dimensions);
        let wanted = Wanted::of_stream(star, columns.iter().map(|it| (*it).to_owned()));
        let mut packages = knowing(self.model, self.settings, self.warehouse, &wanted).await?;
        packages.retain(|it| columns.iter().all(|column| it.columns.contains(*column)));
        let known: BTreeSet<LoadId> = packages.iter().map(|it| it.record.load_id).collect();
        let loads = good_loads(self.warehouse).await?;
        Ok(loads
            .iter()
            .all(|load| known.contains(load))
            .then_some(packages))
    }

    pub(super) async fn of_star(&self, star: &Star, words: &mut Vec<String>) -> Result<()> {
        let (table, entity) = (star.table(), &star.entity);
        words.extend(self.of_moved(star).await?);
        let (Some(reread), Some(_)) = (self.reread.get(entity), self.old.star(&star.name)) else {
            return Ok(());
        };
        let used = self.used(star);
        let columns = used.join("', '");
        if let (false, Some(packages)) = (used.is_empty(), self.stream_packages(star).await?) {
            words.push(format!(
                "{table}: entity '{entity}' reads '{columns}' otherwise: its past is told anew from the staging packages of {}",
                days(&packages)
            ));
        } else if !used.is_empty() {
            let wanted = Wanted::of_stream(star, used.iter().cloned());
            let packages = knowing(self.model, self.settings, self.warehouse, &wanted).await?;
            let stays = match self.nature(entity) {
                Some(Nature::Changes) => self.stays(entity),
                _ => stays_of_star(star),
            };
            words.push(format!(
                "{table}: entity '{entity}' reads '{columns}' otherwise: {stays}; {}",
                remedy(&packages)
            ));
        }
        words.extend(self.of_fields(&table, entity, reread));
        Ok(())
    }

    /// What a star of present states takes from other columns of its entity than before.
    async fn of_moved(&self, star: &Star) -> Result<Vec<String>> {
        let Some(before) = self.old.star(&star.name) else {
            return Ok(Vec::new());
        };
        if self.nature(&star.entity) == Some(Nature::Changes) {
            return Ok(Vec::new());
        }
        let (then, now) = (taken(before), taken(star));
        let mut words = Vec::new();
        for (name, columns) in &now {
            let Some(then) = then.get(name).filter(|then| *then != columns) else {
                continue;
            };
            let mut pairs = then.iter().zip(columns);
            let models = (self.model, self.old);
            let differs = |(then, now): (&&str, &&str)| {
                then != now && is_read_otherwise(models, &star.entity, (then, now))
            };
            if then.len() == columns.len() && !pairs.any(differs) {
                continue;
            }
            let used = columns.iter().map(|it| (*it).to_owned());
            let wanted = Wanted::of_stream(star, used);
            let packages = knowing(self.model, self.settings, self.warehouse, &wanted).await?;
            words.push(format!(
                "{}: '{name}' is taken from '{}' instead of '{}': {}; {}",
                star.table(),
                columns.join("', '"),
                then.join("', '"),
                stays_of_star(star),
                remedy(&packages)
            ));
        }
        Ok(words)
    }
}

/// The columns of its entity from which a star takes its roles, degenerate dimensions and measures, by their names.
fn taken(star: &Star) -> BTreeMap<&str, Vec<&str>> {
    let roles = star.roles.iter().map(|role| {
        let columns = std::iter::once(&role.column).chain(&role.as_of);
        let columns = columns
            .map(String::as_str)
            .chain(role.columns.values().map(String::as_str));
        let columns = columns.filter(|it| !it.is_empty());
        (role.name.as_str(), columns.collect())
    });
    let degenerate = star.degenerate.iter();
    let degenerate = degenerate.map(|it| (it.name.as_str(), vec![it.column.as_str()]));
    let measures = star.measures.iter();
    let measures = measures.map(|it| (it.name.as_str(), vec![it.column.as_str()]));
    roles.chain(degenerate).chain(measures).collect()
}

/// What becomes of rows of a star of present states that a load does not show.
fn stays_of_star(star: &Star) -> &'static str {
    if star.is_offset() {
        "what this load shows otherwise is booked as corrections"
    } else if star.periodic.is_some() {
        "the period of this load is restated, past ones stay as they were read"
    } else {
        "rows that this load shows are restated, those that the source no longer has stay as they were read"
    }
}
