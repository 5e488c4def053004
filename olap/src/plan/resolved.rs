//! A query with all names resolved against one model: what the next steps plan, and what `explain` prints.
//!
//! Plain data; building it does no I/O and touches no engine.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use planisphere_schemas::model::{Caption, SpecialMember, Star};

use super::key_value::KeyValue;
use super::resolved_measure::ResolvedMeasures;
use super::signs::SignedRole;
use crate::model::{ColumnType, DimensionSource};
use crate::query::{Comparison, Language, LevelRef, TextPlace};

/// A query whose names are all known.
#[derive(Debug, Clone)]
pub(crate) struct ResolvedQuery {
    pub(crate) cube: String,
    /// The star; of a query across cubes that of the first of them.
    pub(crate) star: Star,
    /// Of a query across cubes what each of them gives.
    pub(crate) across: Vec<ResolvedPart>,
    pub(crate) axes: Vec<ResolvedAxis>,
    pub(crate) attributes: Vec<ResolvedAttribute>,
    pub(crate) filters: Vec<ResolvedFilter>,
    /// The members of one cell, for its fact rows: they hold after the ranking.
    pub(crate) cell: Vec<ResolvedFilter>,
    pub(crate) measures: ResolvedMeasures,
    /// All of the question, by which members are kept also where fewer are computed.
    pub(crate) keeping: Arc<ResolvedMeasures>,
    /// The roles whose operators some measures take.
    pub(crate) signs: Vec<SignedRole>,
    pub(crate) having: Vec<ResolvedHaving>,
    pub(crate) sort: Vec<ResolvedSort>,
    /// In the order in which they narrow the question.
    pub(crate) tops: Vec<ResolvedTop>,
    pub(crate) history: ResolvedHistory,
    pub(crate) include_deleted: bool,
    pub(crate) language: Language,
    pub(crate) limit: Option<u64>,
}

/// What a query across cubes takes from one of them.
#[derive(Debug, Clone)]
pub(crate) struct ResolvedPart {
    /// The name under which measures are taken from it.
    pub(crate) name: String,
    /// The cube.
    pub(crate) cube: String,
    pub(crate) star: Star,
    /// For each shared dimension that it has its own role.
    pub(crate) dimensions: BTreeMap<String, String>,
    /// The measures that are taken, in its own words.
    pub(crate) measures: ResolvedMeasures,
    /// The roles whose operators some of them take.
    pub(crate) signs: Vec<SignedRole>,
    /// Their names in the query and their own.
    pub(crate) taken: Vec<(String, String)>,
    /// Its own defaults.
    pub(crate) defaults: Vec<ResolvedFilter>,
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
    /// How many of the first levels each total keeps; fewer than there are.
    pub(crate) subtotals: BTreeSet<usize>,
}

/// What is told of the members of a level on an axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ResolvedAttribute {
    pub(crate) axis: usize,
    pub(crate) position: usize,
    pub(crate) name: String,
    pub(crate) caption: Caption,
    /// The attribute of the dimension.
    pub(crate) column: ColumnType,
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

    /// True if a fact has many members.
    pub(crate) fn is_bridged(&self) -> bool {
        matches!(self.source, DimensionSource::Role { bridged: true, .. })
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
    /// What people read of the members has a text.
    Text {
        place: TextPlace,
        text: String,
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
            Self::Text { .. } => Cow::Borrowed(&[]),
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
    pub(crate) keep: ResolvedKeep,
    pub(crate) by: String,
    pub(crate) level: ResolvedLevel,
    pub(crate) per: Option<ResolvedLevel>,
    /// Of what one cube gives to a query across several: the place in that query, whose cells rank.
    pub(crate) ranked_across: Option<(usize, Arc<ResolvedQuery>)>,
}

/// Which members are kept.
#[derive(Debug, Clone)]
pub(crate) enum ResolvedKeep {
    /// The first, or the last ones of an order.
    Ranked { n: u64, last: bool },
    /// Those for which it holds.
    Where(ResolvedHaving),
}

impl ResolvedTop {
    /// True if the last ones of an order are kept, false the first ones; `None` if there is no order.
    pub(crate) fn is_from_the_last(&self) -> Option<bool> {
        match self.keep {
            ResolvedKeep::Ranked { last, .. } => Some(last),
            ResolvedKeep::Where(_) => None,
        }
    }

    /// The levels of the ranked members, the one within which they are ranked first.
    pub(crate) fn levels(&self) -> Vec<&ResolvedLevel> {
        self.per.iter().chain([&self.level]).collect()
    }
}

impl ResolvedQuery {
    /// Adds the defaults of dimensions that the query does not touch by itself.
    pub(crate) fn add_defaults(&mut self, defaults: Vec<ResolvedFilter>) {
        let touched = self.levels().map(|level| level.dimension().to_owned());
        let touched: BTreeSet<String> = touched.collect();
        let hold = |default: &ResolvedFilter| !touched.contains(default.level.dimension());
        self.filters.extend(defaults.into_iter().filter(hold));
    }

    /// Every level that the query touches.
    pub(crate) fn levels(&self) -> impl Iterator<Item = &ResolvedLevel> {
        let axes = self.axes.iter().flat_map(|axis| &axis.levels);
        let filters = self
            .filters
            .iter()
            .chain(&self.cell)
            .map(|filter| &filter.level);
        let tops = self.tops.iter().flat_map(ResolvedTop::levels);
        axes.chain(filters).chain(tops)
    }
}
