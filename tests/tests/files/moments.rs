//! A file that changes between the beginning of a load and its reading.

use anyhow::Result;
use planisphere_tests::lab::Lab;

#[test]
fn a_file_that_changes_before_it_is_read_has_the_source_read_anew() -> Result<()> {
    let lab = Lab::web()?;
    lab.replace(
        "planisphere.toml",
        "[model]",
        "[etl]\nreaders = 1\n\n[model]",
    )?;
    lab.write("web/places.csv", "name\nold\n")?;
    lab.replace(
        "model/sources/web.yaml",
        "views:\n",
        "  places: {file: places.csv, format: {delimiter: ','}, columns: {name: text}}\nviews:\n",
    )?;
    // the load has looked at both files and waits within the first
    let (load, gate) = lab.start_held_load()?;
    lab.write("web/places.csv", "name\nnew\nnewer\n")?;
    gate.give("page;day;seconds;note\nhome;03.02.2025;1;\n")?;
    let said = load.ended()?.done()?;
    let reason = "reading 'places.csv' of source 'web' failed: the file changed while it was read";
    assert!(said.err.contains(reason), "{}", said.err);
    // nothing of the first reading is left: neither the old place nor what the pipe gave
    assert!(said.err.contains("web.places: 2 rows"), "{}", said.err);
    let read = lab.sql("select object, read from audit.audit_balance where object in ('places', 'visits') order by 1")?;
    assert_eq!(read, [["places", "2"], ["visits", "3"]]);
    Ok(())
}
