//! The typed service: the same answers as in process, statuses, plain cells, pages, reflection, health.

use planisphere_olap::grpc::{ClientError, CubeClient};
use planisphere_olap::query::{CubeQuery, MemberPath, MemberRef};
use planisphere_olap::{Caller, DetailQuery, DrillDown, MembersQuery, RollUp};
use planisphere_proto::v1 as wire;
use tonic::Code;
use wire::olap_service_client::OlapServiceClient;
use wire::result_chunk::Chunk;

use crate::server::Server;
use crate::shop::{filters, lines, query, shop};

fn member(level: &str, key: &str) -> MemberRef {
    MemberRef {
        level: level.parse().unwrap(),
        path: MemberPath::from_iter(key.split('/')),
    }
}

fn code(error: &ClientError) -> Code {
    match error {
        ClientError::Status(status) => status.code(),
        other => unreachable!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_over_the_wire_are_those_in_process() {
    let server = Server::start().await;
    let mut client = CubeClient::new(server.channel().await);
    let mut asked = query(
        "net_amount, lines, price, weight",
        "order_date.calendar.year, customer.segment.segment | product.product.category",
    );
    asked.axes[0].subtotals = planisphere_olap::query::Subtotals::All;
    asked.filters = filters(["product.product.product not in W/P2"]);
    for locale in ["en", "zh"] {
        asked.locale = locale.into();
        let local = shop().query(&Caller::default(), &asked).await.unwrap();
        let (header, batches) = local.collect().await.unwrap();
        let remote = client.query(&asked).await.unwrap();
        assert_eq!(remote.header.columns, header.columns);
        assert_eq!(
            (remote.header.warehouse_version, &remote.header.model_hash),
            (7, &header.model_hash)
        );
        assert!(!batches.is_empty());
        assert_eq!(lines(&remote.batches), lines(&batches));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn drills_travel_with_their_query() {
    let server = Server::start().await;
    let mut client = CubeClient::new(server.channel().await);
    let years = query("net_amount", "order_date.calendar.year");
    let down = DrillDown {
        query: years.clone(),
        axis: None,
        member: member("order_date.calendar.year", "2024"),
        to: None,
    };
    let quarters = client.drill_down(&down).await.unwrap();
    assert_eq!(
        quarters
            .batches
            .iter()
            .map(|batch| batch.num_rows())
            .sum::<usize>(),
        2
    );
    let roll_up = RollUp {
        query: query("net_amount", "order_date.calendar.quarter"),
        dimension: "order_date".into(),
        hierarchy: None,
    };
    let rolled = client.roll_up(&roll_up).await.unwrap();
    assert_eq!(
        lines(&rolled.batches),
        lines(&client.query(&years).await.unwrap().batches)
    );
    let detail = DetailQuery {
        query: years,
        cell: vec![member("order_date.calendar.year", "2023")],
        ..DetailQuery::default()
    };
    let found = client.drill_through(&detail).await.unwrap();
    assert_eq!(found.total_rows, 1);
    assert_eq!(found.totals[0].value.as_deref(), Some("40.0000"));
    assert_eq!(found.batches[0].num_rows(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locale_without_captions_is_refused_where_there_is_no_query_too() {
    let server = Server::start().await;
    let mut client = OlapServiceClient::new(server.channel().await);
    let request = wire::ListCubesRequest {
        context: Some(wire::RequestContext {
            locale: "xx".into(),
            ..Default::default()
        }),
    };
    let refused = client.list_cubes(request).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    assert!(refused.message().contains("write en or zh"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cells_come_without_arrow() {
    let server = Server::start().await;
    let mut client = OlapServiceClient::new(server.channel().await);
    let level = |dimension: &str, hierarchy: &str, level: &str| wire::LevelRef {
        dimension: dimension.into(),
        hierarchy: hierarchy.into(),
        level: level.into(),
    };
    let axis = |name: wire::LevelRef, subtotals: wire::Subtotals| wire::Axis {
        levels: vec![name],
        subtotals: subtotals.into(),
        subtotals_keep: vec![],
    };
    let request = wire::QueryRequest {
        context: None,
        query: Some(wire::CubeQuery {
            cube: "sales".into(),
            measures: vec!["net_amount".into(), "lines".into()],
            axes: vec![
                axis(
                    level("order_date", "calendar", "year"),
                    wire::Subtotals::All,
                ),
                axis(level("product", "", "category"), wire::Subtotals::None),
            ],
            ..Default::default()
        }),
        format: wire::ResultFormat::Cells.into(),
    };
    let mut stream = client.query(request).await.unwrap().into_inner();
    let (mut header, mut trailer) = (None, None);
    let (mut tuples, mut cells) = (Vec::new(), Vec::new());
    while let Some(message) = stream.message().await.unwrap() {
        match message.chunk.unwrap() {
            Chunk::Header(first) => header = Some(first),
            Chunk::Cells(chunk) => {
                tuples.extend(chunk.tuples);
                cells.extend(chunk.cells);
            }
            Chunk::Trailer(last) => trailer = Some(last),
            Chunk::ArrowIpc(_) | Chunk::Rows(_) => unreachable!("cells were asked for"),
        }
    }
    assert_eq!(header.unwrap().warehouse_version, 7);
    assert!(!trailer.unwrap().truncated);
    let total = tuples
        .iter()
        .find(|tuple| tuple.axis == 0 && tuple.members[0].total)
        .unwrap();
    let writing = tuples
        .iter()
        .find(|tuple| tuple.axis == 1 && tuple.members[0].caption == "Writing");
    let at = [total.ordinal, writing.unwrap().ordinal];
    let cell = cells
        .iter()
        .find(|cell| cell.ordinals == at && cell.measure == 0)
        .unwrap();
    assert_eq!(cell.state(), wire::CellState::Value);
    assert_eq!(cell.exactness(), wire::Exactness::Exact);
    let value = cell.value.clone().unwrap().value;
    assert_eq!(value, Some(wire::value::Value::Decimal("45.7500".into())));
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_have_their_status_and_say_what_to_do() {
    let server = Server::start().await;
    let mut client = CubeClient::new(server.channel().await);
    let good = query("net_amount", "order_date.calendar.year");
    let other_model = CubeQuery {
        model_hash: Some("other".into()),
        ..good.clone()
    };
    let other_version = CubeQuery {
        version: Some(99),
        ..good.clone()
    };
    for (asked, expected, text) in [
        (
            query("net_amont", ""),
            Code::NotFound,
            "did you mean 'net_amount'?",
        ),
        (
            query("net_amount", "order_date.calendar.yer"),
            Code::NotFound,
            "'year'",
        ),
        (
            CubeQuery {
                cube: "sale".into(),
                ..good.clone()
            },
            Code::NotFound,
            "'sales'",
        ),
        (
            CubeQuery {
                measures: vec![],
                ..good.clone()
            },
            Code::InvalidArgument,
            "measure",
        ),
        (
            other_model,
            Code::FailedPrecondition,
            "describe the cube again",
        ),
        (other_version, Code::NotFound, "99"),
    ] {
        let error = client.query(&asked).await.unwrap_err();
        assert_eq!(code(&error), expected, "{error}");
        assert!(error.to_string().contains(text), "{error}");
    }
    assert_eq!(
        client.query(&good).await.unwrap().header.warehouse_version,
        7
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalog_is_listed_and_described() {
    let server = Server::start().await;
    let mut client = CubeClient::new(server.channel().await);
    let cubes = client.list_cubes(None).await.unwrap();
    let names: Vec<&str> = cubes.cubes.iter().map(|cube| cube.name.as_str()).collect();
    assert_eq!(names, ["calls", "customers", "paid", "sales", "visits"]);
    let cube = client
        .describe_cube("sales", None)
        .await
        .unwrap()
        .cube
        .unwrap();
    let date = cube
        .dimensions
        .iter()
        .find(|it| it.name == "order_date")
        .unwrap();
    assert_eq!(date.kind(), wire::DimensionKind::Calendar);
    assert_eq!(date.caption.clone().unwrap().zh, "下单日期");
    let net = cube
        .measures
        .iter()
        .find(|it| it.name == "net_amount")
        .unwrap();
    assert_eq!(net.format(), wire::MeasureFormat::Money);
    let mut asked = MembersQuery {
        cube: "sales".into(),
        level: Some("customer.geography.customer".parse().unwrap()),
        page_size: Some(1),
        ..MembersQuery::default()
    };
    let mut captions = Vec::new();
    loop {
        let page = client.list_members(&asked).await.unwrap();
        captions.extend(page.members.into_iter().map(|member| member.caption));
        if page.next_page_token.is_empty() {
            break;
        }
        asked.page_token = Some(page.next_page_token);
    }
    assert!(
        captions.len() >= 4 && captions.contains(&"Ann Wu".to_owned()),
        "{captions:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn reflection_and_health_answer() {
    use tonic_reflection::pb::v1::ServerReflectionRequest;
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

    let server = Server::start().await;
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut reflection = ServerReflectionClient::new(server.channel().await);
    let answers = reflection
        .server_reflection_info(futures::stream::iter([request]))
        .await
        .unwrap();
    let answer = answers.into_inner().message().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        unreachable!("a list was asked for");
    };
    let names: Vec<String> = list
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    assert!(
        names.contains(&"planisphere.olap.v1.OlapService".to_owned()),
        "{names:?}"
    );

    let mut health = tonic_health::pb::health_client::HealthClient::new(server.channel().await);
    let service = "planisphere.olap.v1.OlapService".to_owned();
    let request = tonic_health::pb::HealthCheckRequest { service };
    let status = health.check(request).await.unwrap().into_inner().status();
    assert_eq!(
        status,
        tonic_health::pb::health_check_response::ServingStatus::Serving
    );
}
