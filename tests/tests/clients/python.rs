//! Python's `adbc_driver_flightsql` against the running server; `tests/setup.sh` installs it.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use planisphere_tests::lab::{Lab, Said};
use serde_json::{Value, json};

/// The Python that `tests/setup.sh` has prepared.
pub(crate) fn python() -> Result<PathBuf> {
    let home = std::env::var_os("HOME").context("HOME is not set")?;
    let python = PathBuf::from(home).join(".cache/planisphere/python/bin/python");
    ensure!(
        python.exists(),
        "the Python client of Flight SQL is missing; run 'make test' or 'sh tests/setup.sh'"
    );
    Ok(python)
}

#[test]
fn a_python_user_reads_tables_and_cannot_write() -> Result<()> {
    let lab = Lab::loaded()?;
    let server = lab.serve()?;
    let script = planisphere_tests::root().join("tests/tests/clients/flight_sql.py");
    let uri = server.url().replace("http://", "grpc://");
    let said = Said::of(Command::new(python()?).arg(script).arg(uri))?.done()?;
    let found: Value = serde_json::from_str(&said.out)?;
    assert_eq!(
        found["types"],
        json!([
            "string",
            "string",
            "int32",
            "decimal128(18, 4)",
            "date32[day]"
        ])
    );
    let expected = json!([
        ["Ada", "Drinks", "2", "10.0000", "2025-01-10"],
        ["Ada", "Drinks", "1", "7.5000", "2025-04-02"],
        ["王伟", "Drinks", "3", "20.0000", "2025-02-11"],
        ["王伟", "Food", "1", "6.0000", "2025-02-12"],
        ["Chloé", "Food", "5", "18.0000", "2025-03-13"],
        ["Dan", "Drinks", "1", "5.0000", "2025-03-14"],
    ]);
    assert_eq!(found["rows"], expected);
    assert_eq!(found["nothing"], json!([]));
    assert_eq!(
        found["tables"]["star"],
        json!(["dim_customer", "dim_date", "dim_product", "fact_sale"])
    );
    assert_eq!(
        found["tables"]["audit"],
        json!([
            "audit_balance",
            "audit_lineage",
            "audit_load",
            "audit_reject"
        ])
    );
    assert_eq!(found["columns"][4], "name");
    let text = |name: &str| found[name][1].as_str().unwrap_or_default().to_owned();
    assert!(
        text("write").contains("read-only: DELETE is refused"),
        "{}",
        text("write")
    );
    assert!(
        text("unknown").contains("did you mean 'fact_sale'?"),
        "{}",
        text("unknown")
    );
    assert_eq!(found["after"], 7);
    Ok(())
}
