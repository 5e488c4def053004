//! The request: measures on axes of levels, diced, ranked, ordered.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::attribute::AttributeRef;
use super::level_ref::LevelRef;
use super::member::MemberPath;

/// One question to one cube.
///
/// ```
/// use planisphere_olap::query::{Axis, CubeQuery, Filter};
/// let query = CubeQuery {
///     cube: "sales".into(),
///     measures: vec!["net_amount".into()],
///     axes: vec![Axis::of(["order_date.calendar.year".parse().unwrap()])],
///     filters: vec![Filter::slice("customer.segment.segment".parse().unwrap(), "A")],
///     ..CubeQuery::default()
/// };
/// assert_eq!(query.axes.len(), 1);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CubeQuery {
    /// The cube.
    pub cube: String,
    /// The measures, in the order of the answer's columns.
    pub measures: Vec<String>,
    /// Rows first, columns second, more if wanted; none asks for the grand total.
    pub axes: Vec<Axis>,
    /// What the answer tells of members beside their keys and names; their levels stand on axes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributeRef>,
    /// Named sets of the cube, to which the question is narrowed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<String>,
    /// Slices and dices; all of them hold.
    pub filters: Vec<Filter>,
    /// Conditions on the measures of an answer's row, subtotals included; all of them hold.
    pub measure_filters: Vec<MeasureFilter>,
    /// The order of the rows; the axes in their own order decide where these tie.
    pub sort: Vec<Sort>,
    /// Keep only some members of levels by measures: dices by members that are found out, each within what those before it have left.
    pub tops: Vec<Top>,
    /// The greatest number of rows of one page; the server's row limit otherwise.
    pub limit: Option<u64>,
    /// Which version of a member a fact row belongs to.
    pub history: History,
    /// True counts facts too that the source has deleted.
    pub include_deleted: bool,
    /// The language of captions, such as `en` (default) or `zh-CN`; others than English and Chinese are refused.
    pub locale: String,
    /// The warehouse version; the latest published one by default.
    pub version: Option<u64>,
    /// The model hash on which the request was built; a different one is a conflict.
    pub model_hash: Option<String>,
    /// Where the page before ended.
    pub page_token: Option<String>,
}

/// One axis: every combination of its levels' members that has facts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Axis {
    /// The levels, the outermost first.
    pub levels: Vec<LevelRef>,
    /// Which totals stand among the rows, computed from the detail.
    pub subtotals: Subtotals,
}

/// Which totals an axis has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subtotals {
    /// None.
    #[default]
    None,
    /// One for every prefix of the levels, down to the grand total.
    All,
    /// Those that keep so many of the first levels; 0 is the grand total.
    Keeping(BTreeSet<usize>),
}

impl Subtotals {
    /// How many of the first levels of an axis each total keeps.
    pub fn kept(&self, levels: usize) -> BTreeSet<usize> {
        match self {
            Self::None => BTreeSet::new(),
            Self::All => (0..levels).collect(),
            Self::Keeping(kept) => kept.clone(),
        }
    }

    /// Those totals too that keep so many levels.
    pub fn add(&mut self, levels: usize) {
        match self {
            Self::All => {}
            Self::None => *self = Self::Keeping(BTreeSet::from([levels])),
            Self::Keeping(kept) => {
                kept.insert(levels);
            }
        }
    }

    /// Those of an axis of which the level at a position goes and `levels` stay: each keeps what is left of its own levels, and
    /// one of which nothing is left goes.
    pub(crate) fn without(&mut self, position: usize, levels: usize) {
        if let Self::Keeping(kept) = self {
            let left = kept.iter().filter_map(|it| match it.checked_sub(1) {
                Some(fewer) if *it > position => (fewer > 0).then_some(fewer),
                _ => Some(*it),
            });
            *kept = left.filter(|it| *it < levels).collect();
        }
    }
}

impl Axis {
    /// An axis of these levels, without subtotals.
    pub fn of(levels: impl IntoIterator<Item = LevelRef>) -> Self {
        Self {
            levels: levels.into_iter().collect(),
            subtotals: Subtotals::None,
        }
    }

    /// The same axis with subtotals.
    pub fn with_subtotals(self) -> Self {
        Self {
            subtotals: Subtotals::All,
            ..self
        }
    }
}

