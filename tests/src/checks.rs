//! What must hold for the answer to a question, besides being right once; complaints are collected, not thrown.

use anyhow::{Context as _, Result};
use planisphere_olap::DetailQuery;
use planisphere_olap::grpc::{CubeClient, RemoteAnswer};
use planisphere_olap::query::{
    Condition, CubeQuery, Drill, Filter, MemberRef, QueryFile, Subtotals, read_query_file,
};
use rusqlite::Connection;

use crate::answer::{Answer, ask_cube, ask_sql, shown, sql_rows};
use crate::number::{canonical, scaled, units};
use crate::oracle;
use crate::question::{Ask, Question};

/// The measures that count fact rows.
const COUNTS: [&str; 3] = ["lines", "opportunities", "cases"];

/// How a summed-over level shows, by key or by Chinese caption.
const SUBTOTALS: [&str; 2] = ["*", "合计"];

/// The decimals in which the rows of a drill-through are summed.
const SCALE: usize = 4;

/// Asks a question, over gRPC or Flight SQL.
///
/// # Errors
/// What the server says.
pub async fn ask(client: &mut CubeClient, url: &str, question: &Question) -> Result<Answer> {
    match &question.ask {
        Ask::Cube { text, .. } => ask_cube(client, &question.name, text).await,
        Ask::Sql(sql) => ask_sql(url, sql).await,
    }
}

/// Complains if an answer is not what the oracle says; an answer without rows to an oracle without rows is right, but
/// proves little.
///
/// # Errors
/// If the oracle's SQL cannot be run.
pub fn against_oracle(
    database: &Connection,
    question: &Question,
    answer: &Answer,
) -> Result<Option<String>> {
    let mut expected = oracle::rows(database, &question.oracle, answer.members)
        .with_context(|| format!("the oracle of {}", question.name))?;
    let mut rows = answer.rows.clone();
    if !question.ordered {
        expected.sort();
        rows.sort();
    }
    Ok((rows != expected).then(|| difference(&rows, &expected)))
}

/// The first rows that only one side has; if there are none, the rows stand in another order.
fn difference(rows: &[Vec<String>], expected: &[Vec<String>]) -> String {
    let only = |these: &[Vec<String>], those: &[Vec<String>]| {
        let rows = these.iter().filter(|row| !those.contains(row)).take(4);
        let lines: Vec<String> = rows
            .map(|row| format!("\n      {}", row.join(" | ")))
            .collect();
        lines.concat()
    };
    format!(
        "{} rows, the oracle has {}\n    only in the answer:{}\n    only in the oracle:{}",
        rows.len(),
        expected.len(),
        only(rows, expected),
        only(expected, rows),
    )
}

/// The query file of a question; none for SQL.
///
/// # Errors
/// If the file is not a query file.
pub fn query_of(question: &Question) -> Result<Option<QueryFile>> {
    match &question.ask {
        Ask::Cube { text, .. } => match read_query_file(&question.name, text) {
            Ok(file) => Ok(Some(file)),
            Err(faults) => anyhow::bail!("{faults}"),
        },
        Ask::Sql(_) => Ok(None),
    }
}

/// Complains if a drill-through's rows, or the totals that come with them, are not the cell that the same query shows.
///
/// # Errors
/// What the server says.
pub async fn adds_up(client: &mut CubeClient, file: &QueryFile) -> Result<Vec<String>> {
    let Some(Drill::Through { cell }) = &file.drill else {
        return Ok(Vec::new());
    };
    let detail = DetailQuery {
        query: file.query.clone(),
        cell: cell.clone(),
        ..DetailQuery::default()
    };
    let answer = client.drill_through(&detail).await?;
    let cell = shown(&client.query(&cell_query(&file.query, cell)).await?)?;
    let mut complaints = Vec::new();
    for (measure, shown) in file.query.measures.iter().zip(cell.rows.iter().flatten()) {
        let total = answer.totals.iter().find(|total| total.measure == *measure);
        let total = total.and_then(|total| total.value.as_deref().map(canonical));
        let sum = sum_of_rows(&answer, measure)?;
        if sum.as_ref().is_some_and(|sum| sum != shown) || total.as_ref() != Some(shown) {
            complaints.push(format!(
                "the rows' {measure} is {sum:?} and their total {total:?}, but the cell shows {shown}"
            ));
        }
    }
    Ok(complaints)
}

