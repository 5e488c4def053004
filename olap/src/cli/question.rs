//! How the flags of `query`, laid over its file, become a question.

use std::path::Path;

use super::error::CliError;
use super::query_args::QueryArgs;
use crate::query::add_subtotals;
use crate::query::{
    Axis, Condition, CubeQuery, Drill, LevelRef, MemberRef, QueryFile, parse_filter,
    parse_measure_filter, parse_sort, parse_top, read_query_file,
};

impl QueryArgs {
    /// The question of the file, if any, with the flags laid over it.
    pub(super) fn question(&self) -> Result<QueryFile, CliError> {
        let mut asked = match &self.file {
            Some(path) => read_file(path)?,
            None => QueryFile {
                query: CubeQuery::default(),
                drill: None,
            },
        };
        self.lay_over(&mut asked.query)?;
        if let Some(drill) = self.drill()? {
            asked.drill = Some(drill);
        }
        match (asked.query.cube.is_empty(), asked.query.measures.is_empty()) {
            (true, _) => Err(CliError::usage("which cube? give --cube or a query file")),
            (_, true) => Err(CliError::usage("which measures? give --measures")),
            _ => Ok(asked),
        }
    }

    fn lay_over(&self, query: &mut CubeQuery) -> Result<(), CliError> {
        if let Some(cube) = &self.cube {
            query.cube.clone_from(cube);
        }
        if !self.measures.is_empty() {
            query.measures = self
                .measures
                .iter()
                .map(|name| name.trim().to_owned())
                .collect();
        }
        self.lay_axes(query)?;
        if !self.attributes.is_empty() {
            let told = self.attributes.iter();
            let told = told.map(|text| text.parse().map_err(CliError::usage));
            query.attributes = told.collect::<Result<_, _>>()?;
        }
        if !self.sets.is_empty() {
            let sets = self.sets.iter();
            query.sets = sets.map(|name| name.trim().to_owned()).collect();
        }
        for text in &self.filters {
            query
                .filters
                .push(parse_filter(text).map_err(CliError::usage)?);
        }
        for text in &self.having {
            query
                .measure_filters
                .push(parse_measure_filter(text).map_err(CliError::usage)?);
        }
        if !self.sort.is_empty() {
            let keys = self
                .sort
                .iter()
                .map(|text| parse_sort(text).map_err(CliError::usage));
            query.sort = keys.collect::<Result<_, _>>()?;
        }
        if !self.top.is_empty() {
            let tops = self.top.iter();
            let tops = tops.map(|text| parse_top(text).map_err(CliError::usage));
            query.tops = tops.collect::<Result<_, _>>()?;
        }
        if let Some(text) = &self.history {
            query.history = text.parse().map_err(CliError::usage)?;
        }
        query.limit = self.limit.or(query.limit);
        query.version = self.version.or(query.version);
        query.page_token = self.page_token.clone().or(query.page_token.take());
        query.include_deleted |= self.include_deleted;
        if let Some(locale) = &self.locale {
            query.locale.clone_from(locale);
        }
        Ok(())
    }

    fn lay_axes(&self, query: &mut CubeQuery) -> Result<(), CliError> {
        let (rows, columns) = (levels(&self.rows)?, levels(&self.columns)?);
        if !rows.is_empty() || !columns.is_empty() {
            query
                .axes
                .resize_with(query.axes.len().max(1), Axis::default);
        }
        if !rows.is_empty() {
            query.axes[0].levels = rows;
        }
        if !columns.is_empty() {
            query
                .axes
                .resize_with(query.axes.len().max(2), Axis::default);
            query.axes[1].levels = columns;
        }
        for name in &self.subtotals {
            add_subtotals(&mut query.axes, name).map_err(CliError::usage)?;
        }
        Ok(())
    }

