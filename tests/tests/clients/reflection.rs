//! The typed service asked by a client that learns it at run time.

use anyhow::{Context as _, Result};
use planisphere_tests::lab::Lab;
use serde_json::{Value, json};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::dynamic::Dynamic;

const SERVICE: &str = "planisphere.olap.v1.OlapService";

#[tokio::test]
async fn reflection_lists_the_services_and_gives_their_files() -> Result<()> {
    let lab = Lab::loaded()?;
    let server = lab.serve()?;
    let client = Dynamic::connect(&server.url()).await?;
    let services = client.services().await?;
    for service in [SERVICE, "grpc.health.v1.Health"] {
        assert!(
            services.iter().any(|known| known == service),
            "{service} is not in {services:?}"
        );
    }
    let service = client.describe(SERVICE).await?;
    let methods: Vec<String> = service
        .methods()
        .map(|method| method.name().to_owned())
        .collect();
    let expected = [
        "ListCubes",
        "DescribeCube",
        "ListMembers",
        "Query",
        "DrillDown",
        "RollUp",
        "DrillThrough",
        "Explain",
    ];
    assert_eq!(methods, expected);
    Ok(())
}

#[tokio::test]
async fn the_server_says_that_it_serves() -> Result<()> {
    let lab = Lab::loaded()?;
    let server = lab.serve()?;
    let client = Dynamic::connect(&server.url()).await?;
    for service in ["", SERVICE] {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        let answer = HealthClient::new(client.channel()).check(request).await?;
        assert_eq!(
            answer.into_inner().status(),
            ServingStatus::Serving,
            "'{service}'"
        );
    }
    Ok(())
}

fn pivot() -> Value {
    let level = |dimension: &str, name: &str| json!({"dimension": dimension, "hierarchy": name, "level": name});
    json!({
        "query": {
            "cube": "sales",
            "measures": ["revenue", "orders", "average_price"],
            "axes": [
                {"levels": [level("customer", "segment")]},
                {"levels": [level("product", "category")]},
            ],
        },
        "format": "RESULT_FORMAT_CELLS",
    })
}

/// The items of a repeated field of all cell chunks.
fn items<'v>(chunks: &'v [Value], field: &str) -> Vec<&'v Value> {
    let of_chunk = |chunk: &'v Value| chunk["cells"][field].as_array();
    chunks.iter().filter_map(of_chunk).flatten().collect()
}

