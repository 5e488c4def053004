//! Delimited files without rows, without anything, and with a quote that is not closed.

use anyhow::Result;
use planisphere_tests::lab::{Lab, VISITS};

const HEADER: &str = "page;day;seconds;note\n";

/// The lines that stand in the fact: those that were not marked as deleted, and all.
fn visits(lab: &Lab) -> Result<Vec<String>> {
    let standing = "sum(case when deleted_at_source then 0 else 1 end)";
    let sql = format!("select coalesce({standing}, 0), count(*) from fact_visit");
    Ok(lab.sql(&sql)?.remove(0))
}

#[test]
fn a_file_with_only_a_header_has_no_rows() -> Result<()> {
    let lab = Lab::web()?;
    lab.write(VISITS, HEADER)?;
    let said = lab.load()?.done()?;
    assert!(said.err.contains("web.visits: 0 rows"), "{}", said.err);
    assert_eq!(visits(&lab)?, ["0", "0"]);
    let pages = lab.sql("select count(*) from dim_page where page_key > 0")?;
    assert_eq!(pages, [["0"]]);
    let read = lab.sql("select read, loaded from audit.audit_balance where object = 'visits'")?;
    assert_eq!(read, [["0", "0"]]);
    lab.write(VISITS, format!("{HEADER}home;03.02.2025;12;\n"))?;
    lab.load()?.done()?;
    assert_eq!(visits(&lab)?, ["1", "1"]);
    lab.write(VISITS, HEADER)?;
    lab.load()?.done()?;
    assert_eq!(visits(&lab)?, ["0", "1"]);
    Ok(())
}

#[test]
fn an_empty_file_is_refused() -> Result<()> {
    let lab = Lab::web()?;
    lab.load()?.done()?;
    lab.write(VISITS, "")?;
    let expected = [
        "'visits.csv' of source 'web'",
        "it is empty; a line with the names of the columns is expected",
        "hint: write the names of the columns into the first line, or say 'header: false'",
    ];
    lab.load()?.refused(2, &expected)?;
    assert_eq!(
        (lab.versions()?, visits(&lab)?),
        (vec!["1".into()], vec!["3".into(), "3".into()])
    );
    Ok(())
}

#[test]
fn a_quote_that_is_not_closed_is_told_with_file_and_line() -> Result<()> {
    let lab = Lab::web()?;
    lab.load()?.done()?;
    let broken = "home;03.02.2025;1;\ntea;04.02.2025;2;\"never closed\ntea;05.02.2025;4;\n";
    lab.write(VISITS, format!("{HEADER}{broken}"))?;
    let expected = [
        "'visits' rejects 1 of 3 rows",
        "first line 3 of 'visits.csv': a quote is not closed",
        "hint: nothing was published",
    ];
    lab.load()?.refused(2, &expected)?;
    assert_eq!(lab.versions()?, ["1"]);

    // one line among many is dirt: it is rejected with its place, and swallows no line after it
    let many = "home;06.02.2025;1;\n".repeat(30);
    lab.write(VISITS, format!("{HEADER}{broken}{many}"))?;
    lab.load()?.done()?;
    let rejects = lab.sql(
        "select split_part(row_id, '|', 2), reason, detail, row_json from audit.audit_reject",
    )?;
    let line = r#"{"line":"tea;04.02.2025;2;\"never closed"}"#;
    assert_eq!(
        rejects,
        [[
            "3",
            "unreadable_row",
            "a quote is not closed at visits.csv:3",
            line
        ]]
    );
    let sum =
        lab.sql("select sum(length), count(*) from fact_visit where not deleted_at_source")?;
    assert_eq!(sum, [["35", "32"]]);
    Ok(())
}

#[test]
fn bytes_of_another_encoding_are_told_with_their_line() -> Result<()> {
    let lab = Lab::web()?;
    lab.load()?.done()?;
    for (encoding, bytes) in [("gb18030", &b"\xff"[..]), ("utf-8", "茶".as_bytes())] {
        let mut file =
            format!("{HEADER}home;03.02.2025;1;\r\n\"two\nlines\";04.02.2025;2;").into_bytes();
        let bytes = match encoding {
            "utf-8" => &bytes[..2],
            _ => bytes,
        };
        file.extend(bytes);
        file.extend(b"\nhome;05.02.2025;3;\n");
        lab.write(VISITS, file)?;
        // the row begins a line before
        let line = format!("first line 3 of 'visits.csv': holds bytes that are not {encoding}");
        let said = lab.load()?;
        let said = said.refused(2, &["'visits' rejects 1 of 3 rows"])?;
        assert!(said.err.to_lowercase().contains(&line), "{}", said.err);
        if encoding == "gb18030" {
            lab.replace(
                "model/sources/web.yaml",
                "encoding: gb18030",
                "encoding: utf-8",
            )?;
        }
    }
    assert_eq!(lab.versions()?, ["1"]);
    Ok(())
}

#[test]
fn the_text_of_a_rejected_line_has_no_line_ends() -> Result<()> {
    let lab = Lab::web()?;
    let many = "home;06.02.2025;1;\r\n".repeat(60);
    lab.write(
        VISITS,
        format!(
            "{}{many}tea;04.02.2025\r\ntea;05.02.2025;2;\r\n",
            HEADER.replace('\n', "\r\n")
        ),
    )?;
    lab.load()?.done()?;
    let rejects = lab.sql("select row_json from audit.audit_reject")?;
    assert_eq!(rejects, [[r#"{"line":"tea;04.02.2025"}"#]]);
    Ok(())
}