    fn drill(&self) -> Result<Option<Drill>, CliError> {
        if let Some(text) = &self.drill {
            return Ok(Some(Drill::Down {
                member: member(text)?,
                to: self.drill_to.clone(),
            }));
        }
        if let Some(text) = &self.roll_up {
            let (dimension, hierarchy) = match text.split_once('.') {
                Some((dimension, hierarchy)) => (dimension, Some(hierarchy.to_owned())),
                None => (text.as_str(), None),
            };
            return Ok(Some(Drill::Up {
                dimension: dimension.to_owned(),
                hierarchy,
            }));
        }
        if self.drill_through.is_empty() {
            return Ok(None);
        }
        let cell: Result<_, _> = self.drill_through.iter().map(|text| member(text)).collect();
        Ok(Some(Drill::Through { cell: cell? }))
    }
}

fn read_file(path: &Path) -> Result<QueryFile, CliError> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| CliError::file(&name, error))?;
    read_query_file(&name, &text).map_err(CliError::usage)
}

fn levels(texts: &[String]) -> Result<Vec<LevelRef>, CliError> {
    texts
        .iter()
        .map(|text| text.parse().map_err(CliError::usage))
        .collect()
}

/// `level = member`.
fn member(text: &str) -> Result<MemberRef, CliError> {
    let filter = parse_filter(text).map_err(CliError::usage)?;
    match filter.condition {
        Condition::In(mut paths) if paths.len() == 1 => {
            let path = paths.pop().unwrap_or_default();
            Ok(MemberRef {
                level: filter.level,
                path,
            })
        }
        _ => Err(CliError::usage(format!(
            "'{text}' must name one member: level = member"
        ))),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use clap::Parser;

    use super::super::args::{Arguments, Command};
    use super::*;
    use crate::query::Subtotals;

    fn question(line: &[&str]) -> Result<QueryFile, CliError> {
        let line = ["planisphere-olap", "query"].iter().chain(line);
        match Arguments::try_parse_from(line).unwrap().command {
            Command::Query(query) => query.question(),
            _ => unreachable!(),
        }
    }

    #[test]
    fn flags_become_a_question() {
        let asked = question(&[
            "--cube",
            "sales",
            "--measures",
            "net,lines",
            "--rows",
            "d.h.year,c.s",
            "--columns",
            "p.c",
            "--where",
            "d.h.year in 2024, 2025",
            "--where",
            "c.s = A",
            "--sort",
            "-net",
            "--top",
            "5 by net",
            "--subtotals",
            "rows",
            "--history",
            "as_of 2025-01-31",
            "--limit",
            "7",
            "--drill",
            "d.h.year = 2025",
        ])
        .unwrap();
        let query = asked.query;
        assert_eq!(query.measures, ["net", "lines"]);
        assert_eq!(query.axes.len(), 2);
        assert_eq!(query.axes[0].subtotals, Subtotals::All);
        assert_eq!(query.axes[1].subtotals, Subtotals::None);
        assert_eq!(query.axes[0].levels[0].to_string(), "d.h.year");
        assert_eq!((query.filters.len(), query.limit), (2, Some(7)));
        assert!(query.sort[0].descending && query.tops.len() == 1);
        assert!(matches!(asked.drill, Some(Drill::Down { to: None, .. })));
    }

    #[test]
    fn what_is_missing_or_wrong_is_said() {
        for (line, expected) in [
            (vec!["--measures", "net"], "which cube"),
            (vec!["--cube", "sales"], "which measures"),
            (
                vec!["--cube", "s", "--measures", "n", "--rows", "year"],
                "dimension.hierarchy.level",
            ),
            (
                vec!["--cube", "s", "--measures", "n", "--where", "a.b 1"],
                "expected one of",
            ),
            (
                vec!["--cube", "s", "--measures", "n", "--subtotals", "columns"],
                "no columns",
            ),
            (vec!["missing.yaml"], "missing.yaml"),
        ] {
            let error = question(&line).unwrap_err();
            assert!(error.to_string().contains(expected), "{line:?}: {error}");
        }
    }
}
