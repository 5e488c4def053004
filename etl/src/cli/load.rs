//! `planisphere-etl load`: runs one load and prints its summary.

use chrono::NaiveDate;
use clap::Args;
use planisphere_schemas::settings::Settings;

use super::output::{Format, Grid, bytes, count, print};
use super::progress::Terminal;
use super::{ConfigArgs, LogFormat};
use crate::error::Result;
use crate::load::{LoadOptions, LoadOutcome, LoadRecord, load, unfinished};
use crate::runtime::Runtime;

/// Arguments of `load`.
#[derive(Debug, Clone, Args)]
pub(super) struct LoadArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// The business date; today in the warehouse time zone by default.
    #[arg(long, value_name = "DATE")]
    as_of: Option<NaiveDate>,
    /// The form of the summary.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Runs the command.
pub(super) async fn run(args: &LoadArgs, logs: LogFormat) -> Result<()> {
    let settings = Settings::load(&args.config.config)?;
    let options = LoadOptions {
        settings,
        business_date: args.as_of,
    };
    let terminal = Terminal::new(logs);
    let runtime = Runtime::default().stopping_on(stopped);
    let record = Box::pin(load(&options, &runtime, &terminal)).await?;
    print_summary(&record, args.format);
    Ok(())
}

/// Waits until somebody asks the process to stop.
pub(super) async fn stopped() -> &'static str {
    use tokio::signal::unix::{SignalKind, signal};
    let wait = |kind: SignalKind| async move {
        match signal(kind) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            // without a handler the signal ends the process as ever
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = wait(SignalKind::terminate()) => "SIGTERM",
        () = wait(SignalKind::interrupt()) => "Ctrl-C",
    }
}

fn print_summary(record: &LoadRecord, format: Format) {
    if format == Format::Json {
        print(&serde_json::to_string(record).unwrap_or_default());
        return;
    }
    print(&balance_grid(record).show(format));
    let changes = change_grid(record);
    if !changes.is_empty() {
        print(&changes.show(format));
    }
    if format == Format::Table {
        for line in remarks(record) {
            print(&line);
        }
        print(&seconds(record));
    }
}

/// Rows read and what became of them.
pub(super) fn balance_grid(record: &LoadRecord) -> Grid {
    let mut grid = Grid::new(&[
        ("stage", false),
        ("object", false),
        ("read", true),
        ("loaded", true),
        ("unchanged", true),
        ("rejected", true),
        ("excluded", true),
    ]);
    for balance in &record.balances {
        grid.row(vec![
            balance.stage.to_string(),
            balance.name.clone(),
            count(balance.read),
            count(balance.loaded),
            count(balance.unchanged),
            count(balance.rejected),
            count(balance.excluded),
        ]);
    }
    grid
}

fn change_grid(record: &LoadRecord) -> Grid {
    let mut grid = Grid::new(&[
        ("table", false),
        ("inserted", true),
        ("updated", true),
        ("expired", true),
        ("deleted", true),
        ("rows", true),
        ("bytes", true),
    ]);
    for change in &record.changes {
        grid.row(vec![
            change.table.clone(),
            count(change.inserted),
            count(change.updated),
            count(change.expired),
            count(change.deleted),
            count(change.rows),
            bytes(change.bytes),
        ]);
    }
    grid
}

/// Reasons of rejects and exclusions, and notices, one line each.
pub(super) fn remarks(record: &LoadRecord) -> Vec<String> {
    let mut lines: Vec<String> = record.notices.clone();
    lines.extend(rejects_of_tables(record));
    for balance in &record.balances {
        for (reason, rows) in &balance.rejected_by {
            lines.push(remark("rejected", &balance.name, reason, *rows));
        }
        for (rule, rows) in &balance.excluded_by {
            lines.push(remark("excluded", &balance.name, rule, *rows));
        }
        if balance.inferred > 0 {
            let what = "members that facts refer to, but whose rows have not arrived";
            lines.push(remark("inferred", &balance.name, what, balance.inferred));
        }
    }
    lines
}

/// Rejected rows of tables that were read by a load that did not come to its proof.
fn rejects_of_tables(record: &LoadRecord) -> Vec<String> {
    if !record.balances.is_empty() {
        return Vec::new();
    }
    let tables = record.sources.iter().flat_map(|source| &source.tables);
    let reasons = tables.flat_map(|table| {
        let reasons = table.rejected_by.iter();
        reasons.map(|(reason, rows)| remark("rejected", &table.table, reason, *rows))
    });
    reasons.collect()
}

fn remark(what: &str, object: &str, reason: &str, rows: u64) -> String {
    format!("{what}  {object:<28} {reason}: {}", count(rows))
}

fn seconds(record: &LoadRecord) -> String {
    let steps = record
        .steps
        .iter()
        .map(|step| format!("{} {:.2}", step.step, step.seconds));
    format!("seconds: {}", steps.collect::<Vec<_>>().join(", "))
}

/// The last line of a load.
pub(super) fn status_line(record: &LoadRecord) -> String {
    let (id, date, seconds) = (record.load_id, record.business_date, record.seconds());
    match &record.outcome {
        LoadOutcome::Published { version } => {
            format!("load {id} of {date}: published version {version} in {seconds:.1} s")
        }
        LoadOutcome::Unchanged { version } => format!(
            "load {id} of {date}: nothing changed, version {version} still stands ({seconds:.1} s)"
        ),
        LoadOutcome::Failed { error, .. } => {
            format!(
                "load {id} of {date}: failed after {seconds:.1} s, nothing was published: {error}"
            )
        }
        LoadOutcome::Running => unfinished(record).unwrap_or_default(),
    }
}
