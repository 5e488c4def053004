//! Ad-hoc SQL gives the exact number or an error, never a number that wrapped.

use planisphere_olap::flight::SqlClient;
use planisphere_olap::grpc::ClientError;
use tonic::Code;
use tonic::transport::Channel;

use crate::command_line::{run, stderr, stdout};
use crate::server::Server;
use crate::shop::lines;

/// Two rows whose sum leaves 64 bits, or 38 digits.
const BIG: &str = "(values (1, 9223372036854775807), (1, 1), (2, 5)) as t(g, v)";
const HUGE: &str = "(values (1, cast(99999999999999999999999999999999999999 as decimal(38,0))), (1, 1), (2, 5)) as t(g, v)";

const WRONG: [&str; 33] = [
    "select 9223372036854775807 + 1",
    "select -9223372036854775807 - 2",
    "select 9223372036854775807 * 2",
    "select cast(-9223372036854775807 - 1 as bigint) / -1",
    "select -v from (values (-9223372036854775807 - 1)) as t(v)",
    "select abs(-9223372036854775807 - 1)",
    "select cast(2147483647 as int) + cast(1 as int)",
    "select cast(1 as bigint unsigned) - cast(2 as bigint unsigned)",
    "select v + 1 from {big}",
    "select 1 - -v from {big}",
    "select v * v from {big}",
    "select g from {big} where v + 1 < 0",
    "select g, count(*) from {big} group by g having max(v) + 1 > 0",
    "select g, v from {big} order by v + 1",
    "select case when g = 1 then v + v else 0 end from {big}",
    "values (9223372036854775807 + 1)",
    "select (select max(v) + 1 from {big})",
    "select 99999999999999999999999999999999999999 + 1",
    "select 99999999999999999999999999999999999999 * 3",
    "select -99999999999999999999999999999999999999 - 1",
    "select cast(99999999999999999999999999999999999999 as decimal(38,0)) / 0.9",
    "select sum(v) from {big}",
    "select sum(-v - 1) + sum(v) from {big}",
    "select g, sum(v) from {big} group by g",
    "select sum(v) filter (where g = 1) from {big}",
    "select sum(distinct v) from {big}",
    "select g, sum(v), count(distinct v) from {big} group by g",
    "select sum(v) over (order by v) from {big}",
    "select sum(v) over (order by v rows between 1 preceding and current row) from {big} where g = 1",
    "select sum(distinct v) over (order by v rows between 1 preceding and current row) from {big} where g = 1",
    "select sum(v) from {huge}",
    "select g, sum(v) from {huge} group by g",
    "select cast(9223372036854775807 as int)",
];

const RIGHT: [(&str, &[&str]); 16] = [
    (
        "select 9223372036854775806 + 1, -9223372036854775807 - 1",
        &["9223372036854775807 | -9223372036854775808"],
    ),
    ("select 1 + null, 3 - 5, 7 / 2, -(-3)", &["∅ | -2 | 3 | 3"]),
    (
        "select 1.5 + 2, 1.5 * 2.25, 1 / 4.0",
        &["3.5 | 3.375 | 0.2500"],
    ),
    ("select sum(v) from {big} where g = 2", &["5"]),
    (
        "select sum(v), sum(distinct v) from (values (9223372036854775807), (9), (-9)) as t(v)",
        &["9223372036854775807 | 9223372036854775807"],
    ),
    // the order of the rows does not matter, only the number at the end
    (
        "select sum(v) from (values (9223372036854775807), (9223372036854775807), (-9223372036854775807)) as t(v)",
        &["9223372036854775807"],
    ),
    (
        "select g, sum(v) from (values (1, 1.25), (1, 2.5), (2, null)) as t(g, v) group by g order by g",
        &["1 | 3.75", "2 | ∅"],
    ),
    (
        "select sum(v) over (order by g rows between 1 preceding and current row) from (values (1, 1), (2, 2), (3, 3)) as t(g, v) order by g",
        &["1", "3", "5"],
    ),
    (
        "select sum(distinct v) over (order by g rows between 2 preceding and current row) from (values (1, 4), (2, 4), (3, 3), (4, 3), (5, 1)) as t(g, v) order by g",
        &["4", "4", "7", "7", "4"],
    ),
    (
        "select avg(v) from (values (cast(33333333333333333333333333333333 as decimal(38,0))), (33333333333333333333333333333333)) as t(v)",
        &["33333333333333333333333333333333.0000"],
    ),
    (
        "select median(v) from (values (99999999999999999999999999999999999999), (99999999999999999999999999999999999997)) as t(v)",
        &["99999999999999999999999999999999999998"],
    ),
    (
        "select sum(x) from (values (1.5e0), (2.25)) as t(x)",
        &["3.75"],
    ),
    (
        "select sum(cast(x as double)) from (values (1.5), (2)) as t(x)",
        &["3.5"],
    ),
    (
        "select g + 1 as h, sum(v) from {big} group by g + 1 having g + 1 > 2 order by g + 1",
        &["3 | 5"],
    ),
    ("select sum(v) from {big} where false", &["∅"]),
    (
        "select date '2024-01-31' + interval '1 month', date '2024-03-01' - date '2024-02-01'",
        &["2024-02-29 | 29"],
    ),
];

