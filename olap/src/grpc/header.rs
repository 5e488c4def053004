//! Headers of answers, both ways.

use planisphere_proto::v1 as wire;
use planisphere_schemas::model::{DataType, Format};

use super::fault::{Reading, known};
use super::member::level_to_wire;
use crate::error::Result;
use crate::query::CubeQuery;
use crate::result::{ColumnRole, Exactness, LevelPart, ResultColumn, ResultHeader};

/// A header on the wire, with the query that was answered.
pub(super) fn header_to_wire(header: &ResultHeader, query: &CubeQuery) -> wire::ResultHeader {
    wire::ResultHeader {
        query_id: header.query_id.clone(),
        warehouse_version: header.warehouse_version,
        model_hash: header.model_hash.clone(),
        query: Some(super::query_to_wire::query_to_wire(query)),
        columns: header.columns.iter().map(column_to_wire).collect(),
        next_page_token: header.next_page_token.clone().unwrap_or_default(),
        total_rows: 0,
        totals: Vec::new(),
    }
}

fn column_to_wire(column: &ResultColumn) -> wire::ColumnDescription {
    let mut described = wire::ColumnDescription {
        name: column.name.clone(),
        caption: column.caption.clone(),
        data_type: column.data_type.to_string(),
        ..Default::default()
    };
    match &column.role {
        ColumnRole::Level {
            axis,
            position,
            level,
            part,
        } => {
            described.axis = u32::try_from(*axis).unwrap_or(u32::MAX);
            described.position = u32::try_from(*position).unwrap_or(u32::MAX);
            described.level = Some(level_to_wire(level));
            let (kind, ancestor) = part_to_wire(part);
            described.set_kind(kind);
            described.ancestor_level = ancestor.to_owned();
            if let LevelPart::Attribute { name } = part {
                described.attribute.clone_from(name);
            }
        }
        ColumnRole::Measure {
            name,
            format,
            exactness,
        } => {
            let (exactness, error) = exactness_to_wire(*exactness);
            described.set_exactness(exactness);
            described.relative_error = error;
            described.measure = name.clone();
            described.set_kind(wire::ColumnKind::Measure);
            described.set_format(format_to_wire(*format));
        }
        ColumnRole::Detail { .. } => described.set_kind(wire::ColumnKind::Detail),
    }
    described
}

fn part_to_wire(part: &LevelPart) -> (wire::ColumnKind, &str) {
    match part {
        LevelPart::AncestorKey { level } => (wire::ColumnKind::AncestorKey, level),
        LevelPart::AncestorSpecial { level } => (wire::ColumnKind::AncestorSpecial, level),
        LevelPart::AncestorSort { level } => (wire::ColumnKind::AncestorSort, level),
        LevelPart::Key => (wire::ColumnKind::Key, ""),
        LevelPart::Special => (wire::ColumnKind::Special, ""),
        LevelPart::Caption => (wire::ColumnKind::Caption, ""),
        LevelPart::Sort => (wire::ColumnKind::Sort, ""),
        LevelPart::Subtotal => (wire::ColumnKind::Subtotal, ""),
        LevelPart::Attribute { .. } => (wire::ColumnKind::Attribute, ""),
    }
}

/// How near values are to the truth, on the wire, and how far from it at most.
pub(super) fn exactness_to_wire(exactness: Exactness) -> (wire::Exactness, Option<f64>) {
    match exactness {
        Exactness::Exact => (wire::Exactness::Exact, None),
        Exactness::Approximate { error } => (wire::Exactness::Approximate, error),
    }
}

/// How near values are to the truth; what servers of before do not say is exact.
pub(super) fn exactness_of_wire(exactness: wire::Exactness, error: Option<f64>) -> Exactness {
    match exactness {
        wire::Exactness::Approximate => Exactness::Approximate { error },
        wire::Exactness::Unspecified | wire::Exactness::Exact => Exactness::Exact,
    }
}

/// How a measure is shown, on the wire.
pub(super) fn format_to_wire(format: Format) -> wire::MeasureFormat {
    match format {
        Format::Plain => wire::MeasureFormat::Plain,
        Format::Integer => wire::MeasureFormat::Integer,
        Format::Money => wire::MeasureFormat::Money,
        Format::Percent => wire::MeasureFormat::Percent,
    }
}

/// How a measure is shown; unknown ways are shown as they are.
pub(super) fn format_of_wire(format: wire::MeasureFormat) -> Format {
    match format {
        wire::MeasureFormat::Unspecified | wire::MeasureFormat::Plain => Format::Plain,
        wire::MeasureFormat::Integer => Format::Integer,
        wire::MeasureFormat::Money => Format::Money,
        wire::MeasureFormat::Percent => Format::Percent,
    }
}

