//! Parquet writer properties from a table's physical design: codec, row groups, one encoding a type.

use arrow::datatypes::{DataType, Field, Schema};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;

use super::error::{Result, WriteError};
use super::options::{Codec, WriteOptions};

/// The properties for files of a table.
///
/// Texts get a dictionary. Whole numbers, days and instants are packed as differences, which keeps keys narrow;
/// so are decimals that fit 64 bits. Everything else is written plain and left to the codec.
pub(crate) fn writer_properties(
    table: &str,
    schema: &Schema,
    options: &WriteOptions,
) -> Result<WriterProperties> {
    let mut builder = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_created_by(format!("planisphere {}", env!("CARGO_PKG_VERSION")))
        .set_compression(compression(options.codec))
        .set_dictionary_enabled(false)
        .set_sorting_columns(sorting_columns(table, schema, options)?);
    for field in schema.fields() {
        let column = ColumnPath::from(field.name().as_str());
        builder = match encoding(field) {
            Some(encoding) => builder.set_column_encoding(column, encoding),
            None => builder.set_column_dictionary_enabled(column, true),
        };
    }
    Ok(builder.build())
}

/// The encoding of a column; `None` for a dictionary.
fn encoding(field: &Field) -> Option<Encoding> {
    match field.data_type() {
        DataType::Utf8 => None,
        DataType::Int32 | DataType::Int64 | DataType::Date32 | DataType::Timestamp(..) => {
            Some(Encoding::DELTA_BINARY_PACKED)
        }
        DataType::Decimal128(precision, _) if *precision <= 18 => {
            Some(Encoding::DELTA_BINARY_PACKED)
        }
        _ => Some(Encoding::PLAIN),
    }
}

fn compression(codec: Codec) -> Compression {
    match codec {
        Codec::None => Compression::UNCOMPRESSED,
        Codec::Lz4 => Compression::LZ4_RAW,
        Codec::Zstd(level) => {
            let level = ZstdLevel::try_new(i32::from(level.clamp(1, 22))).unwrap_or_default();
            Compression::ZSTD(level)
        }
    }
}

fn sorting_columns(
    table: &str,
    schema: &Schema,
    options: &WriteOptions,
) -> Result<Option<Vec<SortingColumn>>> {
    let columns = options.sorted_by.iter().map(|sort| {
        let index = schema.index_of(&sort.column).ok();
        let column_idx = index.and_then(|index| i32::try_from(index).ok());
        column_idx
            .map(|column_idx| SortingColumn {
                column_idx,
                descending: sort.descending,
                nulls_first: false,
            })
            .ok_or_else(|| WriteError::MissingColumn {
                table: table.to_owned(),
                column: sort.column.clone(),
            })
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    Ok((!columns.is_empty()).then_some(columns))
}