/// What a member of a level is called by its last key.
fn key(member: &Value) -> String {
    let keys = member["member"]["path"].as_array();
    let last = keys.and_then(|keys| keys.last());
    let texts = last.and_then(|key| key["text"].as_str().or(key["special"].as_str()));
    texts.unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_pivot_comes_in_plain_cells() -> Result<()> {
    let lab = Lab::shop()?;
    // nothing to divide by: a cell whose value is null
    lab.change("update orders set quantity = 0 where id = 'o07'")?;
    lab.load()?.done()?;
    let server = lab.serve()?;
    let client = Dynamic::connect(&server.url()).await?;
    let service = client.describe(SERVICE).await?;
    let chunks = client.call(&service, "Query", pivot()).await?;
    assert_eq!(chunks[0]["header"]["warehouseVersion"], "1");
    assert!(
        chunks
            .last()
            .is_some_and(|last| last.get("trailer").is_some()),
        "{chunks:?}"
    );
    let mut members = std::collections::BTreeMap::new();
    for tuple in items(&chunks, "tuples") {
        let at = |name: &str| tuple[name].as_u64().unwrap_or(0);
        members.insert((at("axis"), at("ordinal")), key(&tuple["members"][0]));
    }
    let mut cells = Vec::new();
    for cell in items(&chunks, "cells") {
        let ordinals = cell["ordinals"]
            .as_array()
            .context("a cell without ordinals")?;
        let places = ordinals.iter().enumerate().map(|(axis, ordinal)| {
            let ordinal = ordinal.as_u64().unwrap_or(u64::MAX);
            members
                .get(&(axis as u64, ordinal))
                .cloned()
                .unwrap_or_default()
        });
        let place = places.collect::<Vec<_>>().join(" ");
        let measure = cell["measure"].as_u64().unwrap_or(0);
        let state = cell["state"]
            .as_str()
            .unwrap_or_default()
            .trim_start_matches("CELL_STATE_");
        cells.push(format!(
            "{place} {measure} {state} {}",
            cell.get("value").unwrap_or(&Value::Null)
        ));
    }
    cells.sort();
    // no order joins the customer who never came and food: a crossing that is not sent is empty
    let expected = [
        r#"SPECIAL_MEMBER_NOT_YET_ARRIVED Drinks 0 VALUE {"decimal":"6.0000"}"#,
        r#"SPECIAL_MEMBER_NOT_YET_ARRIVED Drinks 1 VALUE {"integer":"1"}"#,
        "SPECIAL_MEMBER_NOT_YET_ARRIVED Drinks 2 NULL null",
        r#"large Drinks 0 VALUE {"decimal":"25.0000"}"#,
        r#"large Drinks 1 VALUE {"integer":"2"}"#,
        r#"large Drinks 2 VALUE {"decimal":"6.2500000000"}"#,
        r#"large Food 0 VALUE {"decimal":"6.0000"}"#,
        r#"large Food 1 VALUE {"integer":"1"}"#,
        r#"large Food 2 VALUE {"decimal":"6.0000000000"}"#,
        r#"small Drinks 0 VALUE {"decimal":"17.5000"}"#,
        r#"small Drinks 1 VALUE {"integer":"2"}"#,
        r#"small Drinks 2 VALUE {"decimal":"5.8333333333"}"#,
        r#"small Food 0 VALUE {"decimal":"18.0000"}"#,
        r#"small Food 1 VALUE {"integer":"1"}"#,
        r#"small Food 2 VALUE {"decimal":"3.6000000000"}"#,
    ];
    assert_eq!(cells, expected);
    Ok(())
}

#[tokio::test]
async fn cubes_and_members_are_described_in_two_languages() -> Result<()> {
    let lab = Lab::loaded()?;
    let server = lab.serve()?;
    let client = Dynamic::connect(&server.url()).await?;
    let service = client.describe(SERVICE).await?;
    let cubes = client.call(&service, "ListCubes", json!({})).await?;
    assert_eq!(
        cubes[0]["cubes"][0]["caption"],
        json!({"en": "Sales", "zh": "销售"})
    );
    let cube = client
        .call(&service, "DescribeCube", json!({"cube": "sales"}))
        .await?;
    let dimensions = cube[0]["cube"]["dimensions"]
        .as_array()
        .context("no dimensions")?;
    let names: Vec<&str> = dimensions
        .iter()
        .filter_map(|it| it["name"].as_str())
        .collect();
    assert_eq!(names, ["order_date", "customer", "product", "status"]);
    let request = json!({
        "cube": "sales",
        "level": {"dimension": "customer", "hierarchy": "segment", "level": "customer"},
        "search": "王",
    });
    let page = client.call(&service, "ListMembers", request).await?;
    let found = page[0]["members"].as_array().context("no members")?;
    assert_eq!(found.len(), 1, "{page:?}");
    assert_eq!(
        (found[0]["caption"].as_str(), key(&found[0])),
        (Some("王伟"), "c2".to_owned())
    );
    Ok(())
}

#[tokio::test]
async fn a_fault_of_the_request_has_its_status_and_its_place() -> Result<()> {
    let lab = Lab::loaded()?;
    let server = lab.serve()?;
    let client = Dynamic::connect(&server.url()).await?;
    let service = client.describe(SERVICE).await?;
    let request = json!({"query": {"cube": "sales", "measures": ["revenu"]}});
    let error = client
        .call(&service, "Query", request)
        .await
        .err()
        .context("it was answered")?;
    let status = error
        .downcast_ref::<tonic::Status>()
        .context("not a status")?;
    assert_eq!(status.code(), tonic::Code::NotFound);
    let expected = "measures[0]: unknown measure 'revenu' (did you mean 'revenue'?)";
    assert!(status.message().contains(expected), "{status}");
    Ok(())
}
