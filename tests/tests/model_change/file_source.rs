//! A file source that joins a living warehouse: declared in YAML, with a star and a cube of its own.

use anyhow::{Result, ensure};
use planisphere_tests::lab::{Lab, rows};

/// `;` between fields, quotes around what needs them, days as people write them; two lines are broken.
const VISITS: &str = "page;day;seconds;note\n\
    首页;03.02.2025;12;\n\
    首页;03.02.2025;12;\n\
    \"tea; green\";04.02.2025;30;\"she said \"\"好\"\"\"\n\
    \"tea; green\";05.03.2025;7;\"two\nlines\"\n\
    首页;31.12.2025;1;\n\
    首页;30.02.2025;5;no such day\n\
    首页;06.03.2025;5\n\
    \"tea; green\";07.03.2025;8;\n\
    首页;08.03.2025;9;\n\
    首页;09.03.2025;;no time\n";

/// What the model of the web adds to the shop's.
const MODEL: [&str; 4] = [
    "model/sources/web.yaml",
    "model/conformed/page.yaml",
    "model/stars/visit.yaml",
    "model/cubes/traffic.yaml",
];

fn add_visits(lab: &Lab, text: &str) -> Result<()> {
    let (bytes, _, lossy) = encoding_rs::GB18030.encode(text);
    ensure!(!lossy, "the text is not GB 18030");
    lab.write("web/visits.csv", bytes)
}

fn with_visits() -> Result<Lab> {
    let lab = Lab::loaded()?;
    add_visits(&lab, VISITS)?;
    for file in MODEL {
        lab.take("tests/data/web", file)?;
    }
    lab.replace(
        "planisphere.toml",
        "[source.shop]",
        "[source.web]\nurl = \"web\"\n\n[source.shop]",
    )?;
    Ok(lab)
}

#[test]
fn a_file_source_joins_with_a_star_and_a_cube_of_its_own() -> Result<()> {
    let lab = with_visits()?;
    let said = lab.load()?.done()?;
    assert!(said.err.contains("published version 2"), "{}", said.err);
    let by_month = [
        "--rows",
        "visit_date.calendar.month",
        "--columns",
        "page.kind.page",
    ];
    let flags = [
        &["--cube", "traffic", "--measures", "visits,length"][..],
        &by_month,
    ]
    .concat();
    // year, quarter, month, its caption; kind, page, its caption; the measures
    let shown = |row: Vec<String>| [2, 5, 7, 8].map(|at| row[at].as_str()).join(" ");
    let found: Vec<String> = lab.query(&flags)?.into_iter().map(shown).collect();
    let expected = [
        "2 tea; green 1 30",
        "2 首页 2 24",
        "3 tea; green 2 15",
        "3 首页 2 9",
        "12 首页 1 1",
    ];
    assert_eq!(found, expected);
    // the shop answers as before
    assert_eq!(
        lab.query(&["--cube", "sales", "--measures", "orders"])?,
        rows(&[&["7"]])
    );
    Ok(())
}

#[test]
fn quotes_and_line_breaks_inside_fields_are_kept() -> Result<()> {
    let lab = with_visits()?;
    lab.load()?.done()?;
    let notes = lab.sql("select note, length from fact_visit where note is not null order by length desc nulls last")?;
    let expected = rows(&[
        &["she said \"好\"", "30"],
        &["two\nlines", "7"],
        &["no time", ""],
    ]);
    assert_eq!(notes, expected);
    let page = "page.kind.page = goods/\"tea; green\"";
    let flags = [
        "query",
        "--cube",
        "traffic",
        "--measures",
        "visits",
        "--format",
        "csv",
        "--where",
        page,
    ];
    let said = lab.olap(&flags)?;
    assert_eq!(
        planisphere_tests::lab::cells(&said.done()?.out)?,
        rows(&[&["3"]])
    );
    Ok(())
}

#[test]
fn broken_lines_are_rejected_with_their_place() -> Result<()> {
    let lab = with_visits()?;
    lab.load()?.done()?;
    let rejects = lab.sql(
        "select split_part(row_id, '|', 2), reason, detail from audit.audit_reject where object = 'visits' order by 1",
    )?;
    // lines of the file: the header is the first, one row stands on two
    let expected = rows(&[
        &[
            "8",
            "invalid_day",
            "day '30.02.2025' is not a date of the calendar (date) at visits.csv:8",
        ],
        &[
            "9",
            "unreadable_row",
            "3 fields instead of 4 at visits.csv:9",
        ],
    ]);
    assert_eq!(rejects, expected);
    Ok(())
}

#[test]
fn a_changed_file_changes_the_star() -> Result<()> {
    let lab = with_visits()?;
    lab.load()?.done()?;
    let said = lab.load()?.done()?;
    assert!(
        said.err.contains("nothing changed, version 2 still stands"),
        "{}",
        said.err
    );
    add_visits(&lab, &format!("{VISITS}首页;10.03.2025;100;\n"))?;
    lab.load()?.done()?;
    let answer = lab.query(&["--cube", "traffic", "--measures", "visits,length"])?;
    assert_eq!(answer, rows(&[&["9", "179"]]));
    Ok(())
}

#[test]
fn what_is_wrong_with_the_file_is_told() -> Result<()> {
    let lab = with_visits()?;
    lab.write(
        "web/visits.csv",
        b"page;day;seconds;note\n\xff\xff;03.02.2025;1;\n",
    )?;
    lab.load()?.refused(
        2,
        &["first line 2 of 'visits.csv'", "bytes that are not gb18030"],
    )?;
    lab.write("web/visits.csv", "page;day;second;note\n")?;
    lab.load()?.refused(
        3,
        &[
            "file 'visits.csv' with column 'seconds'",
            "did you mean 'second'?",
        ],
    )?;
    std::fs::rename(lab.path("web/visits.csv"), lab.path("web/visit.csv"))?;
    lab.load()?.refused(
        3,
        &["has no file 'visits.csv'", "did you mean 'visit.csv'?"],
    )?;
    assert_eq!(lab.versions()?, ["1"]);
    Ok(())
}
