//! `query`: asks a cube and shows the answer.

use std::time::Instant;

use serde_json::{Map, Value, json};

use super::alike::alike;
use super::args::{Format, From};
use super::backend::{Backend, CubeAnswer};
use super::error::CliError;
use super::long::long;
use super::output;
use super::pivot::pivoted;
use super::query_args::QueryArgs;
use super::sheet::Sheet;
use super::words;
use crate::query::{CubeQuery, Language};
use crate::result::{ColumnRole, ResultHeader};

/// Runs the command.
pub(super) async fn run(arguments: QueryArgs) -> Result<(), CliError> {
    let asked = arguments.question()?;
    let from = arguments.from.unwrap_or_else(From::default_settings);
    let mut backend = Backend::open(&from).await?;
    if arguments.explain {
        return explain(&mut backend, asked).await;
    }
    let started = Instant::now();
    let answer = Box::pin(backend.ask(asked.query.clone(), asked.drill)).await?;
    let milliseconds = started.elapsed().as_millis();
    let format = arguments.format.unwrap_or(Format::Table);
    let sheet = match (format, is_detail(&answer.header)) {
        (Format::Table, false) => pivot(&mut backend, &asked.query, &answer).await?,
        _ => long(&answer.header, &answer.batches),
    };
    output::answer(&sheet, format, about(&answer))?;
    summarise(&answer, milliseconds);
    Ok(())
}

async fn explain(backend: &mut Backend, asked: crate::query::QueryFile) -> Result<(), CliError> {
    if asked.drill.is_some() {
        return Err(CliError::usage("--explain takes a query without a drill"));
    }
    for (name, text) in backend.explain(&asked.query).await? {
        output::text(&format!("== {name}\n{}\n", text.trim_end()))?;
    }
    Ok(())
}

async fn pivot(
    backend: &mut Backend,
    query: &CubeQuery,
    answer: &CubeAnswer,
) -> Result<Sheet, CliError> {
    let alike = Box::pin(alike(backend, query, &answer.header)).await?;
    Ok(pivoted(&answer.header, &answer.batches, &alike)?)
}

fn is_detail(header: &ResultHeader) -> bool {
    header
        .columns
        .iter()
        .any(|column| matches!(column.role, ColumnRole::Detail { .. }))
}

/// What JSON says around the rows.
fn about(answer: &CubeAnswer) -> Map<String, Value> {
    let header = &answer.header;
    let columns = header.columns.iter().map(|column| {
        let data_type = column.data_type.to_string();
        json!({"name": column.name, "caption": column.caption, "type": data_type})
    });
    let mut about = Map::from_iter([
        ("query_id".to_owned(), json!(header.query_id)),
        (
            "warehouse_version".to_owned(),
            json!(header.warehouse_version),
        ),
        ("model_hash".to_owned(), json!(header.model_hash)),
        ("next_page_token".to_owned(), json!(header.next_page_token)),
        ("columns".to_owned(), columns.collect()),
    ]);
    if let Some((rows, totals)) = &answer.detail {
        about.insert("total_rows".into(), json!(rows));
        let totals = totals
            .iter()
            .map(|total| (total.measure.clone(), json!(total.value)));
        about.insert("totals".into(), totals.collect());
    }
    about
}

fn summarise(answer: &CubeAnswer, milliseconds: u128) {
    let rows: usize = answer
        .batches
        .iter()
        .map(arrow::array::RecordBatch::num_rows)
        .sum();
    let header = &answer.header;
    let language: Language = header.locale.parse().unwrap_or_default();
    if let Some((total, totals)) = &answer.detail {
        let totals = totals
            .iter()
            .map(|it| format!("{} = {}", it.measure, it.value.as_deref().unwrap_or("null")));
        let totals = totals.collect::<Vec<_>>().join(", ");
        output::note(&words::cell(language, *total, &totals));
    }
    if let Some(token) = &header.next_page_token {
        output::note(&format!("{} {token}", words::MORE_ROWS.text(language)));
    }
    output::note(&words::summary(
        language,
        rows,
        milliseconds,
        header.warehouse_version,
        &header.query_id,
    ));
}
