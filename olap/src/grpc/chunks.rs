//! Cuts answers into messages: Arrow IPC bytes, tuples and cells, rows.

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use planisphere_proto::v1 as wire;
use planisphere_schemas::model::DataType;
use wire::result_chunk::Chunk;

use super::header::exactness_to_wire;
use super::member::member_to_wire;
use super::value::{cell_value, value_at};
use crate::cells::{Cell, CellState, PlainCells, TupleAttribute};
use crate::flight::VERSION_KEY;
use crate::result::{ColumnRole, ResultHeader};

/// Clients accept messages of 4 MiB by default.
const CHUNK_BYTES: usize = 1 << 20;
const CHUNK_ITEMS: usize = 2_000;

/// Writes one Arrow IPC stream in chunks.
pub(super) struct IpcChunks {
    writer: StreamWriter<Vec<u8>>,
}

impl IpcChunks {
    /// A stream that begins with the schema, which names the warehouse version.
    pub(super) fn new(schema: &Schema, version: u64) -> Result<Self, ArrowError> {
        let mut metadata = schema.metadata().clone();
        metadata.insert(VERSION_KEY.into(), version.to_string());
        let schema = schema.clone().with_metadata(metadata);
        Ok(Self {
            writer: StreamWriter::try_new(Vec::new(), &schema)?,
        })
    }

    /// The bytes of the next batch, after those of the schema if it is the first.
    pub(super) fn batch(&mut self, batch: &RecordBatch) -> Result<Vec<Chunk>, ArrowError> {
        self.writer.write(batch)?;
        Ok(cut(std::mem::take(self.writer.get_mut())))
    }

    /// The bytes that end the stream.
    pub(super) fn end(mut self) -> Result<Vec<Chunk>, ArrowError> {
        self.writer.finish()?;
        Ok(cut(std::mem::take(self.writer.get_mut())))
    }
}

fn cut(bytes: Vec<u8>) -> Vec<Chunk> {
    bytes
        .chunks(CHUNK_BYTES)
        .map(|part| Chunk::ArrowIpc(part.to_vec()))
        .collect()
}

/// Tuples first, then cells.
pub(super) fn cell_chunks(header: &ResultHeader, cells: &PlainCells) -> Vec<Chunk> {
    let tuples: Vec<wire::AxisTuple> = cells
        .axes
        .iter()
        .enumerate()
        .flat_map(tuples_of_axis)
        .collect();
    let types = measure_types(header);
    let cells: Vec<wire::Cell> = cells
        .cells
        .iter()
        .map(|cell| cell_to_wire(cell, &types))
        .collect();
    let tuples = tuples
        .chunks(CHUNK_ITEMS)
        .map(|part| (part.to_vec(), Vec::new()));
    let cells = cells
        .chunks(CHUNK_ITEMS)
        .map(|part| (Vec::new(), part.to_vec()));
    tuples
        .chain(cells)
        .map(|(tuples, cells)| Chunk::Cells(wire::CellChunk { tuples, cells }))
        .collect()
}

fn tuples_of_axis(
    (axis, tuples): (usize, &Vec<crate::cells::Tuple>),
) -> impl Iterator<Item = wire::AxisTuple> {
    tuples.iter().enumerate().map(move |(ordinal, tuple)| {
        let members = tuple.members.iter().map(|member| wire::Member {
            member: Some(member_to_wire(&member.level, &member.path)),
            caption: member.caption.clone(),
            total: member.subtotal,
            deleted: false,
        });
        wire::AxisTuple {
            axis: count(axis),
            ordinal: count(ordinal),
            members: members.collect(),
            attributes: tuple.attributes.iter().map(attribute).collect(),
        }
    })
}

fn attribute(told: &TupleAttribute) -> wire::Value {
    match &told.value {
        Some(value) => cell_value(value, told.data_type),
        None => wire::Value { value: None },
    }
}

fn measure_types(header: &ResultHeader) -> Vec<DataType> {
    let measures = header.columns.iter();
    let measures = measures.filter(|it| matches!(it.role, ColumnRole::Measure { .. }));
    measures.map(|column| column.data_type).collect()
}

fn cell_to_wire(cell: &Cell, types: &[DataType]) -> wire::Cell {
    let state = match cell.state {
        CellState::Value => wire::CellState::Value,
        CellState::Empty => wire::CellState::Empty,
        CellState::Null => wire::CellState::Null,
        CellState::Masked => wire::CellState::Masked,
    };
    let (exactness, relative_error) = exactness_to_wire(cell.exactness);
    let data_type = types.get(cell.measure).copied().unwrap_or(DataType::Text);
    wire::Cell {
        ordinals: cell
            .coordinates
            .iter()
            .map(|ordinal| count(*ordinal))
            .collect(),
        measure: count(cell.measure),
        state: state.into(),
        value: cell
            .value
            .as_ref()
            .map(|value| cell_value(value, data_type)),
        exactness: exactness.into(),
        relative_error,
    }
}

/// The rows of a batch.
pub(super) fn row_chunks(batch: &RecordBatch) -> Vec<Chunk> {
    let row = |row: usize| wire::Row {
        values: batch
            .columns()
            .iter()
            .map(|column| value_at(column, row))
            .collect(),
    };
    let rows: Vec<wire::Row> = (0..batch.num_rows()).map(row).collect();
    rows.chunks(CHUNK_ITEMS)
        .map(|part| {
            Chunk::Rows(wire::RowChunk {
                rows: part.to_vec(),
            })
        })
        .collect()
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
