//! A query with all names resolved against one model: what the next steps plan, and what `explain` prints.
//!
//! Plain data; building it does no I/O and touches no engine.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;

use planisphere_schemas::model::{
    Aggregation, Caption, DataType, Elsewhere, Format, SpecialMember, Star,
};

use super::key_value::KeyValue;
use crate::model::{ColumnType, DimensionSource};
use crate::query::{Comparison, Language, LevelRef};
use crate::result::Exactness;
use crate::states::{DISTINCT_ERROR, QUANTILE_ERROR};

/// A query whose names are all known.
#[derive(Debug, Clone)]
pub(crate) struct ResolvedQuery {
    pub(crate) cube: String,
    pub(crate) star: Star,
    pub(crate) axes: Vec<ResolvedAxis>,
    pub(crate) filters: Vec<ResolvedFilter>,
    /// The members of one cell, for its fact rows: they hold after the ranking.
    pub(crate) cell: Vec<ResolvedFilter>,
    pub(crate) measures: ResolvedMeasures,
    pub(crate) having: Vec<ResolvedHaving>,
    pub(crate) sort: Vec<ResolvedSort>,
    pub(crate) top: Option<ResolvedTop>,
    pub(crate) history: ResolvedHistory,
    pub(crate) include_deleted: bool,
    pub(crate) language: Language,
    pub(crate) limit: Option<u64>,
}

/// Which version of a member a fact row belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResolvedHistory {
    AsWas,
    AsIs,
    /// The version valid just before this instant (microseconds, UTC): the end of the asked day.
    Before(i64),
}

/// One axis.
#[derive(Debug, Clone)]
pub(crate) struct ResolvedAxis {
    pub(crate) levels: Vec<ResolvedLevel>,
    pub(crate) subtotals: bool,
}

/// A level with the columns of its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ResolvedLevel {
    /// The level by its full name.
    pub(crate) name: LevelRef,
    pub(crate) caption: Caption,
    /// What people read of the dimension: of the role.
    pub(crate) dimension_caption: Caption,
    pub(crate) source: DimensionSource,
    /// The levels from the top of the hierarchy down to this one.
    pub(crate) path: Vec<PathLevel>,
}

/// One level of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathLevel {
    pub(crate) name: String,
    pub(crate) caption: Caption,
    pub(crate) key: ColumnType,
    pub(crate) name_en: ColumnType,
    pub(crate) name_zh: ColumnType,
    pub(crate) sort: ColumnType,
}

impl PathLevel {
    /// The attribute that names members in a language.
    pub(crate) fn label(&self, language: Language) -> &ColumnType {
        match language {
            Language::English => &self.name_en,
            Language::Chinese => &self.name_zh,
        }
    }
}

impl ResolvedLevel {
    /// The level itself: the last of its path.
    pub(crate) fn own(&self) -> Option<&PathLevel> {
        self.path.last()
    }

    /// The dimension of the cube: the role, or the name of degenerate columns.
    pub(crate) fn dimension(&self) -> &str {
        &self.name.dimension
    }

    /// True if both levels stand in the same hierarchy of the same dimension.
    pub(crate) fn same_hierarchy(&self, other: &Self) -> bool {
        self.name.dimension == other.name.dimension && self.name.hierarchy == other.name.hierarchy
    }
}

/// A condition on members.
#[derive(Debug, Clone)]
pub(crate) struct ResolvedFilter {
    /// Where it stands in the request.
    pub(crate) place: String,
    pub(crate) level: ResolvedLevel,
    pub(crate) condition: ResolvedCondition,
}

/// What holds for the members.
#[derive(Debug, Clone)]
pub(crate) enum ResolvedCondition {
    In(Vec<ResolvedPath>),
    NotIn(Vec<ResolvedPath>),
    Range {
        from: Option<ResolvedBound>,
        to: Option<ResolvedBound>,
    },
}

impl ResolvedCondition {
    /// The members that the condition names. An end of a range that is one key need not be a member: any
    /// value has its place in the order of keys. A path of several keys is one, as `2025/1/3`.
    pub(crate) fn members(&self) -> Cow<'_, [ResolvedPath]> {
        match self {
            Self::In(members) | Self::NotIn(members) => Cow::Borrowed(members),
            Self::Range { from, to } => {
                let paths = from.iter().chain(to).map(|bound| &bound.path);
                let paths = paths.filter(|path| path.keys().len() > 1);
                Cow::Owned(paths.cloned().collect())
            }
        }
    }
}

