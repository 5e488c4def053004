//! Values that a client binds to the parameters of a prepared statement: one row, which travels in the handle.

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::error::FlightError;
use arrow_flight::sql::server::PeekableFlightDataStream;
use datafusion::scalar::ScalarValue;
use futures::TryStreamExt;
use tonic::Status;

use super::ticket::PinnedStatement;

/// Reads the row that a client sends and gives it as an Arrow IPC stream.
pub(super) async fn receive(sent: PeekableFlightDataStream) -> Result<Vec<u8>, Status> {
    let sent = sent.into_peekable();
    let sent = sent.map_err(|status| FlightError::Tonic(Box::new(status)));
    let batches = FlightRecordBatchStream::new_from_flight_data(sent);
    let batches: Vec<RecordBatch> = batches.try_collect().await?;
    let mut rows = batches.iter().filter(|batch| batch.num_rows() > 0);
    match (rows.next(), rows.next()) {
        (Some(row), None) if row.num_rows() == 1 => encode(row).map_err(|error| refused(&error)),
        _ => Err(Status::invalid_argument(
            "the parameters of a query are one row of values; run it once for each row",
        )),
    }
}

fn encode(row: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
    let mut writer = StreamWriter::try_new(Vec::new(), row.schema_ref())?;
    writer.write(row)?;
    writer.into_inner()
}

/// The values that are bound to a statement, in the order of its parameters.
pub(super) fn values(statement: &PinnedStatement) -> Result<Vec<ScalarValue>, Status> {
    if statement.bound.is_empty() {
        return Ok(vec![]);
    }
    let reader = StreamReader::try_new(statement.bound.as_slice(), None);
    let row = reader.and_then(|mut rows| rows.next().transpose());
    let Some(row) = row.map_err(|error| refused(&error))? else {
        return Ok(vec![]);
    };
    let values = row.columns().iter();
    let values: Result<_, _> = values
        .map(|it| ScalarValue::try_from_array(it, 0))
        .collect();
    values.map_err(|error| Status::invalid_argument(format!("cannot read a parameter: {error}")))
}

fn refused(error: &ArrowError) -> Status {
    Status::invalid_argument(format!("cannot read the parameters: {error}"))
}
