//! A load that is stopped or killed in the middle: what it says, what stays on record, what the next load does.

use anyhow::Result;
use planisphere_tests::lab::{Lab, VISITS, rows};

const CHANGED: &str = "page;day;seconds;note\nhome;03.02.2025;100;\n";

/// Visits that were loaded once and have changed since.
fn changed() -> Result<Lab> {
    let lab = Lab::web()?;
    lab.load()?.done()?;
    lab.write(VISITS, CHANGED)?;
    Ok(lab)
}

fn seconds(lab: &Lab) -> Result<Vec<Vec<String>>> {
    lab.sql("select sum(length) from fact_visit where not deleted_at_source")
}

/// The outcomes in `audit_load`, in the order of its numbers.
fn outcomes(lab: &Lab) -> Result<Vec<String>> {
    let rows = lab.sql("select audit_key, outcome from audit.audit_load order by audit_key")?;
    Ok(rows.iter().map(|row| row.join(" ")).collect())
}

#[test]
fn a_load_that_is_stopped_says_so_and_publishes_nothing() -> Result<()> {
    for (signal, name) in [("TERM", "SIGTERM"), ("INT", "Ctrl-C")] {
        let lab = changed()?;
        let (load, gate) = lab.start_held_load()?;
        load.signal(signal)?;
        // the source still holds the load: it ends all the same
        let said = load.ended()?;
        drop(gate);
        let stopped = format!("nothing was published: stopped by {name}");
        let said = said.refused(
            7,
            &[&stopped, "hint: nothing was published; run the load again"],
        )?;
        let last = said.err.lines().rfind(|line| line.starts_with("load "));
        assert!(
            last.is_some_and(|line| line.ends_with(&stopped)),
            "{}",
            said.err
        );
        let status = lab.etl(&["status"])?.done()?.out;
        assert!(status.contains(&stopped), "{status}");
        assert_eq!(
            (lab.versions()?, seconds(&lab)?),
            (vec!["1".into()], rows(&[&["49"]]))
        );

        lab.load()?.done()?;
        assert_eq!(lab.versions()?, ["1", "2"]);
        assert_eq!(seconds(&lab)?, rows(&[&["100"]]));
        assert_eq!(outcomes(&lab)?, ["1 published", "2 failed", "3 published"]);
        let message = lab.sql("select message from audit.audit_load where audit_key = 2")?;
        assert_eq!(message, rows(&[&[&format!("stopped by {name}")]]));
    }
    Ok(())
}

#[test]
fn a_load_that_is_killed_stays_on_record_as_died() -> Result<()> {
    let lab = changed()?;
    let (load, gate) = lab.start_held_load()?;
    let id = load.id();
    let status = lab.etl(&["status"])?.done()?.out;
    assert!(
        status.contains(&format!(": running, process {id} on ")),
        "{status}"
    );
    load.kill()?;
    drop(gate);
    let died = format!(": died before its end, process {id} on ");
    let status = lab.etl(&["status"])?.done()?.out;
    assert!(status.contains(&died), "{status}");
    assert_eq!(
        (lab.versions()?, seconds(&lab)?),
        (vec!["1".into()], rows(&[&["49"]]))
    );

    let said = lab.load()?.done()?;
    assert!(said.out.contains(&died), "{}", said.out);
    assert_eq!(lab.versions()?, ["1", "2"]);
    assert_eq!(seconds(&lab)?, rows(&[&["100"]]));
    assert_eq!(outcomes(&lab)?, ["1 published", "2 died", "3 published"]);
    let said = lab.load()?.done()?;
    assert!(!said.out.contains("died"), "{}", said.out);
    Ok(())
}