fn filled(sql: &str) -> String {
    sql.replace("{big}", BIG).replace("{huge}", HUGE)
}

async fn refused(client: &mut SqlClient, sql: &str) {
    match client.run(sql).await {
        Err(ClientError::Status(status)) => {
            assert_eq!(status.code(), Code::InvalidArgument, "{sql}: {status}");
            let text = status.message().to_lowercase();
            let says = ["overflow", "does not fit", "can't cast"];
            assert!(says.iter().any(|it| text.contains(it)), "{sql}: {text}");
        }
        Err(other) => unreachable!("{sql}: {other}"),
        Ok(rows) => unreachable!("{sql} must be refused: {:?}", lines(&rows.batches)),
    }
}

async fn client(server: &Server) -> SqlClient {
    let channel: Channel = server.channel().await;
    SqlClient::new(channel)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_an_error() {
    let server = Server::start().await;
    let mut client = client(&server).await;
    for sql in WRONG {
        refused(&mut client, &filled(sql)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fits_is_exact() {
    let server = Server::start().await;
    let mut client = client(&server).await;
    for (sql, expected) in RIGHT {
        let rows = client.run(&filled(sql)).await;
        let rows = rows.unwrap_or_else(|error| unreachable!("{sql}: {error:?}"));
        assert_eq!(lines(&rows.batches), *expected, "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_rows_in_many_groups_add_up() {
    let server = Server::start().await;
    let mut client = client(&server).await;
    // enough rows and groups for several partitions and for partial sums
    let rows = "generate_series(1, 300000) as t(v)";
    let sql = format!(
        "select count(*), sum(s), sum(d) from (select v % 50000 as g, sum(v) as s, \
         sum(v * 1.00) as d from {rows} group by 1)"
    );
    let found = client.run(&sql).await.unwrap();
    let expected = ["50000 | 45000150000 | 45000150000.00"];
    assert_eq!(lines(&found.batches), expected);
    let sql = format!("select v % 50000, sum(v + 9223372036854000000) from {rows} group by 1");
    refused(&mut client, &sql).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_keep_the_names_of_their_operators() {
    let server = Server::start().await;
    let mut client = client(&server).await;
    let rows = client
        .run(&filled(
            "select v + 1, -g, sum(g) from {big} where g = 2 group by v, g",
        ))
        .await
        .unwrap();
    let names: Vec<&str> = rows
        .schema
        .fields()
        .iter()
        .map(|it| it.name().as_str())
        .collect();
    assert_eq!(names, ["t.v + Int64(1)", "(- t.g)", "sum(t.g)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_fails_instead_of_printing_a_wrong_number() {
    let server = Server::start().await;
    for sql in [
        "select 9223372036854775807 + 1".to_owned(),
        filled("select sum(v) from {big}"),
        filled("select sum(v) from {huge}"),
    ] {
        let shown = run(&server, &["sql", &sql]).await;
        assert_ne!(shown.status.code(), Some(0), "{sql}: {}", stdout(&shown));
        assert_eq!(stdout(&shown), "", "{sql}");
        assert!(
            stderr(&shown).to_lowercase().contains("overflow"),
            "{sql}: {}",
            stderr(&shown)
        );
    }
}
