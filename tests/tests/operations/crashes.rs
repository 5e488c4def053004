//! A load that stops at a named crash point: nothing or everything is visible, the next load goes on.

use anyhow::{Context as _, Result};
use planisphere_etl::{CRASH_POINTS, Error, LoadOptions, Runtime, Silent, load};
use planisphere_schemas::settings::Settings;
use planisphere_tests::lab::{Lab, TODAY, rows};

use super::{stars, versions_are_valid};

const CHANGES: &str = "
    update customers set segment = 'small', date_modified = '2025-06-10 00:00:00' where id = 'c2';
    insert into orders values
        ('o11', 'c2', 'p1', '2025-06-21 09:00:00', 'paid', 2, 8, 'USD', '2025-06-21 09:00:00', 0);
    delete from orders where id = 'o02';";

async fn crash(lab: &Lab, point: &'static str) -> Result<()> {
    let options = LoadOptions {
        settings: Settings::load(&lab.config())?,
        business_date: Some(TODAY.parse()?),
    };
    let runtime = Runtime::default().crashing_at(point);
    let crashed = Box::pin(load(&options, &runtime, &Silent)).await;
    let error = crashed.err().context("the load did not crash")?;
    assert!(
        matches!(error, Error::Crash { point: at } if at == point),
        "{error}"
    );
    Ok(())
}

#[tokio::test]
async fn the_next_load_takes_back_what_a_crashed_one_left() -> Result<()> {
    let calm = Lab::loaded()?;
    calm.change(CHANGES)?;
    calm.load()?.done()?;
    let expected = stars(&calm)?;
    for point in CRASH_POINTS {
        let lab = Lab::loaded()?;
        let server = lab.serve()?;
        let before = stars(&lab)?;
        lab.change(CHANGES)?;
        crash(&lab, point).await?;
        // twice, as a machine that restarts a load would do
        let seen = match point {
            "after_manifest" => (&expected, vec!["1", "2"]),
            _ => {
                crash(&lab, point).await?;
                (&before, vec!["1"])
            }
        };
        assert_eq!(
            (&stars(&lab)?, lab.versions()?),
            (seen.0, owned(&seen.1)),
            "after {point}"
        );
        let said = lab.load()?.done()?;
        let published = said.err.contains("published version 2");
        assert_eq!(
            published,
            point != "after_manifest",
            "{point}: {}",
            said.err
        );
        assert_eq!(stars(&lab)?, expected, "after {point} and a load");
        assert_eq!(lab.versions()?, ["1", "2"], "after {point} and a load");
        versions_are_valid(&lab)?;
        assert!(server.stop()?.success());
    }
    Ok(())
}

#[tokio::test]
async fn a_first_load_that_crashes_leaves_a_warehouse_that_can_be_loaded() -> Result<()> {
    let lab = Lab::shop()?;
    crash(&lab, "after_tables").await?;
    lab.olap(&["cubes"])?
        .refused(3, &["has no published version"])?;
    lab.load()?.done()?;
    assert_eq!(lab.versions()?, ["1"]);
    assert_eq!(lab.sql("select count(*) from fact_sale")?, rows(&[&["7"]]));
    assert_eq!(stars(&lab)?, stars(&Lab::loaded()?)?);
    Ok(())
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
