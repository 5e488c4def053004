//! Asks a server's SQL door and gives back whole answers; for the command line and for tests.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::error::FlightError;
use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::sql::{CommandStatementQuery, ProstMessageExt};
use arrow_flight::{FlightDescriptor, FlightInfo, Ticket};
use futures::TryStreamExt;
use prost::Message;
use std::sync::Arc;
use tonic::transport::Channel;

use crate::grpc::ClientError;

/// The rows of a statement.
#[derive(Debug)]
pub struct RemoteRows {
    /// The version that it was computed on.
    pub warehouse_version: u64,
    /// The schema.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: Vec<RecordBatch>,
}

/// A server's SQL door.
#[derive(Debug, Clone)]
pub struct SqlClient {
    inner: FlightServiceClient<Channel>,
}

impl SqlClient {
    /// A client over a connection.
    pub fn new(channel: Channel) -> Self {
        let inner = FlightServiceClient::new(channel).max_decoding_message_size(64 << 20);
        Self { inner }
    }

    /// Runs one statement.
    pub async fn run(&mut self, sql: &str) -> Result<RemoteRows, ClientError> {
        let command = CommandStatementQuery {
            query: sql.to_owned(),
            transaction_id: None,
        };
        let descriptor = FlightDescriptor::new_cmd(command.as_any().encode_to_vec());
        let info = self.inner.get_flight_info(descriptor).await?.into_inner();
        let warehouse_version = version_of(&info)?;
        let schema = Arc::new(info.clone().try_decode_schema().map_err(broken)?);
        let mut batches = Vec::new();
        for endpoint in info.endpoint {
            batches.extend(self.fetch(endpoint.ticket.unwrap_or_default()).await?);
        }
        Ok(RemoteRows {
            warehouse_version,
            schema,
            batches,
        })
    }

    async fn fetch(&mut self, ticket: Ticket) -> Result<Vec<RecordBatch>, ClientError> {
        let data = self.inner.do_get(ticket).await?.into_inner();
        let data = data.map_err(|status| FlightError::Tonic(Box::new(status)));
        let batches = FlightRecordBatchStream::new_from_flight_data(data);
        batches.try_collect().await.map_err(|error| match error {
            FlightError::Tonic(status) => ClientError::Status(status),
            other => broken(other),
        })
    }
}

fn version_of(info: &FlightInfo) -> Result<u64, ClientError> {
    let text = String::from_utf8_lossy(&info.app_metadata);
    text.parse()
        .map_err(|_| broken(format!("'{text}' is not a warehouse version")))
}

fn broken(error: impl ToString) -> ClientError {
    ClientError::Answer {
        reason: error.to_string(),
    }
}