/// Reads a header.
pub(super) fn header_of_wire(header: wire::ResultHeader, locale: &str) -> Result<ResultHeader> {
    let mut reading = Reading::default();
    let columns = header.columns.into_iter().enumerate();
    let columns =
        columns.filter_map(|(i, it)| column_of_wire(&mut reading, &format!("columns[{i}]"), it));
    let header = ResultHeader {
        query_id: header.query_id,
        warehouse_version: header.warehouse_version,
        model_hash: header.model_hash,
        locale: locale.to_owned(),
        columns: columns.collect(),
        next_page_token: Some(header.next_page_token).filter(|token| !token.is_empty()),
    };
    reading.finish(header)
}

fn column_of_wire(
    reading: &mut Reading,
    place: &str,
    column: wire::ColumnDescription,
) -> Option<ResultColumn> {
    let data_type = data_type_of_wire(reading, place, &column.data_type)?;
    let role = match known(reading, place, column.kind)? {
        wire::ColumnKind::Measure => {
            let format = format_of_wire(column.format());
            let exactness = exactness_of_wire(column.exactness(), column.relative_error);
            ColumnRole::Measure {
                name: column.measure.clone(),
                format,
                exactness,
            }
        }
        wire::ColumnKind::Detail => ColumnRole::Detail {
            name: column.name.clone(),
        },
        kind => ColumnRole::Level {
            axis: column.axis as usize,
            position: column.position as usize,
            part: part_of_wire(kind, &column),
            level: reading.level(place, column.level.clone()),
        },
    };
    Some(ResultColumn {
        name: column.name,
        caption: column.caption,
        data_type,
        role,
    })
}

/// Reads a type as the model writes it.
pub(super) fn data_type_of_wire(
    reading: &mut Reading,
    place: &str,
    text: &str,
) -> Option<DataType> {
    let data_type = DataType::parse(text);
    if let Err(message) = &data_type {
        reading.fault(place, message);
    }
    data_type.ok()
}

fn part_of_wire(kind: wire::ColumnKind, column: &wire::ColumnDescription) -> LevelPart {
    let level = column.ancestor_level.clone();
    match kind {
        wire::ColumnKind::AncestorKey => LevelPart::AncestorKey { level },
        wire::ColumnKind::AncestorSpecial => LevelPart::AncestorSpecial { level },
        wire::ColumnKind::AncestorSort => LevelPart::AncestorSort { level },
        wire::ColumnKind::Special => LevelPart::Special,
        wire::ColumnKind::Caption => LevelPart::Caption,
        wire::ColumnKind::Sort => LevelPart::Sort,
        wire::ColumnKind::Subtotal => LevelPart::Subtotal,
        wire::ColumnKind::Attribute => LevelPart::Attribute {
            name: column.attribute.clone(),
        },
        _ => LevelPart::Key,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_header_survives_the_wire() {
        let level: crate::query::LevelRef = "d.h.month".parse().unwrap();
        let parts = [
            LevelPart::AncestorKey {
                level: "year".into(),
            },
            LevelPart::AncestorSort {
                level: "quarter".into(),
            },
            LevelPart::AncestorSpecial {
                level: "year".into(),
            },
            LevelPart::Key,
            LevelPart::Special,
            LevelPart::Caption,
            LevelPart::Sort,
            LevelPart::Subtotal,
            LevelPart::Attribute {
                name: "holiday".into(),
            },
        ];
        let roles = parts.map(|part| ColumnRole::Level {
            axis: 1,
            position: 2,
            level: level.clone(),
            part,
        });
        let measure = ColumnRole::Measure {
            name: "net".into(),
            format: Format::Money,
            exactness: Exactness::Approximate { error: Some(0.01) },
        };
        let columns = roles
            .into_iter()
            .chain([measure])
            .enumerate()
            .map(|(i, role)| ResultColumn {
                name: format!("c{i}"),
                caption: "标题".into(),
                data_type: DataType::Decimal(38, 4),
                role,
            });
        let header = ResultHeader {
            query_id: "q".into(),
            warehouse_version: 3,
            model_hash: "h".into(),
            locale: "zh".into(),
            columns: columns.collect(),
            next_page_token: Some("p".into()),
        };
        let sent = header_to_wire(&header, &CubeQuery::default());
        assert_eq!(header_of_wire(sent, "zh").unwrap(), header);
    }
}
