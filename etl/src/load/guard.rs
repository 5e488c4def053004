//! What a load refuses to publish: rows that do not add up, too many rejects, a source that lost too much.

use std::collections::BTreeMap;

use crate::conform::Conformed;
use crate::error::{Error, Result};
use crate::staging::Package;

use super::balance::{Balance, Stage};
use super::build::Built;
use super::execute::Execution;
use super::record::LoadRecord;
use super::rejected::Rejected;

impl Execution<'_> {
    /// Proves that every row that was read has one outcome.
    pub(super) fn prove(
        &self,
        package: &Package,
        conformed: &BTreeMap<String, Conformed>,
        rejects: &[Rejected],
        record: &mut LoadRecord,
    ) -> Result<()> {
        let mut balances = Vec::new();
        for certificate in package.sources.values() {
            for (table, counts) in &certificate.tables {
                balances.push(Balance::of_table(table, counts));
            }
        }
        for (entity, rows) in conformed {
            balances.push(Balance::of_entity(entity, rows));
        }
        balances.append(&mut record.balances);
        record.balances = balances;
        let limit = self.options.settings.etl.reject_limit_permille;
        for balance in &record.balances {
            balance.prove()?;
            balance.check_rejects(limit, || self.first_reject(balance, package, rejects))?;
        }
        Ok(())
    }

    /// The first rejected row of an object in words, with its place.
    fn first_reject(&self, balance: &Balance, package: &Package, rejects: &[Rejected]) -> String {
        let object = &balance.name;
        if balance.stage == Stage::Table {
            let mut sources = self.model.sources.iter();
            let found = sources.find_map(|source| {
                let counts = package.table(&source.name, object)?;
                Some(counts.rejects.example(source.table(object)))
            });
            return found.unwrap_or_default();
        }
        let stage = match balance.stage {
            Stage::State => Stage::Star,
            stage => stage,
        };
        let mut rejects = rejects.iter();
        let of_object = rejects.find(|it| (it.stage, &it.name) == (stage, object));
        of_object.map(|it| it.rejects.example()).unwrap_or_default()
    }

    /// True for a fact whose rows come from files, where each is named by its file and its place in it.
    fn is_from_files(&self, table: &str) -> bool {
        let mut stars = self.model.stars.iter();
        let star = stars.find(|star| star.table() == table);
        let fed_by = star.and_then(|star| self.model.entity(&star.entity));
        fed_by.is_some_and(|(source, _)| source.tables.iter().any(|table| table.format.is_some()))
    }

    /// Refuses to mark most of a table as deleted: an emptied or cut source looks the same.
    pub(super) fn check_vanished(&self, built: &Built) -> Result<()> {
        const ALWAYS_ALLOWED: u64 = 20;
        let limit_permille = self.options.settings.etl.vanish_limit_permille;
        for table in &built.tables {
            let rows = table.tally.standing;
            let vanished = match self.is_from_files(&table.name) {
                // a file that changed brings all of its rows anew
                true => table.tally.deleted.saturating_sub(table.tally.inserted),
                false => table.tally.deleted,
            };
            if vanished > ALWAYS_ALLOWED && vanished * 1000 > rows * u64::from(limit_permille) {
                let table = table.name.clone();
                return Err(Error::TooManyVanished {
                    table,
                    vanished,
                    rows,
                    limit_permille,
                });
            }
        }
        Ok(())
    }
}
