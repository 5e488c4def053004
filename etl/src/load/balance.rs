//! The proof of a load: per table, entity, dimension and star, every row that was read has one outcome.
//!
//! `read = loaded + unchanged + rejected + excluded by a named rule`
//!
//! The rows of a star are not always those that were read one by one: a stream shows changes, of which the star has the last
//! states; a rebuilt history has versions, of which a periodic star has those at the ends of periods. There both are
//! counted: the rows that were read as `star`, and the rows that the star has of everything that is known as `state`.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::conform::Conformed;
use crate::dimension::Tally;
use crate::error::{Error, Result};
use crate::fact::Told;
use crate::reject::{Rejects, exceeds};
use crate::staging::TableCertificate;

/// The rule by which a version of a history is left out at the end of none of the periods of a star.
const GIVES_NO_ROW: &str = "holds_at_no_period_end";

/// Where in the load rows are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Rows of a source table; loaded = staged.
    Table,
    /// Rows of an entity's driving table; loaded = kept.
    Entity,
    /// Rows of an entity on their way into a dimension.
    Dimension,
    /// Rows of an entity on their way into a fact.
    Star,
    /// Rows of a fact that are states: of everything that a stream has ever shown, or at the ends of periods.
    State,
    /// Rows of an entity that say which members facts have.
    Bridge,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Table => "table",
            Self::Entity => "entity",
            Self::Dimension => "dimension",
            Self::Star => "star",
            Self::State => "state",
            Self::Bridge => "bridge",
        })
    }
}

/// The outcomes of the rows of one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// Where the rows are counted.
    pub stage: Stage,
    /// The table, entity, dimension or star.
    pub name: String,
    /// Rows read.
    pub read: u64,
    /// Rows loaded.
    pub loaded: u64,
    /// Rows that were there already.
    pub unchanged: u64,
    /// Rows rejected.
    pub rejected: u64,
    /// Rows excluded.
    pub excluded: u64,
    /// Rejected rows by reason.
    pub rejected_by: BTreeMap<String, u64>,
    /// Excluded rows by rule.
    pub excluded_by: BTreeMap<String, u64>,
    /// Members of a dimension of which nothing but references of facts is known.
    #[serde(default)]
    pub inferred: u64,
}

impl Balance {
    /// The balance of a staged table.
    pub(crate) fn of_table(name: &str, certificate: &TableCertificate) -> Self {
        Self {
            loaded: certificate.staged,
            rejected: certificate.rejected,
            ..Self::new(
                Stage::Table,
                name,
                certificate.read,
                certificate.rejects.by_reason.clone(),
            )
        }
    }

    /// The balance of an entity.
    pub(crate) fn of_entity(name: &str, conformed: &Conformed) -> Self {
        Self {
            loaded: conformed.rows.num_rows() as u64,
            rejected: conformed.rejects.len(),
            excluded: conformed.excluded.values().sum(),
            excluded_by: conformed.excluded.clone(),
            ..Self::new(
                Stage::Entity,
                name,
                conformed.read,
                conformed.rejects.by_reason().clone(),
            )
        }
    }

    /// The balance of a dimension or star.
    pub(crate) fn of_tally(stage: Stage, name: &str, tally: &Tally, rejects: &Rejects) -> Self {
        Self {
            loaded: tally.loaded,
            unchanged: tally.unchanged,
            rejected: tally.rejected,
            inferred: tally.inferred,
            ..Self::new(stage, name, tally.read, rejects.by_reason().clone())
        }
    }

    /// The balances of a star: of the rows that were read, and, where its rows are not these, of its rows.
    pub(crate) fn of_star(
        name: &str,
        tally: &Tally,
        rejects: &Rejects,
        told: Option<Told>,
    ) -> Vec<Self> {
        let Some(told) = told else {
            return vec![Self::of_tally(Stage::Star, name, tally, rejects)];
        };
        let by_reason = rejects.by_reason().clone().into_iter();
        let (of_read, of_states) =
            by_reason.partition(|(reason, _)| Told::REASONS.contains(&reason.as_str()));
        let rowless = (told.rowless > 0).then(|| (GIVES_NO_ROW.to_owned(), told.rowless));
        let star = Self {
            loaded: told.loaded,
            unchanged: told.unchanged,
            rejected: told.rejected,
            excluded: told.rowless,
            excluded_by: rowless.into_iter().collect(),
            ..Self::new(Stage::Star, name, told.read, of_read)
        };
        let state = Self {
            loaded: tally.loaded,
            unchanged: tally.unchanged,
            rejected: tally.rejected.saturating_sub(told.rejected),
            ..Self::new(
                Stage::State,
                name,
                tally.read.saturating_sub(told.rejected),
                of_states,
            )
        };
        vec![star, state]
    }

    fn new(stage: Stage, name: &str, read: u64, rejected_by: BTreeMap<String, u64>) -> Self {
        Self {
            stage,
            name: name.to_owned(),
            read,
            loaded: 0,
            unchanged: 0,
            rejected: 0,
            excluded: 0,
            rejected_by,
            excluded_by: BTreeMap::new(),
            inferred: 0,
        }
    }

    /// Proves that every row has one outcome.
    ///
    /// # Errors
    /// [`Error::Unbalanced`] otherwise.
    pub fn prove(&self) -> Result<()> {
        let by_reason: u64 = self.rejected_by.values().sum();
        let sum = self.loaded + self.unchanged + self.rejected + self.excluded;
        if sum == self.read && by_reason == self.rejected {
            return Ok(());
        }
        Err(Error::Unbalanced {
            object: format!("{} '{}'", self.stage, self.name),
            read: self.read,
            loaded: self.loaded,
            unchanged: self.unchanged,
            rejected: self.rejected,
            excluded: self.excluded,
        })
    }

    /// Refuses a share of rejected rows that is too large to be dirt.
    ///
    /// # Errors
    /// [`Error::TooManyRejects`] with the first of them.
    pub fn check_rejects(&self, limit_permille: u32, first: impl FnOnce() -> String) -> Result<()> {
        if !exceeds(limit_permille, self.rejected, self.read) {
            return Ok(());
        }
        Err(Error::TooManyRejects {
            object: self.name.clone(),
            rejected: self.rejected,
            read: self.read,
            limit_permille,
            first: first(),
        })
    }
}
