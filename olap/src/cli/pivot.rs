//! Cube answers as sheets for people: two-dimensional tables.
//!
//! The rows axis goes down, the columns axis goes across with the measures under it; further axes stand
//! before the rows.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use planisphere_schemas::model::Format;
use serde_json::json;

use super::alike::Alike;
use super::number;
use super::sheet::{Column, Sheet, Shown};
use super::titles::titles;
use crate::cells::{CellValue, PlainCells, plain_cells};
use crate::error::Result;
use crate::result::{ColumnRole, LevelPart, ResultHeader};

/// The answer as a two-dimensional table; members of levels that are alike are named with their parents.
pub(super) fn pivoted(
    header: &ResultHeader,
    batches: &[RecordBatch],
    alike: &Alike,
) -> Result<Sheet> {
    let cells = plain_cells(header, batches)?;
    let measures = measures_of(header);
    let titles: Vec<_> = cells
        .axes
        .iter()
        .enumerate()
        .map(|(axis, tuples)| titles(header, axis, tuples, alike))
        .collect();
    let across = across(&titles);
    let down_axes = down_axes(&cells);
    let mut columns: Vec<Column> = down_axes
        .iter()
        .flat_map(|axis| level_columns(header, *axis))
        .collect();
    for heading in &across {
        columns.extend(measures.iter().map(|measure| {
            let heading = joined(heading, measure, measures.len());
            Column::number(heading.clone(), heading)
        }));
    }
    let width = across.len() * measures.len();
    let mut rows: BTreeMap<Vec<usize>, Vec<Shown>> = BTreeMap::new();
    for cell in &cells.cells {
        let at = |axis: &usize| cell.coordinates.get(*axis).copied().unwrap_or(0);
        let row = rows.entry(down_axes.iter().map(at).collect());
        let row = row.or_insert_with(|| vec![Shown::nothing(); width]);
        let across = if cells.axes.len() > 1 { at(&1) } else { 0 };
        let place = row.get_mut(across * measures.len() + cell.measure);
        if let (Some(place), Some(measure)) = (place, measures.get(cell.measure)) {
            *place = cell
                .value
                .as_ref()
                .map_or_else(Shown::nothing, |it| shown(it, measure.format));
        }
    }
    let rows = rows.into_iter().map(|(position, values)| {
        let places = down_axes.iter().zip(position);
        let members = places.filter_map(|(axis, at)| titles.get(*axis)?.get(at));
        members.flatten().map(Shown::text).chain(values).collect()
    });
    Ok(Sheet {
        columns,
        rows: rows.collect(),
    })
}

/// A measure as a heading.
struct MeasureHeading {
    caption: String,
    format: Format,
}

fn measures_of(header: &ResultHeader) -> Vec<MeasureHeading> {
    let columns = header.columns.iter();
    columns
        .filter_map(|column| match &column.role {
            ColumnRole::Measure {
                format, exactness, ..
            } => Some(MeasureHeading {
                caption: match exactness.is_exact() {
                    true => column.caption.clone(),
                    false => format!("≈ {}", column.caption),
                },
                format: *format,
            }),
            _ => None,
        })
        .collect()
}

/// The axes that go down: all but the columns, further ones first.
fn down_axes(cells: &PlainCells) -> Vec<usize> {
    let further = 2..cells.axes.len();
    let rows = 0..cells.axes.len().min(1);
    further.chain(rows).collect()
}

/// The headings of the columns axis; one empty heading if there is none.
fn across(titles: &[Vec<Vec<String>>]) -> Vec<String> {
    let heading = |parts: &Vec<String>| {
        let parts = parts.iter().filter(|part| !part.is_empty());
        parts.cloned().collect::<Vec<_>>().join("\n")
    };
    match titles.get(1) {
        None => vec![String::new()],
        Some(tuples) => tuples.iter().map(heading).collect(),
    }
}

fn joined(heading: &str, measure: &MeasureHeading, measures: usize) -> String {
    match (heading.is_empty(), measures) {
        (true, _) => measure.caption.clone(),
        (false, 1) => heading.to_owned(),
        (false, _) => format!("{heading}\n{}", measure.caption),
    }
}

fn level_columns(header: &ResultHeader, of_axis: usize) -> Vec<Column> {
    let columns = header.columns.iter();
    columns
        .filter_map(|column| match &column.role {
            ColumnRole::Level {
                axis,
                level,
                part: LevelPart::Key,
                ..
            } if *axis == of_axis => Some(Column::text(level.to_string(), column.caption.clone())),
            ColumnRole::Level {
                axis,
                part: LevelPart::Attribute { .. },
                ..
            } if *axis == of_axis => {
                let (name, heading) = (column.name.clone(), column.caption.clone());
                Some(match column.data_type.is_number() {
                    true => Column::number(name, heading),
                    false => Column::text(name, heading),
                })
            }
            _ => None,
        })
        .collect()
}

