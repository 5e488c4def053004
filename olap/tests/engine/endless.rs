//! A fact table that never ends: queries over it must stop, and their work with them.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use futures::StreamExt;
use planisphere_olap::exec::Limits;
use planisphere_olap::{Caller, CubeService, OlapError};
use tokio::sync::Semaphore;

use crate::shop::{fact_batch, query, shop_over};

/// The shop's sales over and over; says when somebody stops reading.
#[derive(Debug)]
struct Endless {
    rows: RecordBatch,
    schema: SchemaRef,
    stopped: Arc<Semaphore>,
}

/// Adds a permit when it is dropped.
struct Reading(Arc<Semaphore>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

impl PartitionStream for Endless {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _task: Arc<TaskContext>) -> SendableRecordBatchStream {
        let reading = Reading(self.stopped.clone());
        let rows = futures::stream::repeat(self.rows.clone()).map(move |rows| {
            let _still_reading = &reading;
            Ok(rows)
        });
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), rows))
    }
}

/// A service over endless facts, and what is told when reading them stops.
fn endless(deadline: Duration) -> (CubeService, Arc<Semaphore>) {
    let rows = fact_batch();
    let stopped = Arc::new(Semaphore::new(0));
    let stream = Endless {
        schema: rows.schema(),
        rows,
        stopped: stopped.clone(),
    };
    let table = StreamingTable::try_new(stream.schema.clone(), vec![Arc::new(stream)]).unwrap();
    (
        shop_over(
            Arc::new(table),
            Limits {
                deadline,
                ..Limits::default()
            },
        ),
        stopped,
    )
}

async fn stops(stopped: &Semaphore) {
    let waited = tokio::time::timeout(Duration::from_secs(20), stopped.acquire()).await;
    waited.unwrap().unwrap().forget();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deadline_ends_the_work_of_a_query() {
    let (service, stopped) = endless(Duration::from_millis(1500));
    let asked = query("net_amount, customers", "customer.segment");
    let result = service.query(&Caller::default(), &asked).await.unwrap();
    let error = result.collect().await.unwrap_err();
    assert!(matches!(error, OlapError::Deadline { .. }), "{error}");
    stops(&stopped).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_and_dropping_end_the_work_of_a_query() {
    let (service, stopped) = endless(Duration::from_secs(600));
    let asked = query("net_amount", "customer.segment");
    let caller = Caller::default();
    let result = service.query(&caller, &asked).await.unwrap();
    let cancel = caller.cancel.clone();
    let (error, ()) = tokio::join!(result.collect(), async move { cancel.cancel() });
    assert!(matches!(error.unwrap_err(), OlapError::Cancelled { .. }));
    stops(&stopped).await;
    let mut dropped = service.query(&Caller::default(), &asked).await.unwrap();
    let polled = tokio::time::timeout(Duration::from_millis(50), dropped.rows.next()).await;
    assert!(polled.is_err(), "an endless sum has no rows");
    drop(dropped);
    stops(&stopped).await;
}