/// One end of a range.
#[derive(Debug, Clone)]
pub(crate) struct ResolvedBound {
    pub(crate) path: ResolvedPath,
    pub(crate) inclusive: bool,
}

/// The keys of a member: of the whole path, or of its own level only.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ResolvedPath {
    Full(Vec<ResolvedKey>),
    Own(ResolvedKey),
}

impl ResolvedPath {
    /// The keys that are given, from the top level down.
    pub(crate) fn keys(&self) -> &[ResolvedKey] {
        match self {
            Self::Full(keys) => keys,
            Self::Own(key) => std::slice::from_ref(key),
        }
    }

    /// True if the path comes after another one in the order of keys; paths of different depths have no order.
    pub(crate) fn is_after(&self, other: &Self) -> bool {
        let (keys, others) = (self.keys(), other.keys());
        let orders = keys.iter().zip(others).map(|pair| match pair {
            (ResolvedKey::Value(one), ResolvedKey::Value(two)) => one.0.partial_cmp(&two.0),
            _ => None,
        });
        let first_unequal = orders
            .into_iter()
            .find(|order| *order != Some(Ordering::Equal));
        keys.len() == others.len() && first_unequal == Some(Some(Ordering::Greater))
    }

    /// The key on the member's own level.
    pub(crate) fn own(&self) -> Option<&ResolvedKey> {
        self.keys().last()
    }
}

/// A key of the level's own type, or a special member.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ResolvedKey {
    Value(KeyValue),
    Special(SpecialMember),
}

/// The measures that are computed, inputs before what is calculated from them.
#[derive(Debug, Clone, Default)]
pub(crate) struct ResolvedMeasures {
    /// Every measure that is needed.
    pub(crate) needed: Vec<ResolvedMeasure>,
    /// The names of those that are answered, in order.
    pub(crate) asked: Vec<String>,
}

impl ResolvedMeasures {
    /// The needed measure of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&ResolvedMeasure> {
        self.needed.iter().find(|measure| measure.name == name)
    }

    /// How near the values of a measure are to the truth.
    pub(crate) fn exactness(&self, name: &str) -> Exactness {
        match self.get(name).map(|measure| &measure.kind) {
            Some(ResolvedKind::Aggregate(aggregate)) if aggregate.approximate => {
                let error = match aggregate.function {
                    Aggregation::CountDistinct => DISTINCT_ERROR,
                    _ => QUANTILE_ERROR,
                };
                Exactness::Approximate { error: Some(error) }
            }
            Some(ResolvedKind::Elsewhere(look)) => self.exactness(&look.measure),
            Some(ResolvedKind::Calculated { inputs, .. }) => {
                let mut inputs = inputs.iter().map(|input| self.exactness(input));
                match inputs.all(|exactness| exactness.is_exact()) {
                    true => Exactness::Exact,
                    false => Exactness::Approximate { error: None },
                }
            }
            _ => Exactness::Exact,
        }
    }

    /// True if a measure is no matter of the fact rows of its cell alone.
    pub(crate) fn looks_elsewhere(&self, name: &str) -> bool {
        let kind = self.get(name).map(|measure| &measure.kind);
        kind.is_some_and(|kind| match kind {
            ResolvedKind::Elsewhere(_) => true,
            other => other.inputs().iter().any(|name| self.looks_elsewhere(name)),
        })
    }

    /// The measures that are matters of the fact rows of a cell alone.
    pub(crate) fn of_rows(&self) -> Self {
        let of_rows = |name: &str| !self.looks_elsewhere(name);
        let needed = self.needed.iter().filter(|it| of_rows(&it.name));
        let asked = self.asked.iter().filter(|name| of_rows(name));
        Self {
            needed: needed.cloned().collect(),
            asked: asked.cloned().collect(),
        }
    }

    /// One measure with what it is computed from.
    pub(crate) fn only(&self, name: &str) -> Self {
        let mut names = BTreeSet::from([name]);
        for measure in self.needed.iter().rev() {
            if names.contains(measure.name.as_str()) {
                names.extend(measure.kind.inputs().iter().map(String::as_str));
            }
        }
        let needed = self
            .needed
            .iter()
            .filter(|it| names.contains(it.name.as_str()));
        Self {
            needed: needed.cloned().collect(),
            asked: vec![name.to_owned()],
        }
    }
}

