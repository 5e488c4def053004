//! docs/bus-matrix.md equals the model: facts, dimensions, roles, kinds and grains.

use anyhow::{Context as _, Result};
use planisphere_schemas::model::{Model, Star, StarKind, read_model};
use planisphere_tests::root;

use crate::markdown::{headers, read, rows};

#[test]
fn the_bus_matrix_is_that_of_the_model() -> Result<()> {
    let model = read_model(&root().join("schemas"))?;
    let page = read("docs/bus-matrix.md")?;
    let headers = headers(&page);
    let header = headers.first().context("no table")?;
    let mut dimensions: Vec<&str> = model.dimensions.iter().map(|d| d.name.as_str()).collect();
    dimensions.sort_unstable();
    assert_eq!(&header[1..], dimensions);
    let mut expected: Vec<Vec<String>> = Vec::new();
    expected.extend(
        model
            .stars
            .iter()
            .map(|star| roles_of(&model, star, header)),
    );
    expected.extend(model.stars.iter().map(grain_of));
    assert_eq!(rows(&page), expected);
    Ok(())
}

fn roles_of(model: &Model, star: &Star, header: &[String]) -> Vec<String> {
    let cells = header[1..].iter().map(|dimension| {
        assert!(model.dimension(dimension).is_some());
        let roles = star
            .roles
            .iter()
            .filter(|role| role.dimension == *dimension);
        let names: Vec<&str> = roles.map(|role| role.name.as_str()).collect();
        names.join(", ")
    });
    std::iter::once(star.name.clone()).chain(cells).collect()
}

fn grain_of(star: &Star) -> Vec<String> {
    let kind = match star.kind {
        StarKind::Transaction => "transaction",
        StarKind::Accumulating => "accumulating",
        StarKind::Periodic => "periodic",
        StarKind::Factless => "factless",
    };
    vec![star.name.clone(), kind.to_owned(), star.grain.clone()]
}