/// The cell alone: no axes, its members as slices.
fn cell_query(query: &CubeQuery, cell: &[MemberRef]) -> CubeQuery {
    let slices = cell.iter().map(|member| Filter {
        level: member.level.clone(),
        condition: Condition::In(vec![member.path.clone()]),
        drilled: false,
    });
    CubeQuery {
        axes: Vec::new(),
        filters: query.filters.iter().cloned().chain(slices).collect(),
        ..query.clone()
    }
}

/// The sum of the rows' column of a measure, or their number; none if the rows do not show it.
fn sum_of_rows(answer: &RemoteAnswer, measure: &str) -> Result<Option<String>> {
    let rows = sql_rows(&answer.batches)?;
    let columns = &answer.header.columns;
    match columns.iter().position(|column| column.name == measure) {
        Some(at) => Ok(Some(sum(rows.iter().map(|row| row[at].as_str()))?)),
        None => Ok(COUNTS.contains(&measure).then(|| rows.len().to_string())),
    }
}

fn sum<'t>(cells: impl Iterator<Item = &'t str>) -> Result<String> {
    let mut total = 0;
    for cell in cells.filter(|cell| *cell != "null") {
        total += units(cell, SCALE).with_context(|| format!("'{cell}' is no number"))?;
    }
    Ok(canonical(&scaled(total, 4)))
}

/// Complains about subtotals that differ from queries of their own without subtotals.
///
/// Of rankings this is not asked: without its level on an axis, a ranking is another question.
///
/// # Errors
/// What the server says.
pub async fn subtotals_stand(
    client: &mut CubeClient,
    file: &QueryFile,
    answer: &Answer,
) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    let subtotals = file
        .query
        .axes
        .iter()
        .any(|axis| axis.subtotals != Subtotals::None);
    if !subtotals || file.drill.is_some() || !file.query.tops.is_empty() {
        return Ok(complaints);
    }
    for depths in depths_of(&file.query) {
        let own = shown(
            &client
                .query(&without_subtotals(&file.query, &depths))
                .await?,
        )?;
        let (mut own, mut part) = (own.rows, rows_at(answer, &file.query, &depths));
        own.sort();
        part.sort();
        if own != part {
            complaints.push(format!(
                "subtotals at depths {depths:?}: {}",
                difference(&part, &own)
            ));
        }
    }
    Ok(complaints)
}

/// Every combination of how many levels of each axis stand.
fn depths_of(query: &CubeQuery) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for axis in &query.axes {
        let mut kept = axis.subtotals.kept(axis.levels.len());
        kept.insert(axis.levels.len());
        let longer = all.iter().flat_map(|depths| {
            kept.iter()
                .map(|depth| [depths.as_slice(), &[*depth]].concat())
        });
        all = longer.collect();
    }
    all
}

fn without_subtotals(query: &CubeQuery, depths: &[usize]) -> CubeQuery {
    let mut query = query.clone();
    for (axis, depth) in query.axes.iter_mut().zip(depths) {
        axis.levels.truncate(*depth);
        axis.subtotals = Subtotals::None;
    }
    query.sort.clear();
    query
}

/// The rows of the answer whose levels beyond these depths are summed over, without the marks.
fn rows_at(answer: &Answer, query: &CubeQuery, depths: &[usize]) -> Vec<Vec<String>> {
    let axes = query.axes.iter().zip(depths);
    let stands: Vec<bool> = axes
        .flat_map(|(axis, depth)| (0..axis.levels.len()).map(move |at| at < *depth))
        .collect();
    let fits = |row: &&Vec<String>| {
        let mut members = row.iter().zip(&stands);
        members.all(|(member, stands)| SUBTOTALS.contains(&member.as_str()) != *stands)
    };
    let kept = |row: &Vec<String>| {
        let cells = row.iter().enumerate();
        cells
            .filter(|(at, _)| stands.get(*at).is_none_or(|stands| *stands))
            .map(|(_, cell)| cell.clone())
            .collect()
    };
    answer.rows.iter().filter(fits).map(kept).collect()
}
