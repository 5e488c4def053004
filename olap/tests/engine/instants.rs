//! Valid time in SQL: its open ends can be written, and compared with anything that is an instant.

use futures::TryStreamExt;
use planisphere_olap::exec::{Engine, Limits};
use planisphere_olap::sql::SqlSession;

use crate::shop::{lines, shop};

async fn asked(sql: &str) -> Result<Vec<String>, planisphere_olap::OlapError> {
    let engine = Engine::new(Limits::default()).unwrap();
    let session = SqlSession::open(&engine, shop().pin(None).await.unwrap()).unwrap();
    let answer = session.run(&engine.start("q"), sql).await?;
    Ok(lines(&answer.batches.try_collect::<Vec<_>>().await?))
}

#[tokio::test]
async fn the_open_ends_of_valid_time_can_be_compared() {
    // the shop's days begin at midnight in Shanghai; four special members and five versions
    for (condition, expected) in [
        ("valid_to = timestamp '9999-12-30 16:00:00'", 8),
        ("valid_to = timestamptz '9999-12-30 16:00:00Z'", 8),
        ("valid_to = cast('9999-12-30T16:00:00' as timestamp)", 8),
        ("valid_to in (timestamp '9999-12-30 16:00:00')", 8),
        ("valid_from = timestamp '0000-12-31 16:00:00'", 7),
        ("valid_to < timestamp '9999-12-31'", 9),
        ("valid_to > '9999-01-01'", 8),
        ("valid_to > now()", 8),
        ("now() < valid_to", 8),
        ("now() between valid_from and valid_to", 8),
        ("valid_to not between valid_from and now()", 8),
        ("valid_to between '2024-03-01' and '9999-12-31'", 8),
        ("valid_to > date '9999-01-01'", 8),
        ("not valid_to <= (select timestamp '9999-01-01')", 8),
        ("valid_from <= current_date and valid_to > current_date", 8),
        ("valid_to > date '2024-03-01'", 8),
        ("valid_to > to_timestamp('2024-03-01')", 8),
        (
            "to_timestamp('2024-02-29T16:00:00') in (valid_from, valid_to)",
            2,
        ),
        ("valid_to is distinct from now()", 9),
    ] {
        let sql = format!("select count(*) from dim_customer where {condition}");
        let counted = asked(&sql).await;
        assert_eq!(
            counted.as_deref().ok(),
            Some(&[expected.to_string()][..]),
            "{condition}: {counted:?}"
        );
    }
}

#[tokio::test]
async fn the_open_ends_of_valid_time_can_be_shown() {
    let shown = asked(
        "select timestamp '0001-01-01', timestamp '9999-12-31 00:00:00', \
         arrow_typeof(timestamptz '9999-12-31 00:00:00Z')",
    );
    let expected = "0001-01-01T00:00:00 | 9999-12-31T00:00:00 | Timestamp(µs, \"UTC\")";
    assert_eq!(shown.await.unwrap(), [expected]);
}
