//! `planisphere-etl status`: how the last load ended, from its record in the warehouse.

use planisphere_schemas::settings::Settings;
use planisphere_schemas::warehouse::Warehouse;

use super::AskArgs;
use super::load::{balance_grid, remarks, status_line};
use super::output::{Format, Grid, bytes, count, print};
use crate::error::Result;
use crate::load::{LoadOutcome, LoadRecord, ReadState, TableReading, read_records};

/// Runs the command.
pub(super) async fn run(args: &AskArgs) -> Result<()> {
    let settings = Settings::load(&args.config.config)?;
    let warehouse = Warehouse::connect(&settings.warehouse.url)?;
    let records = read_records(&warehouse).await?;
    let Some(last) = records.last() else {
        print("no load was ever run on this warehouse");
        return Ok(());
    };
    match args.format {
        Format::Json => print(&serde_json::to_string(last).unwrap_or_default()),
        Format::Csv => print(&balance_grid(last).show(Format::Csv)),
        Format::Table => {
            print(&status_line(last));
            if let LoadOutcome::Failed {
                hint: Some(hint), ..
            } = &last.outcome
            {
                print(&format!("hint: {hint}"));
            }
            let moments = moments(last);
            moments.iter().for_each(|line| print(line));
            for grid in [reading_grid(last), balance_grid(last)] {
                if !grid.is_empty() {
                    print(&grid.show(Format::Table));
                }
            }
            for line in remarks(last) {
                print(&line);
            }
        }
    }
    Ok(())
}

/// Which moment of each source was read, and what each still waits for.
fn moments(record: &LoadRecord) -> Vec<String> {
    let is_over = record.outcome != LoadOutcome::Running;
    let mut lines = Vec::new();
    for source in &record.sources {
        let moment = source.moment.as_deref().unwrap_or("no snapshot yet");
        let anew = match source.anew {
            0 => String::new(),
            times => format!(", read anew {times} times since its snapshot was lost"),
        };
        lines.push(format!("source {}: {moment}{anew}", source.source));
        if let Some(waits_for) = &source.waits_for {
            let waits = if is_over { "waited for" } else { "waits for" };
            lines.push(format!("  {waits} {waits_for}"));
        }
    }
    lines
}

/// How far each table was read.
fn reading_grid(record: &LoadRecord) -> Grid {
    let mut grid = Grid::new(&[
        ("source", false),
        ("table", false),
        ("read", true),
        ("done", true),
        ("rejected", true),
        ("nulled", true),
        ("clamped", true),
        ("parts", true),
        ("re-reads", true),
        ("bytes", true),
        ("seconds", true),
        ("rows/s", true),
    ]);
    let is_over = record.outcome != LoadOutcome::Running;
    for source in &record.sources {
        for table in &source.tables {
            grid.row(vec![
                source.source.clone(),
                table.table.clone(),
                count(table.rows),
                done(table, is_over),
                count(table.rejected),
                count(table.nulled),
                count(table.clamped),
                format!("{}/{}", table.parts_done, table.parts),
                count(table.rereads),
                bytes(table.bytes),
                format!("{:.2}", table.time().as_secs_f64()),
                count(table.rows_per_s),
            ]);
        }
    }
    grid
}

/// How much of a table is read, in a word.
fn done(table: &TableReading, is_over: bool) -> String {
    match (table.state, table.percent()) {
        (ReadState::Complete, _) => "all".into(),
        (ReadState::Waiting, _) => "-".into(),
        (ReadState::Reading, Some(percent)) => format!("{percent} %"),
        (ReadState::Reading, None) if is_over => "cut".into(),
        (ReadState::Reading, None) => "…".into(),
    }
}