fn shown(value: &CellValue, format: Format) -> Shown {
    let text = number::shown(&value.to_string(), format);
    Shown {
        value: json!(value),
        text,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::sync::Arc;

    use arrow::array::{ArrayRef, BooleanArray, Decimal128Array, Int32Array, StringArray};
    use planisphere_schemas::model::DataType;

    use super::super::long::long;
    use super::*;
    use crate::Exactness;
    use crate::result::ResultColumn;

    fn level(axis: usize, name: &str, with_subtotal: bool) -> Vec<ResultColumn> {
        let column = |suffix: &str, part: LevelPart, data_type: DataType| ResultColumn {
            name: format!("d.h.{name}{suffix}"),
            caption: name.to_owned(),
            data_type,
            role: ColumnRole::Level {
                axis,
                position: 0,
                level: format!("d.h.{name}").parse().unwrap(),
                part,
            },
        };
        let mut columns = vec![
            column("", LevelPart::Key, DataType::Integer),
            column(".special", LevelPart::Special, DataType::Text),
            column(".caption", LevelPart::Caption, DataType::Text),
        ];
        if with_subtotal {
            columns.push(column(".subtotal", LevelPart::Subtotal, DataType::Boolean));
        }
        columns
    }

    fn answer() -> (ResultHeader, RecordBatch) {
        let mut columns = level(0, "year", true);
        columns.extend(level(1, "half", false));
        columns.push(ResultColumn {
            name: "net".into(),
            caption: "Net amount".into(),
            data_type: DataType::Decimal(38, 4),
            role: ColumnRole::Measure {
                name: "net".into(),
                format: Format::Money,
                exactness: Exactness::Exact,
            },
        });
        let header = ResultHeader {
            query_id: "q".into(),
            warehouse_version: 1,
            model_hash: "h".into(),
            locale: "en".into(),
            columns,
            next_page_token: None,
        };
        let amounts = Decimal128Array::from(vec![12_345_670_000, 20_000, 30_000, 12_345_720_000]);
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(Int32Array::from(vec![Some(2024), Some(2024), None, None])),
            Arc::new(StringArray::from(vec![None, None, Some("not_given"), None])),
            Arc::new(StringArray::from(vec![
                Some("2024"),
                Some("2024"),
                Some("(not given)"),
                None,
            ])),
            Arc::new(BooleanArray::from(vec![false, false, false, true])),
            Arc::new(Int32Array::from(vec![2, 1, 1, 2])),
            Arc::new(StringArray::from(vec![None::<&str>; 4])),
            Arc::new(StringArray::from(vec!["H2", "H1", "H1", "H2"])),
            Arc::new(amounts.with_precision_and_scale(38, 4).unwrap()),
        ];
        let names = header
            .columns
            .iter()
            .map(|column| column.name.clone())
            .zip(arrays);
        let batch = RecordBatch::try_from_iter_with_nullable(names.map(|(n, a)| (n, a, true)));
        (header, batch.unwrap())
    }

    fn texts(sheet: &Sheet) -> Vec<Vec<&str>> {
        sheet
            .rows
            .iter()
            .map(|row| row.iter().map(|shown| shown.text.as_str()).collect())
            .collect()
    }

    #[test]
    fn rows_go_down_and_columns_across() {
        let (header, batch) = answer();
        let sheet = pivoted(&header, &[batch], &Alike::new()).unwrap();
        let headings: Vec<&str> = sheet.columns.iter().map(|it| it.heading.as_str()).collect();
        assert_eq!(headings, ["year", "H1", "H2"]);
        assert_eq!(
            texts(&sheet),
            [
                vec!["2024", "2.00", "1,234,567.00"],
                vec!["(not given)", "3.00", ""],
                vec!["Total", "", "1,234,572.00"],
            ]
        );
    }

    #[test]
    fn programs_get_keys_and_all_digits() {
        let (header, batch) = answer();
        let sheet = long(&header, &[batch]);
        let names: Vec<&str> = sheet.columns.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "d.h.year",
                "d.h.year.caption",
                "d.h.half",
                "d.h.half.caption",
                "net"
            ]
        );
        assert_eq!(sheet.rows[2][0].value, json!("@not_given"));
        assert_eq!(sheet.rows[3][0].value, json!(null));
        assert_eq!(sheet.rows[0][4].value, json!("1234567.0000"));
    }
}
