//! Two loads of one warehouse: one wins, the other is told so and loses nothing.

use std::sync::Mutex;

use anyhow::{Context as _, Result};
use planisphere_etl::{LoadOptions, LoadRecord, Observer, ReadEvent, Runtime, SourceReading, load};
use planisphere_schemas::ErrorKind;
use planisphere_schemas::settings::Settings;
use planisphere_tests::lab::{Lab, Said, TODAY, VISITS, rows};
use planisphere_tests::programs;

use super::{stars, versions_are_valid};

const CHANGE: &str = "update orders set quantity = 5 where id = 'o01'; \
    insert into customers_audit values ('a2', 'c2', '2025-06-10 00:00:00', 'segment', 'large', 'small'); \
    update customers set segment = 'small', date_modified = '2025-06-10 00:00:00' where id = 'c2'";

/// Runs a whole load of its own when the load that it watches begins to write.
struct Overtaking<'a> {
    lab: &'a Lab,
    said: Mutex<Option<Result<Said>>>,
}

impl Observer for Overtaking<'_> {
    fn step(&self, name: &str) {
        if name == "write"
            && let Ok(mut said) = self.said.lock()
        {
            *said = Some(self.lab.load());
        }
    }
    fn reading(&self, _: &SourceReading, _: &ReadEvent) {}
    fn passing(&self, _: &[SourceReading]) {}
    fn ended(&self, _: &LoadRecord) {}
}

#[tokio::test]
async fn a_load_that_was_overtaken_ends_with_a_conflict_and_loses_nothing() -> Result<()> {
    let calm = Lab::loaded()?;
    calm.change(CHANGE)?;
    calm.load()?.done()?;
    let lab = Lab::loaded()?;
    lab.change(CHANGE)?;
    let options = LoadOptions {
        settings: Settings::load(&lab.config())?,
        business_date: Some(TODAY.parse()?),
    };
    let overtaking = Overtaking {
        lab: &lab,
        said: Mutex::new(None),
    };
    let lost = Box::pin(load(&options, &Runtime::default(), &overtaking)).await;
    let error = lost.err().context("both loads won")?;
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert!(
        error.hint().is_some_and(|hint| hint.contains("again")),
        "{:?}",
        error.hint()
    );
    let winner = overtaking
        .said
        .into_inner()?
        .context("the other load did not run")??;
    assert!(winner.done()?.err.contains("published version 2"));
    assert_eq!(stars(&lab)?, stars(&calm)?);
    let said = lab.load()?.done()?;
    assert!(
        said.err.contains("nothing changed, version 2 still stands"),
        "{}",
        said.err
    );
    assert_eq!(lab.versions()?, ["1", "2"]);
    Ok(())
}

#[test]
fn loads_that_start_together_publish_one_version() -> Result<()> {
    let lab = Lab::loaded()?;
    lab.change(CHANGE)?;
    let start = || -> Result<_> {
        let mut command = programs::etl()?;
        command
            .args(["load", "--as-of", TODAY, "--config"])
            .arg(lab.config());
        command
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::piped());
        Ok(command.spawn()?)
    };
    let running = (0..3).map(|_| start()).collect::<Result<Vec<_>>>()?;
    let mut won = 0;
    for child in running {
        let output = child.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0) => won += 1,
            Some(4) => assert!(said.contains("hint: another load"), "{said}"),
            code => assert_eq!(code, Some(0), "{said}"),
        }
    }
    assert!(won >= 1);
    assert_eq!(lab.versions()?, ["1", "2"]);
    versions_are_valid(&lab)?;
    let said = lab.load()?.done()?;
    assert!(
        said.err.contains("nothing changed, version 2 still stands"),
        "{}",
        said.err
    );
    Ok(())
}

#[test]
fn a_load_that_still_runs_has_not_died_and_is_told_once_it_has_ended() -> Result<()> {
    let lab = Lab::web()?;
    let outcomes = "select audit_key, outcome from audit.audit_load order by audit_key";
    let (slow, gate) = lab.start_held_load()?;
    let fast = lab.load()?.done()?;
    let running = format!(": running, process {} on ", slow.id());
    assert!(fast.out.contains(&running), "{}", fast.out);
    assert_eq!(lab.sql(outcomes)?, rows(&[&["1", "published"]]));

    gate.give("page;day;seconds;note\nhome;03.02.2025;1;\n")?;
    let lost = slow.ended()?.refused(4, &["hint: another load"])?;
    assert!(lost.err.contains("nothing was published"), "{}", lost.err);
    lab.write(VISITS, "page;day;seconds;note\nhome;03.02.2025;5;\n")?;
    lab.load()?.done()?;
    let expected = rows(&[&["1", "published"], &["2", "failed"], &["3", "published"]]);
    assert_eq!(lab.sql(outcomes)?, expected);
    assert_eq!(lab.versions()?, ["1", "2"]);
    Ok(())
}
