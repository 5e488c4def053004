//! Flight answers: infos that lead to a ticket, and streams of batches that name their version.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::writer::IpcWriteOptions;
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::error::FlightError;
use arrow_flight::{
    FlightData, FlightDescriptor, FlightEndpoint, FlightInfo, IpcMessage, SchemaAsIpc, Ticket,
};
use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt};
use tonic::{Response, Status};
use tracing::info;

use super::VERSION_KEY;
use crate::error::OlapError;
use crate::grpc::status_of;
use crate::sql::SqlAnswer;

/// What DoGet gives back.
pub(super) type DataStream = Pin<Box<dyn Stream<Item = Result<FlightData, Status>> + Send>>;

/// A schema that names the warehouse version.
pub(super) fn stamped(schema: &Schema, version: u64) -> SchemaRef {
    let mut metadata = schema.metadata().clone();
    metadata.insert(VERSION_KEY.into(), version.to_string());
    Arc::new(schema.clone().with_metadata(metadata))
}

/// A schema as an IPC message.
pub(super) fn message(schema: &Schema) -> Result<Bytes, Status> {
    let options = IpcWriteOptions::default();
    let message: Result<IpcMessage, _> = SchemaAsIpc::new(schema, &options).try_into();
    let message = message.map_err(|error: ArrowError| {
        Status::internal(format!("cannot encode the schema: {error}"))
    })?;
    Ok(message.0)
}

/// The info that leads to an answer; its schema names the version.
pub(super) fn info(
    schema: &Schema,
    version: u64,
    ticket: Bytes,
    descriptor: FlightDescriptor,
) -> Result<Response<FlightInfo>, Status> {
    let endpoint = FlightEndpoint::new().with_ticket(Ticket::new(ticket));
    let info = FlightInfo::new()
        .try_with_schema(stamped(schema, version).as_ref())
        .map_err(|error| Status::internal(format!("cannot encode the schema: {error}")))?
        .with_endpoint(endpoint)
        .with_descriptor(descriptor)
        .with_app_metadata(version.to_string());
    Ok(Response::new(info))
}

/// Says in the log how a statement ended, when its stream is let go.
struct EndOfQuery {
    query_id: String,
    started: Instant,
    rows: usize,
    error: Option<String>,
}

impl EndOfQuery {
    fn count(&mut self, batch: &Result<RecordBatch, OlapError>) {
        match batch {
            Ok(batch) => self.rows += batch.num_rows(),
            Err(error) => self.error = Some(error.to_string()),
        }
    }
}

impl Drop for EndOfQuery {
    fn drop(&mut self) {
        let milliseconds = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (query_id, rows) = (&self.query_id, self.rows);
        match &self.error {
            None => info!(query_id, rows, milliseconds, "sql query ended"),
            Some(error) => info!(query_id, rows, milliseconds, error, "sql query failed"),
        }
    }
}

/// The rows of a statement that was asked at `started`.
pub(super) fn rows(answer: SqlAnswer, started: Instant) -> Response<DataStream> {
    let version = answer.warehouse_version;
    let schema = stamped(&answer.schema, version);
    let stamp = Arc::clone(&schema);
    let query_id = answer.query_id;
    let mut end = EndOfQuery {
        query_id,
        started,
        rows: 0,
        error: None,
    };
    let batches = answer.batches.map(move |batch| {
        end.count(&batch);
        let batch = batch.map_err(|error| FlightError::from(status_of(&error)))?;
        let options =
            arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let columns = batch.columns().to_vec();
        RecordBatch::try_new_with_options(Arc::clone(&stamp), columns, &options)
            .map_err(FlightError::from)
    });
    encode(schema, version, batches)
}

/// One batch that is there already.
pub(super) fn batch(batch: RecordBatch, version: u64) -> Result<Response<DataStream>, Status> {
    let schema = stamped(batch.schema_ref(), version);
    let batch = batch.with_schema(Arc::clone(&schema)).map_err(|error| {
        status_of(&OlapError::Internal {
            reason: error.to_string(),
        })
    })?;
    Ok(encode(schema, version, futures::stream::iter([Ok(batch)])))
}

fn encode(
    schema: SchemaRef,
    version: u64,
    batches: impl Stream<Item = Result<RecordBatch, FlightError>> + Send + 'static,
) -> Response<DataStream> {
    let encoder = FlightDataEncoderBuilder::new()
        .with_schema(schema)
        .with_metadata(version.to_string().into())
        .build(batches);
    Response::new(Box::pin(encoder.map_err(Status::from)))
}
