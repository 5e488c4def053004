//! Resolved queries as text, for `explain` and for snapshots.

use std::fmt;

use planisphere_schemas::model::Aggregation;

use super::key_value::member_key;
use super::resolved::{
    ResolvedBound, ResolvedCondition, ResolvedFilter, ResolvedHistory, ResolvedKeep, ResolvedKey,
    ResolvedPath, ResolvedQuery, ResolvedSort,
};
use super::resolved_measure::{Input, ResolvedAggregate, ResolvedKind};
use crate::query::{MemberKey, MemberPath};

impl ResolvedKey {
    /// The key as requests name it.
    pub(crate) fn to_member_key(&self) -> MemberKey {
        match self {
            Self::Special(special) => MemberKey::Special(special.id().to_owned()),
            Self::Value(value) => {
                member_key(&value.0).unwrap_or_else(|| MemberKey::Text(String::new()))
            }
        }
    }
}

impl ResolvedPath {
    /// The path as requests name it.
    pub(crate) fn to_member_path(&self) -> MemberPath {
        match self {
            Self::Full(keys) => MemberPath(keys.iter().map(ResolvedKey::to_member_key).collect()),
            Self::Own(key) => MemberPath(vec![key.to_member_key()]),
        }
    }
}

impl fmt::Display for ResolvedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_member_key())
    }
}

impl fmt::Display for ResolvedPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_member_path())
    }
}

impl fmt::Display for ResolvedQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.across.as_slice() {
            [] => writeln!(f, "cube {} over {}", self.cube, self.star.table())?,
            parts => {
                let cubes = parts.iter().map(|part| part.cube.as_str());
                let cubes = cubes.collect::<Vec<_>>().join(", ");
                writeln!(f, "cube {} across {cubes}", self.cube)?;
            }
        }
        let deleted = if self.include_deleted {
            ", with deleted facts"
        } else {
            ""
        };
        writeln!(f, "members {}{deleted}", self.history)?;
        for (number, axis) in self.axes.iter().enumerate() {
            let levels: Vec<String> = axis.levels.iter().map(|it| it.name.to_string()).collect();
            let subtotals = match axis.subtotals.len() {
                0 => String::new(),
                all if all == axis.levels.len() => " with subtotals".to_owned(),
                _ => format!(" with totals of {:?} levels", axis.subtotals),
            };
            writeln!(f, "axis {number}: {}{subtotals}", levels.join(", "))?;
        }
        for told in &self.attributes {
            let level = self
                .axes
                .get(told.axis)
                .and_then(|it| it.levels.get(told.position));
            let level = level.map(|it| it.name.to_string()).unwrap_or_default();
            writeln!(f, "tells {level}.{}", told.name)?;
        }
        for filter in &self.filters {
            writeln!(f, "where {filter}")?;
        }
        for filter in &self.cell {
            writeln!(f, "cell {filter}")?;
        }
        self.write_measures(f)?;
        self.write_order(f)
    }
}

impl ResolvedQuery {
    fn write_measures(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for measure in &self.measures.needed {
            let asked = self.measures.asked.contains(&measure.name);
            let word = if asked { "measure" } else { "needs" };
            writeln!(
                f,
                "{word} {} {} = {}",
                measure.name, measure.data_type, measure.kind
            )?;
        }
        for having in &self.having {
            writeln!(
                f,
                "having {} {:?} {}",
                having.measure, having.comparison, having.value
            )?;
        }
        Ok(())
    }

    fn write_order(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for sort in &self.sort {
            match sort {
                ResolvedSort::Measure { name, descending } => {
                    writeln!(f, "sort {name}{}", direction(*descending))?;
                }
                ResolvedSort::Level {
                    axis,
                    position,
                    descending,
                } => {
                    writeln!(
                        f,
                        "sort axis {axis} level {position}{}",
                        direction(*descending)
                    )?;
                }
            }
        }
        for top in &self.tops {
            match &top.keep {
                ResolvedKeep::Ranked { n, last } => {
                    let end = if *last { "bottom" } else { "top" };
                    write!(f, "{end} {n} of {} by {}", top.level.name, top.by)?;
                }
                ResolvedKeep::Where(it) => {
                    let comparison = &it.comparison;
                    write!(
                        f,
                        "{} where {} {comparison:?} {}",
                        top.level.name, top.by, it.value
                    )?;
                }
            }
            match &top.per {
                Some(per) => writeln!(f, " per {}", per.name)?,
                None => writeln!(f)?,
            }
        }
        match self.limit {
            Some(limit) => writeln!(f, "limit {limit}"),
            None => Ok(()),
        }
    }
}

fn direction(descending: bool) -> &'static str {
    if descending { " descending" } else { "" }
}

impl fmt::Display for ResolvedHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsWas => f.write_str("as was"),
            Self::AsIs => f.write_str("as is"),
            Self::Before(micros) => {
                write!(
                    f,
                    "as of before {}",
                    super::key_value::instant_text(*micros)
                )
            }
        }
    }
}

impl fmt::Display for ResolvedFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |paths: &[ResolvedPath]| {
            let texts: Vec<String> = paths.iter().map(ToString::to_string).collect();
            texts.join(", ")
        };
        write!(f, "{} ", self.level.name)?;
        match &self.condition {
            ResolvedCondition::In(paths) => write!(f, "in {}", list(paths)),
            ResolvedCondition::NotIn(paths) => write!(f, "not in {}", list(paths)),
            ResolvedCondition::Text { place, text } => write!(f, "{place:?} of names: '{text}'"),
            ResolvedCondition::Range { from, to } => {
                let end = |bound: &Option<ResolvedBound>| {
                    bound.as_ref().map_or_else(
                        || "…".to_owned(),
                        |it| {
                            format!(
                                "{}{}",
                                it.path,
                                if it.inclusive { "" } else { " (exclusive)" }
                            )
                        },
                    )
                };
                write!(f, "from {} to {}", end(from), end(to))
            }
        }
    }
}

impl fmt::Display for ResolvedKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Calculated { expression, .. } => f.write_str(expression),
            Self::Aggregate(aggregate) => aggregate.fmt(f),
            Self::Taken(taken) => write!(f, "{}.{}", taken.part, taken.name()),
            Self::InContext(context) => {
                write!(
                    f,
                    "{} of {} by {}",
                    context.function.name(),
                    context.measure,
                    context.dimension
                )?;
                if let Some(level) = &context.level {
                    write!(f, ", level {}", level.name)?;
                }
                match context.number {
                    Some(number) => write!(f, ", {number}"),
                    None => Ok(()),
                }
            }
        }
    }
}

impl fmt::Display for ResolvedAggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.approximate {
            f.write_str("approximate ")?;
        }
        write!(f, "{:?}", self.function)?;
        if self.function == Aggregation::Percentile {
            write!(f, " {}", self.at as f64 / 1e10)?;
        }
        match &self.input {
            Input::Rows => f.write_str(" of rows")?,
            Input::Column(column) => write!(f, " of {}", column.name)?,
            Input::Members { role, .. } => write!(f, " of members of {role}")?,
        }
        if let Some(over) = self.over.as_ref().filter(|_| self.function.is_of_periods()) {
            write!(f, " over {over}")?;
        }
        match &self.filter {
            Some(filter) => write!(f, " where {filter}"),
            None => Ok(()),
        }
    }
}