/// A measure with what it needs.
#[derive(Debug, Clone)]
pub(crate) struct ResolvedMeasure {
    pub(crate) name: String,
    pub(crate) caption: Caption,
    pub(crate) format: Format,
    /// The type of its cells.
    pub(crate) data_type: DataType,
    pub(crate) kind: ResolvedKind,
}

/// How a measure is computed.
#[derive(Debug, Clone)]
pub(crate) enum ResolvedKind {
    Aggregate(ResolvedAggregate),
    /// A measure that stands before it, elsewhere than in the cell.
    Elsewhere(ResolvedLook),
    /// A SQL scalar over measures that stand before it.
    Calculated {
        expression: String,
        inputs: Vec<String>,
    },
}

impl ResolvedKind {
    /// The measures that it is computed from.
    pub(crate) fn inputs(&self) -> &[String] {
        match self {
            Self::Aggregate(_) => &[],
            Self::Elsewhere(look) => std::slice::from_ref(&look.measure),
            Self::Calculated { inputs, .. } => inputs,
        }
    }
}

/// Where a measure is looked at.
#[derive(Debug, Clone)]
pub(crate) struct ResolvedLook {
    pub(crate) function: Elsewhere,
    pub(crate) measure: String,
    /// The dimension of the cube whose members change.
    pub(crate) dimension: String,
    pub(crate) level: Option<ResolvedLevel>,
    pub(crate) number: Option<u32>,
}

impl ResolvedLook {
    /// True if the hierarchy of a level of the dimension is that of the look, if it names one.
    pub(crate) fn is_in_hierarchy(&self, level: &ResolvedLevel) -> bool {
        let own = self.level.as_ref();
        own.is_none_or(|own| own.same_hierarchy(level))
    }
}

/// An aggregate over the fact rows of a cell.
#[derive(Debug, Clone)]
pub(crate) struct ResolvedAggregate {
    pub(crate) function: Aggregation,
    pub(crate) input: Input,
    pub(crate) filter: Option<String>,
    /// Of functions of periods: the role whose days are the periods.
    pub(crate) over: Option<String>,
    /// Of percentiles: the fraction of the order in 10^-10.
    pub(crate) at: i64,
    /// True if a sketch will do.
    pub(crate) approximate: bool,
}

impl ResolvedAggregate {
    /// An exact aggregate of all rows of a cell.
    pub(crate) fn of(function: Aggregation, input: Input) -> Self {
        Self {
            function,
            input,
            filter: None,
            over: None,
            at: 0,
            approximate: false,
        }
    }
}

/// What is aggregated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// The rows themselves.
    Rows,
    /// A column of the fact.
    Column(ColumnType),
    /// The members of a role.
    Members {
        role: String,
        dimension: String,
        versioned: bool,
    },
}

/// A condition on a measure.
#[derive(Debug, Clone)]
pub(crate) struct ResolvedHaving {
    pub(crate) measure: String,
    pub(crate) comparison: Comparison,
    pub(crate) value: String,
}

/// One key of the order of rows.
#[derive(Debug, Clone)]
pub(crate) enum ResolvedSort {
    Measure {
        name: String,
        descending: bool,
    },
    Level {
        axis: usize,
        position: usize,
        descending: bool,
    },
}

/// Members that are ranked.
#[derive(Debug, Clone)]
pub(crate) struct ResolvedTop {
    pub(crate) n: u64,
    pub(crate) by: String,
    pub(crate) bottom: bool,
    pub(crate) level: ResolvedLevel,
    pub(crate) per: Option<ResolvedLevel>,
}

impl ResolvedQuery {
    /// Every level that the query touches.
    pub(crate) fn levels(&self) -> impl Iterator<Item = &ResolvedLevel> {
        let axes = self.axes.iter().flat_map(|axis| &axis.levels);
        let filters = self
            .filters
            .iter()
            .chain(&self.cell)
            .map(|filter| &filter.level);
        let top = self
            .top
            .iter()
            .flat_map(|top| [Some(&top.level), top.per.as_ref()]);
        axes.chain(filters).chain(top.flatten())
    }
}
