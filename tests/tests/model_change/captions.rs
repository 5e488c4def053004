//! A change of nothing but words: a new version of the model over the same tables.

use anyhow::Result;
use planisphere_tests::lab::Lab;
use serde_json::Value;

use super::SALES;

fn tables(lab: &Lab, version: u64) -> Result<Vec<(String, Value)>> {
    let path = lab
        .path("warehouse/_planisphere/versions")
        .join(format!("{version:012}.json"));
    let manifest: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let tables = manifest["tables"].as_object().cloned().unwrap_or_default();
    Ok(tables
        .into_iter()
        .filter(|(name, _)| !name.starts_with("audit_"))
        .collect())
}

#[test]
fn a_new_caption_publishes_a_version_with_the_same_tables() -> Result<()> {
    let lab = Lab::loaded()?;
    lab.replace(
        SALES,
        "caption: {en: Orders, zh: 订单数}",
        "caption: {en: Number of orders, zh: 单数}",
    )?;
    let said = lab.load()?.done()?;
    assert!(said.err.contains("published version 2"), "{}", said.err);
    let before = tables(&lab, 1)?;
    assert_eq!(before.len(), 8, "{before:?}");
    assert_eq!(tables(&lab, 2)?, before);
    let caption = |version: &str, locale: &str| -> Result<String> {
        let flags = [
            "query",
            "--cube",
            "sales",
            "--measures",
            "orders",
            "--locale",
            locale,
        ];
        Ok(lab
            .olap(&[&flags[..], &["--warehouse-version", version]].concat())?
            .done()?
            .out)
    };
    assert!(caption("2", "en")?.contains("Number of orders"));
    assert!(!caption("1", "en")?.contains("Number of orders"));
    assert!(caption("2", "zh")?.contains("单数") && caption("1", "zh")?.contains("订单数"));
    Ok(())
}
