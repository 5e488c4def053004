//! Row limit, deadline, memory, cancellation, pages, explain.

use std::time::Duration;

use planisphere_olap::exec::Limits;
use planisphere_olap::query::CubeQuery;
use planisphere_olap::{Caller, OlapError};
use planisphere_schemas::ErrorKind;

use crate::shop::{Sale, answer, query, sales, shop, shop_with};

fn many(rows: usize) -> Vec<Sale> {
    sales()
        .into_iter()
        .filter(|sale| !sale.deleted)
        .cycle()
        .take(rows)
        .collect()
}

#[tokio::test]
async fn more_rows_than_the_limit_are_an_error() {
    let service = shop_with(
        sales(),
        Limits {
            rows: 2,
            ..Limits::default()
        },
    );
    assert_eq!(
        answer(&service, &query("lines", "order_date.calendar.year"))
            .await
            .unwrap()
            .len(),
        2
    );
    let error = answer(&service, &query("lines", "customer.segment"))
        .await
        .unwrap_err();
    assert!(
        matches!(error, OlapError::RowLimit { limit_rows: 2, .. }),
        "{error}"
    );
    assert_eq!(error.kind(), ErrorKind::ResourceExhausted);
    assert!(error.hint().unwrap().contains("row_limit"));
}

#[tokio::test]
async fn a_query_ends_at_its_deadline() {
    let limits = Limits {
        deadline: Duration::from_nanos(1),
        ..Limits::default()
    };
    let error = answer(&shop_with(many(100), limits), &query("lines", ""))
        .await
        .unwrap_err();
    assert!(matches!(error, OlapError::Deadline { .. }), "{error}");
    assert_eq!(error.kind(), ErrorKind::ResourceExhausted);
}

#[tokio::test]
async fn more_memory_than_the_pool_is_an_error() {
    let limits = Limits {
        memory_bytes: 100_000,
        ..Limits::default()
    };
    let service = shop_with(many(200_000), limits);
    let error = answer(&service, &query("median_amount", "customer.customer"))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            OlapError::Memory {
                limit_bytes: 100_000,
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(error.kind(), ErrorKind::ResourceExhausted);
}

#[tokio::test]
async fn a_cancelled_call_stops() {
    let caller = Caller::default();
    let result = shop()
        .query(&caller, &query("lines", "customer.segment"))
        .await
        .unwrap();
    caller.cancel.cancel();
    let error = result.collect().await.unwrap_err();
    assert!(matches!(error, OlapError::Cancelled { .. }), "{error}");
    let error = shop()
        .query(&caller, &query("lines", ""))
        .await
        .map(|_| ())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}

#[tokio::test]
async fn a_limit_cuts_an_answer_into_pages() {
    let service = shop();
    let mut asked = CubeQuery {
        limit: Some(2),
        ..query("net_amount", "customer.customer")
    };
    let mut pages = Vec::new();
    loop {
        let result = service.query(&Caller::default(), &asked).await.unwrap();
        let (header, batches) = result.collect().await.unwrap();
        pages.push(batches.iter().map(|batch| batch.num_rows()).sum::<usize>());
        asked.page_token = header.next_page_token;
        if asked.page_token.is_none() {
            break;
        }
    }
    assert_eq!(pages, [2, 2, 1]);
}

#[tokio::test]
async fn a_query_explains_itself_and_joins_only_what_it_needs() {
    let asked = query("net_amount", "customer.segment | order_date.calendar.year");
    let explained = shop().explain(&Caller::default(), &asked).await.unwrap();
    assert!(
        explained
            .resolved
            .contains("axis 0: customer.segment.segment"),
        "{}",
        explained.resolved
    );
    assert!(
        explained.logical_plan.contains("role.customer"),
        "{}",
        explained.logical_plan
    );
    assert!(
        !explained.logical_plan.contains("dim_product"),
        "{}",
        explained.logical_plan
    );
    assert!(
        !explained.logical_plan.contains("ship_date"),
        "{}",
        explained.logical_plan
    );
    assert!(
        explained.physical_plan.contains("BreathingExec\n"),
        "joins must yield: {}",
        explained.physical_plan
    );
    assert!(
        explained.physical_plan.contains("HashJoin"),
        "{}",
        explained.physical_plan
    );
}
