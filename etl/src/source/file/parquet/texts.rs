//! Texts of a Parquet file read as bytes, so that one that is no UTF-8 concerns its own row, and not the whole file.

use std::sync::Arc;

use ::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::{FileMetaData, ParquetMetaData};
use ::parquet::schema::types::{SchemaDescriptor, Type, TypePtr};
use arrow::datatypes::{DataType as Arrow, Field, FieldRef, Schema};

/// The same file, whose texts are said to be bytes.
///
/// # Errors
/// If such a schema cannot be made.
pub(super) fn as_bytes(file: &ArrowReaderMetadata) -> Result<ArrowReaderMetadata, ParquetError> {
    let fields: Vec<FieldRef> = file.schema().fields().iter().map(field).collect();
    let schema = Schema::new_with_metadata(fields, file.schema().metadata().clone());
    let metadata = relabelled(file)?;
    let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
    ArrowReaderMetadata::try_new(Arc::new(metadata), options)
}

fn is_text(data_type: &Arrow) -> bool {
    match data_type {
        Arrow::Dictionary(_, values) => is_text(values),
        other => other.is_string(),
    }
}

fn field(field: &FieldRef) -> FieldRef {
    match is_text(field.data_type()) {
        true => Arc::new(Field::clone(field).with_data_type(Arrow::Binary)),
        false => Arc::clone(field),
    }
}

/// The file's own metadata, whose texts have no logical type.
fn relabelled(file: &ArrowReaderMetadata) -> Result<ParquetMetaData, ParquetError> {
    let metadata = file.metadata();
    let old = metadata.file_metadata();
    let root = old.schema();
    let columns = root.get_fields().iter().zip(file.schema().fields());
    let columns = columns.map(|(column, field)| match is_text(field.data_type()) {
        true => bytes_of(column),
        false => Ok(Arc::clone(column)),
    });
    let root = Type::group_type_builder(root.name())
        .with_fields(columns.collect::<Result<_, _>>()?)
        .build()?;
    let new = FileMetaData::new(
        old.version(),
        old.num_rows(),
        old.created_by().map(str::to_owned),
        old.key_value_metadata().cloned(),
        Arc::new(SchemaDescriptor::new(Arc::new(root))),
        old.column_orders().cloned(),
    );
    Ok(ParquetMetaData::new(new, metadata.row_groups().to_vec()))
}

fn bytes_of(column: &TypePtr) -> Result<TypePtr, ParquetError> {
    let info = column.get_basic_info();
    let id = info.has_id().then(|| info.id());
    let bytes = Type::primitive_type_builder(info.name(), column.get_physical_type())
        .with_repetition(info.repetition())
        .with_id(id);
    Ok(Arc::new(bytes.build()?))
}
