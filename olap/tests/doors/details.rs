//! Drill-through without Arrow: rows with the columns that the cube declares, the business key among them.

use std::sync::Arc;

use planisphere_olap::exec::{Engine, Limits};
use planisphere_olap::{CubeService, OneVersion};
use planisphere_proto::v1 as wire;
use planisphere_schemas::settings::OlapSettings;
use wire::olap_service_client::OlapServiceClient;
use wire::result_chunk::Chunk;
use wire::value::Value;

use crate::remade::Remade;
use crate::server::Server;
use crate::shop::shop;

#[tokio::test(flavor = "multi_thread")]
async fn a_cube_can_show_the_business_keys_of_its_facts() {
    let mut remade = Remade::of(shop().pin(None).await.unwrap());
    let columns = [
        "order_number",
        "customer.customer_id",
        "order_date.date",
        "net_amount",
    ];
    let mut cubes = remade.model.cubes.iter_mut();
    let sales = cubes.find(|cube| cube.name == "sales").unwrap();
    sales.drill_through.columns = columns.map(str::to_owned).to_vec();
    let source = Arc::new(OneVersion(Arc::new(remade)));
    let service = CubeService::new(source, Engine::new(Limits::default()).unwrap());
    let server = Server::over(service, OlapSettings::default()).await;
    let mut client = OlapServiceClient::new(server.channel().await);

    let level = wire::LevelRef {
        dimension: "customer".into(),
        hierarchy: "geography".into(),
        level: "customer".into(),
    };
    let key = |text: &str| wire::MemberKey {
        key: Some(wire::member_key::Key::Text(text.into())),
    };
    let request = wire::DrillThroughRequest {
        query: Some(wire::CubeQuery {
            cube: "sales".into(),
            measures: vec!["net_amount".into()],
            ..Default::default()
        }),
        cell: vec![wire::MemberRef {
            level: Some(level),
            path: vec![key("DE"), key("C2")],
        }],
        format: wire::ResultFormat::Cells.into(),
        ..Default::default()
    };
    let mut stream = client.drill_through(request).await.unwrap().into_inner();
    let (mut header, mut rows) = (None, Vec::new());
    while let Some(message) = stream.message().await.unwrap() {
        match message.chunk.unwrap() {
            Chunk::Header(first) => header = Some(first),
            Chunk::Rows(chunk) => rows.extend(chunk.rows),
            Chunk::Trailer(trailer) => assert_eq!(trailer.rows, rows.len() as u64),
            Chunk::Cells(_) | Chunk::ArrowIpc(_) => unreachable!("rows were asked for"),
        }
    }
    let header = header.unwrap();
    let names: Vec<&str> = header
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    assert_eq!(names, columns);
    assert_eq!(header.total_rows, rows.len() as u64);
    let found = rows
        .iter()
        .find(|row| row.values[0].value == Some(Value::Text("O2".into())));
    let values: Vec<_> = found
        .unwrap()
        .values
        .iter()
        .map(|value| value.value.clone())
        .collect();
    let expected = [
        Value::Text("O2".into()),
        Value::Text("C2".into()),
        Value::Date("2024-01-20".into()),
        Value::Decimal("5.5000".into()),
    ];
    assert_eq!(values, expected.map(Some));
}
