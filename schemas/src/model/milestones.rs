//! The milestones of an accumulating snapshot, and the columns of the fact that follow from them.
//!
//! They stand in the star among its roles, degenerate columns and measures like any others, so that cubes need not know.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::star::{DegenerateColumn, FactMeasure, Role};
use super::types::{Caption, DataType};

/// The milestones of a process in their order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Milestones {
    /// The milestones, the first one first.
    pub steps: Vec<Milestone>,
    /// In what the durations between them are told.
    pub durations: DurationUnit,
    /// The entity's boolean column that is true once the process has ended, so that no further milestone comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
}

/// One milestone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Milestone {
    /// The id; the role is `<id>_date`.
    pub name: String,
    /// What people read.
    pub caption: Caption,
    /// The entity's column with the day or instant at which it was reached.
    pub column: String,
    /// The calendar.
    pub dimension: String,
}

/// In what durations are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DurationUnit {
    /// From one local day to another.
    Days,
    /// Whole hours between two instants.
    Hours,
}

/// The column that says which milestone was reached last.
pub const LAST_MILESTONE: &str = "last_milestone";

impl Milestone {
    /// The role of its day.
    pub fn role(&self) -> String {
        format!("{}_date", self.name)
    }
}

impl Milestones {
    /// The roles of the days.
    pub(super) fn roles(&self) -> impl Iterator<Item = Role> {
        self.steps.iter().map(|step| Role {
            name: step.role(),
            caption: step.caption.clone(),
            dimension: step.dimension.clone(),
            column: step.column.clone(),
            columns: BTreeMap::new(),
            as_of: None,
        })
    }

    /// The milestone whose day a role is.
    pub fn of_role(&self, role: &str) -> Option<&Milestone> {
        self.steps.iter().find(|step| step.role() == role)
    }

    /// The column of the last milestone.
    pub(super) fn last(&self) -> DegenerateColumn {
        DegenerateColumn {
            name: LAST_MILESTONE.into(),
            caption: Caption {
                en: "Last milestone".into(),
                zh: "最新里程碑".into(),
            },
            data_type: DataType::Text,
            column: LAST_MILESTONE.into(),
        }
    }

    /// The pairs of milestones between which durations are told: each with the next, then the first with each later one.
    pub fn spans(&self) -> Vec<(&Milestone, &Milestone)> {
        let next = self.steps.windows(2).map(|pair| (&pair[0], &pair[1]));
        let first = self.steps.first();
        let from_first = first
            .into_iter()
            .flat_map(|first| self.steps.iter().skip(2).map(move |step| (first, step)));
        next.chain(from_first).collect()
    }

    /// The name of the duration between two milestones.
    pub fn duration(&self, from: &Milestone, to: &Milestone) -> String {
        let unit = match self.durations {
            DurationUnit::Days => "days",
            DurationUnit::Hours => "hours",
        };
        format!("{}_to_{}_{unit}", from.name, to.name)
    }

    /// The durations as measures.
    pub(super) fn measures(&self) -> impl Iterator<Item = FactMeasure> {
        let (en, zh) = match self.durations {
            DurationUnit::Days => ("days", "天数"),
            DurationUnit::Hours => ("hours", "小时数"),
        };
        self.spans().into_iter().map(move |(from, to)| {
            let name = self.duration(from, to);
            FactMeasure {
                caption: Caption {
                    en: format!("{} to {} ({en})", from.caption.en, to.caption.en),
                    zh: format!("{}至{}（{zh}）", from.caption.zh, to.caption.zh),
                },
                data_type: DataType::Integer,
                column: name.clone(),
                additive: true,
                semi_additive: None,
                name,
            }
        })
    }

    /// True for a column that is worked out from the milestones and is none of the entity.
    pub(super) fn derives(&self, column: &str) -> bool {
        let mut spans = self.spans().into_iter();
        column == LAST_MILESTONE || spans.any(|(from, to)| self.duration(from, to) == column)
    }
}