/// A condition on the members of one level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// The level; it need not stand on an axis.
    pub level: LevelRef,
    /// The condition.
    pub condition: Condition,
    /// True if drilling down added it: rolling up takes it away again.
    #[serde(default)]
    pub drilled: bool,
}

impl Filter {
    /// A slice: one member.
    pub fn slice(level: LevelRef, member: impl Into<MemberPath>) -> Self {
        Self {
            level,
            condition: Condition::In(vec![member.into()]),
            drilled: false,
        }
    }

    /// A dice by a set of members.
    pub fn dice(level: LevelRef, members: impl IntoIterator<Item = MemberPath>) -> Self {
        Self {
            level,
            condition: Condition::In(members.into_iter().collect()),
            drilled: false,
        }
    }
}

/// What holds for the members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    /// One of these members.
    In(Vec<MemberPath>),
    /// None of these members.
    NotIn(Vec<MemberPath>),
    /// Between two members in key order, the first not after the second; special members never lie in a range.
    Range {
        /// The lower bound; none is open.
        from: Option<Bound>,
        /// The upper bound; none is open.
        to: Option<Bound>,
    },
    /// Members by what people read of them in the language of the request, in large or small letters; special members never match.
    Text {
        /// Where the text stands.
        place: TextPlace,
        /// The text.
        text: String,
    },
}

/// Where a text stands in what people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextPlace {
    /// Anywhere.
    Within,
    /// At the beginning.
    Beginning,
    /// At the end.
    End,
    /// It is all.
    Whole,
}

/// One end of a range: a full path names a member and compares from the top level down; one key compares the
/// level's own key, and need not be that of a member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// The member at the end.
    pub path: MemberPath,
    /// True if the member itself belongs to the range.
    pub inclusive: bool,
}

/// A condition on a measure of the answer's rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasureFilter {
    /// The measure; it need not be among those asked for.
    pub measure: String,
    /// How it is compared.
    pub comparison: Comparison,
    /// The decimal number as text.
    pub value: String,
}

/// How a measure is compared; an empty measure is true for none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// One key of the order of rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sort {
    /// What is compared.
    pub by: SortKey,
    /// True puts the greatest first; empty measures and special members come last either way.
    #[serde(default)]
    pub descending: bool,
}

/// What rows are ordered by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortKey {
    /// A measure of the answer.
    Measure(String),
    /// A level on an axis, by the sort attributes of its path.
    Level(LevelRef),
}

/// Keeps some members of a level by a measure within the filters: the first or last ones, where ties go by member key, or those for which
/// it holds.
///
/// It is a dice by the members that it finds, so totals are totals of what is kept. Where the level of a ranking is the
/// innermost one and no order is asked for, its rows come in the order of the ranking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Top {
    /// Which members are kept.
    pub keep: Keep,
    /// The measure that is asked of them.
    pub by: String,
    /// The level of the members; the innermost level of the rows by default.
    #[serde(default)]
    pub level: Option<LevelRef>,
    /// Ranks anew within each member of this level.
    #[serde(default)]
    pub per: Option<LevelRef>,
}

/// Which members of a level are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// So many with the greatest values.
    First(u64),
    /// So many with the least values.
    Last(u64),
    /// Those whose value compares so with a number, in digits.
    Where(Comparison, String),
}

/// Which version of a member a fact row belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum History {
    /// The version that held when the fact happened.
    #[default]
    AsWas,
    /// The version that holds now.
    AsIs,
    /// The version that held at the end of that day in the warehouse time zone.
    AsOf(NaiveDate),
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsWas => f.write_str("as_was"),
            Self::AsIs => f.write_str("as_is"),
            Self::AsOf(date) => write!(f, "as_of {date}"),
        }
    }
}

impl FromStr for History {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().split_once(' ') {
            None if text.trim() == "as_was" => Ok(Self::AsWas),
            None if text.trim() == "as_is" => Ok(Self::AsIs),
            Some(("as_of", date)) => match date.trim().parse() {
                Ok(date) => Ok(Self::AsOf(date)),
                Err(_) => Err(format!(
                    "'{}' is not a date: write as_of 2024-12-31",
                    date.trim()
                )),
            },
            _ => Err(format!(
                "unknown history '{text}': write as_was, as_is or as_of 2024-12-31"
            )),
        }
    }
}
