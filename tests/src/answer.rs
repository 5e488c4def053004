//! Answers of the server as rows of texts: members first, then measures.

use anyhow::{Context as _, Result, bail, ensure};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Schema;
use arrow::util::display::array_value_to_string;
use arrow_flight::sql::client::FlightSqlServiceClient;
use futures::TryStreamExt as _;
use planisphere_olap::grpc::{CubeClient, RemoteAnswer, connect};
use planisphere_olap::query::{CubeQuery, Drill, read_query_file};
use planisphere_olap::{ColumnRole, DetailQuery, DrillDown, LevelPart, ResultHeader, RollUp};

use crate::number::canonical;

/// An answer in the form of the oracle's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// How many of the columns hold members.
    pub members: usize,
    /// The rows.
    pub rows: Vec<Vec<String>>,
    /// The warehouse version on which it was computed.
    pub warehouse_version: u64,
}

/// Asks a query file over gRPC.
///
/// # Errors
/// What the file or the server says.
pub async fn ask_cube(client: &mut CubeClient, name: &str, text: &str) -> Result<Answer> {
    let file = match read_query_file(name, text) {
        Ok(file) => file,
        Err(faults) => bail!("{faults}"),
    };
    let answer = match file.drill {
        None => client.query(&file.query).await?,
        Some(Drill::Down { member, to }) => {
            client
                .drill_down(&DrillDown {
                    query: file.query,
                    axis: None,
                    member,
                    to,
                })
                .await?
        }
        Some(Drill::Up {
            dimension,
            hierarchy,
        }) => {
            client
                .roll_up(&RollUp {
                    query: file.query,
                    dimension,
                    hierarchy,
                })
                .await?
        }
        Some(Drill::Through { cell }) => return drill_through(client, file.query, cell).await,
    };
    shown(&answer)
}

async fn drill_through(
    client: &mut CubeClient,
    query: CubeQuery,
    cell: Vec<planisphere_olap::query::MemberRef>,
) -> Result<Answer> {
    let detail = DetailQuery {
        query: query.clone(),
        cell,
        ..DetailQuery::default()
    };
    let answer = client.drill_through(&detail).await?;
    let rows = sql_rows(&answer.batches)?;
    if answer.total_rows != rows.len() as u64 {
        bail!(
            "drill-through returned {} of {} rows",
            rows.len(),
            answer.total_rows
        );
    }
    Ok(Answer {
        members: 0,
        rows,
        warehouse_version: answer.header.warehouse_version,
    })
}

/// The rows of a cube answer: members by their keys, or by their captions if it was asked in Chinese.
///
/// # Errors
/// If a batch does not have the columns of its header.
pub fn shown(answer: &RemoteAnswer) -> Result<Answer> {
    let levels = level_columns(&answer.header);
    let measures: Vec<usize> = positions(&answer.header, |role| {
        matches!(role, ColumnRole::Measure { .. })
    });
    let mut rows = Vec::new();
    for batch in &answer.batches {
        for row in 0..batch.num_rows() {
            let members = levels.iter().map(|level| level.show(batch, row));
            let numbers = measures.iter().map(|at| plain(batch, *at, row));
            rows.push(members.chain(numbers).collect::<Result<Vec<String>>>()?);
        }
    }
    let version = answer.header.warehouse_version;
    Ok(Answer {
        members: levels.len(),
        rows,
        warehouse_version: version,
    })
}

/// Asks SQL over Flight SQL, by a client that is not ours.
///
/// # Errors
/// What the server says.
pub async fn ask_sql(url: &str, sql: &str) -> Result<Answer> {
    let mut client = FlightSqlServiceClient::new(connect(url).await?);
    let info = client.execute(sql.to_owned(), None).await?;
    let version = version_of(&info.clone().try_decode_schema()?)?;
    let endpoint = info.endpoint.first().context("no endpoint")?;
    let ticket = endpoint.ticket.clone().context("no ticket")?;
    let batches: Vec<RecordBatch> = client.do_get(ticket).await?.try_collect().await?;
    for batch in &batches {
        ensure!(
            version_of(&batch.schema())? == version,
            "the rows come from another version than announced"
        );
    }
    Ok(Answer {
        members: 0,
        rows: sql_rows(&batches)?,
        warehouse_version: version,
    })
}

/// The warehouse version that the schema of a SQL answer names.
fn version_of(schema: &Schema) -> Result<u64> {
    let version = schema.metadata().get("planisphere.warehouse_version");
    Ok(version.context("the schema names no version")?.parse()?)
}

/// The rows of an answer to SQL or to a drill-through; texts and numbers as they are.
///
/// # Errors
/// If a value cannot be shown.
pub fn sql_rows(batches: &[RecordBatch]) -> Result<Vec<Vec<String>>> {
    let mut rows = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            let cells = (0..batch.num_columns()).map(|at| plain(batch, at, row));
            rows.push(cells.collect::<Result<Vec<String>>>()?);
        }
    }
    Ok(rows)
}

/// The columns of one level of an answer.
struct LevelColumns {
    key: usize,
    special: Option<usize>,
    subtotal: Option<usize>,
    /// Set if captions are shown in place of keys.
    caption: Option<usize>,
}

impl LevelColumns {
    fn show(&self, batch: &RecordBatch, row: usize) -> Result<String> {
        if let Some(at) = self.caption {
            return plain(batch, at, row);
        }
        if let Some(at) = self.subtotal
            && batch.column(at).as_boolean().value(row)
        {
            return Ok("*".to_owned());
        }
        if let Some(at) = self.special
            && batch.column(at).is_valid(row)
        {
            return Ok(format!(
                "@{}",
                array_value_to_string(batch.column(at), row)?
            ));
        }
        plain(batch, self.key, row)
    }
}

fn level_columns(header: &ResultHeader) -> Vec<LevelColumns> {
    let find = |axis: usize, position: usize, wanted: &LevelPart| {
        positions(header, |role| {
            matches!(role, ColumnRole::Level { axis: a, position: p, part, .. }
                if *a == axis && *p == position && part == wanted)
        })
        .first()
        .copied()
    };
    let mut levels = Vec::new();
    for column in &header.columns {
        if let ColumnRole::Level {
            axis,
            position,
            part: LevelPart::Key,
            ..
        } = &column.role
            && let Some(key) = find(*axis, *position, &LevelPart::Key)
        {
            levels.push(LevelColumns {
                key,
                special: find(*axis, *position, &LevelPart::Special),
                subtotal: find(*axis, *position, &LevelPart::Subtotal),
                caption: match header.locale.starts_with("zh") {
                    true => find(*axis, *position, &LevelPart::Caption),
                    false => None,
                },
            });
        }
    }
    levels
}

fn positions(header: &ResultHeader, wanted: impl Fn(&ColumnRole) -> bool) -> Vec<usize> {
    let columns = header.columns.iter().enumerate();
    columns
        .filter(|(_, column)| wanted(&column.role))
        .map(|(at, _)| at)
        .collect()
}

fn plain(batch: &RecordBatch, at: usize, row: usize) -> Result<String> {
    let column = batch
        .columns()
        .get(at)
        .context("a column of the header is not in the batch")?;
    match column.is_null(row) {
        true => Ok("null".to_owned()),
        false => Ok(canonical(&array_value_to_string(column, row)?)),
    }
}
