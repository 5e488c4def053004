//! Flight SQL: statements, prepared statements, lists, keys, refusals.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::DataType;
use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::sql::client::FlightSqlServiceClient;
use arrow_flight::sql::{CommandGetImportedKeys, CommandGetPrimaryKeys, CommandGetTables};
use arrow_flight::{FlightInfo, Ticket};
use futures::TryStreamExt;
use planisphere_olap::flight::{SqlClient, VERSION_KEY};
use planisphere_olap::grpc::ClientError;
use tonic::Code;
use tonic::transport::Channel;

use crate::server::Server;
use crate::shop::lines;

async fn fetch(client: &mut FlightSqlServiceClient<Channel>, info: FlightInfo) -> Vec<String> {
    let ticket: Ticket = info.endpoint[0].ticket.clone().unwrap();
    let rows = client.do_get(ticket).await.unwrap();
    let batches: Vec<_> = rows.try_collect().await.unwrap();
    assert_eq!(
        batches[0]
            .schema()
            .metadata()
            .get(VERSION_KEY)
            .map(String::as_str),
        Some("7")
    );
    lines(&batches)
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_answer_and_name_their_version() {
    let server = Server::start().await;
    let mut client = SqlClient::new(server.channel().await);
    let sql = "select p.category, sum(f.net_amount) from fact_sales f join dim_product p using (product_key) \
               where not f.deleted_at_source group by 1 order by 1";
    let rows = client.run(sql).await.unwrap();
    assert_eq!(rows.warehouse_version, 7);
    assert_eq!(
        rows.schema.metadata().get(VERSION_KEY).map(String::as_str),
        Some("7")
    );
    assert_eq!(lines(&rows.batches), ["H | 60.2500", "W | 45.7500"]);
    let none = client.run("select 1 where false").await.unwrap();
    assert_eq!(lines(&none.batches), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn prepared_statements_answer_again_and_again() {
    let server = Server::start().await;
    let mut client = FlightSqlServiceClient::new(server.channel().await);
    client.handshake("anybody", "anything").await.unwrap();
    let mut statement = client
        .prepare("select count(*) as n from fact_sales".into(), None)
        .await
        .unwrap();
    assert_eq!(statement.dataset_schema().unwrap().field(0).name(), "n");
    for _ in 0..2 {
        let info = statement.execute().await.unwrap();
        assert_eq!(fetch(&mut client, info).await, ["8"]);
    }
    statement.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn prepared_statements_take_parameters() {
    let server = Server::start().await;
    let mut client = FlightSqlServiceClient::new(server.channel().await);
    for sql in [
        "select order_number from fact_sales where customer_key = ? and quantity > ? order by 1 limit ?",
        "select order_number from fact_sales where customer_key = $1 and quantity > $2 order by 1 limit $3",
    ] {
        let mut statement = client.prepare(sql.into(), None).await.unwrap();
        let wanted = statement.parameter_schema().unwrap();
        let types: Vec<&DataType> = wanted.fields().iter().map(|it| it.data_type()).collect();
        assert_eq!(types[..2], [&DataType::Int32, &DataType::Int32]);
        assert_eq!(wanted.field(2).name(), "$3");
        for (values, expected) in [([1, 1, 9], vec!["O1", "O7"]), ([3, 1, 1], vec!["O5"])] {
            statement.set_parameters(row_of(&values)).unwrap();
            let info = statement.execute().await.unwrap();
            assert_eq!(fetch(&mut client, info).await, expected);
        }
    }
    // any type of value, and parameters that need none
    let mut statement = client
        .prepare("select ? as a, $1".into(), None)
        .await
        .unwrap();
    let texts = StringArray::from(vec!["x"]);
    let row = RecordBatch::try_from_iter([("0", Arc::new(texts) as ArrayRef)]).unwrap();
    statement.set_parameters(row).unwrap();
    let info = statement.execute().await.unwrap();
    assert_eq!(fetch(&mut client, info).await, ["x | x"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_without_values_are_refused_with_a_remedy() {
    let server = Server::start().await;
    let mut client = FlightSqlServiceClient::new(server.channel().await);
    let sql = "select * from dim_product where product_key = ?";
    let unprepared = client.execute(sql.into(), None).await.unwrap_err();
    assert!(
        unprepared.to_string().contains("prepare it"),
        "{unprepared}"
    );
    let mut statement = client.prepare(sql.into(), None).await.unwrap();
    let unbound = statement.execute().await.unwrap_err().to_string();
    let expected = "the statement has 1 parameters, but 0 values were given";
    assert!(unbound.contains(expected), "{unbound}");
    statement.set_parameters(row_of(&[1, 2])).unwrap();
    let many = statement.execute().await.unwrap_err().to_string();
    assert!(many.contains("but 2 values were given"), "{many}");
    let two_rows = Int64Array::from_iter_values([1, 2]);
    let two_rows = RecordBatch::try_from_iter([("0", Arc::new(two_rows) as ArrayRef)]).unwrap();
    statement.set_parameters(two_rows).unwrap();
    let rows = statement.execute().await.unwrap_err().to_string();
    assert!(rows.contains("run it once for each row"), "{rows}");
    for (sql, expected) in [
        ("select $name", "parameter '$name' has no number"),
        ("select $1, $4000000000", "parameter $2 is missing"),
    ] {
        let refused = client.prepare(sql.into(), None).await.map(|_| ());
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
    }
}

/// One row of whole numbers, named as clients name parameters.
fn row_of(values: &[i64]) -> RecordBatch {
    let columns = values.iter().enumerate().map(|(number, value)| {
        let column = Int64Array::from_iter_values([*value]);
        (number.to_string(), Arc::new(column) as ArrayRef)
    });
    RecordBatch::try_from_iter(columns).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_keys_are_listed() {
    let server = Server::start().await;
    let mut client = FlightSqlServiceClient::new(server.channel().await);
    let info = client.get_catalogs().await.unwrap();
    assert_eq!(fetch(&mut client, info).await, ["planisphere"]);
    let tables = CommandGetTables {
        db_schema_filter_pattern: Some("star".into()),
        table_name_filter_pattern: Some("dim_%".into()),
        include_schema: false,
        ..CommandGetTables::default()
    };
    let info = client.get_tables(tables).await.unwrap();
    let expected = ["dim_customer", "dim_date", "dim_product"];
    let expected = expected.map(|name| format!("planisphere | star | {name} | TABLE"));
    assert_eq!(fetch(&mut client, info).await, expected);
    let keys = CommandGetPrimaryKeys {
        table: "dim_customer".into(),
        ..Default::default()
    };
    let info = client.get_primary_keys(keys).await.unwrap();
    let found = fetch(&mut client, info).await;
    assert_eq!(
        found,
        ["planisphere | star | dim_customer | customer_key | dim_customer_primary | 1"]
    );
    let keys = CommandGetImportedKeys {
        table: "fact_sales".into(),
        ..Default::default()
    };
    let info = client.get_imported_keys(keys).await.unwrap();
    let found = fetch(&mut client, info).await;
    assert_eq!(found.len(), 4);
    assert!(
        found[1].contains("dim_date") && found[1].contains("ship_date_key"),
        "{found:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_and_faults_are_refused_and_the_server_lives_on() {
    let server = Server::start().await;
    let mut client = SqlClient::new(server.channel().await);
    for (sql, code, text) in [
        (
            "drop table dim_customer",
            Code::InvalidArgument,
            "read-only",
        ),
        (
            "insert into dim_customer values (1)",
            Code::InvalidArgument,
            "read-only",
        ),
        (
            "select * form dim_customer",
            Code::InvalidArgument,
            "line 1, column",
        ),
        (
            "select * from dim_custmer",
            Code::NotFound,
            "did you mean 'dim_customer'?",
        ),
        (
            "select 1 / (product_key - product_key) from dim_product",
            Code::InvalidArgument,
            "zero",
        ),
    ] {
        let Err(ClientError::Status(status)) = client.run(sql).await else {
            unreachable!("{sql} must be refused");
        };
        assert_eq!(status.code(), code, "{sql}: {}", status.message());
        assert!(
            status.message().contains(text),
            "{sql}: {}",
            status.message()
        );
    }
    let mut flight = FlightServiceClient::new(server.channel().await);
    let refused = flight.do_get(Ticket::new("nonsense")).await.unwrap_err();
    assert!(
        matches!(refused.code(), Code::InvalidArgument | Code::Internal),
        "{refused}"
    );
    assert_eq!(lines(&client.run("select 1").await.unwrap().batches), ["1"]);
}
