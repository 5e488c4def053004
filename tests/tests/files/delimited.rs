//! How delimited files may be written: headers, quotes, nulls, numbers of other places, dates, lines that are no rows.

use anyhow::Result;

use super::site::{Site, expected, values};

#[test]
fn lines_before_the_header_comments_and_spellings_of_null_are_no_values() -> Result<()> {
    let format =
        r"{delimiter: tab, skip_lines: 2, comment: '#', nulls: ['', 'NULL', '\N'], quote: none}";
    let site = Site::new("r.txt", format, &[("name", "text"), ("n", "integer")])?;
    site.write("r.txt", "Report of \"June\n\nn\t x \tname\n1\t\tNULL\n# 2\t\tx\n\\N\t.\t\"q\"\n3\t\tnull\n\n4\t\t# x\n")?;
    let rows = site.load()?;
    let found = expected(&[&["", "1"], &["\"q\"", ""], &["null", "3"], &["# x", "4"]]);
    assert_eq!(values(&rows), found);
    // lines of the file, from 1
    let lines: Vec<_> = rows.iter().filter_map(|row| row[1].clone()).collect();
    assert_eq!(lines, ["4", "6", "7", "9"]);
    Ok(())
}

#[test]
fn numbers_and_dates_of_other_places_are_read_in_their_way_only() -> Result<()> {
    let columns = [
        ("price", "decimal(12,3)"),
        ("n", "integer"),
        ("x", "double"),
        ("day", "{type: date, pattern: '%d.%m.%Y'}"),
        ("at", "{type: timestamp, pattern: '%d.%m.%Y %H:%M'}"),
    ];
    let format =
        "{delimiter: ';', header: false, decimal: ',', thousands: '.', encoding: windows-1252}";
    let site = Site::new("de.csv", format, &columns)?;
    site.write(
        "de.csv",
        "1.234.567,891;1.000;0,5;29.02.2024;01.01.1970 00:01\n-0,5;-7;1,5e3;;\n1.5;1;1;;\n1;12.34;1;;\n1;1;1.5;;\n1;1;1;31.04.2024;\n;;;;\n",
    )?;
    let half = 0.5_f64.to_bits().to_string();
    let thousands = 1500_f64.to_bits().to_string();
    let found = expected(&[
        &["1234567.891", "1000", &half, "19782", "60000000"],
        &["-0.500", "-7", &thousands, "", ""],
        &["", "", "", "", ""],
    ]);
    assert_eq!(values(&site.load()?), found);
    let rejects: Vec<String> = site
        .rejects()?
        .into_iter()
        .map(|reject| reject[2].clone())
        .collect();
    let told = [
        "price '1.5' is not a decimal number (decimal(12,3)) at de.csv:3",
        "n '12.34' is not a whole number (integer) at de.csv:4",
        "x '1.5' is not a number that a double can hold (double) at de.csv:5",
        "day '31.04.2024' is not a date of the calendar (date) at de.csv:6",
    ];
    assert_eq!(rejects, told);
    Ok(())
}

#[test]
fn a_record_that_nobody_can_read_takes_no_other_with_it() -> Result<()> {
    let site = Site::new(
        "bad.csv",
        "{delimiter: ','}",
        &[("a", "text"), ("b", "text")],
    )?;
    let long = "y".repeat((16 << 20) + 1);
    let text =
        format!("a,b\n1,x\n2,\"open\n3,\"closed\" early\n4,x,y\n5,\n6,{long}\n7,\"two\nlines\"\n");
    let mut bytes = text.into_bytes();
    bytes.extend(b"8,\xff\n9,x\n");
    site.write("bad.csv", bytes)?;
    let rows = site.load()?;
    let found = expected(&[&["1", "x"], &["5", ""], &["7", "two\nlines"], &["9", "x"]]);
    assert_eq!(values(&rows), found);
    let rejects: Vec<String> = site
        .rejects()?
        .into_iter()
        .map(|[line, reason, detail]| format!("{line} {reason} {detail}"))
        .collect();
    let told = [
        "3 unreadable_row a quote is closed in the middle of a field at bad.csv:3",
        "4 unreadable_row a quote is closed in the middle of a field at bad.csv:4",
        "5 unreadable_row 3 fields instead of 2 at bad.csv:5",
        "7 unreadable_row a line longer than 16 MiB at bad.csv:7",
        "10 unreadable_row holds bytes that are not UTF-8 at bad.csv:10",
    ];
    assert_eq!(rejects, told);
    Ok(())
}

#[test]
fn what_a_format_cannot_be_is_told_with_its_place() -> Result<()> {
    let cases = [
        ("json", "file format 'json'"),
        (
            "{kind: json_lines, header: true}",
            "JSON lines have no 'header'",
        ),
        (
            "{kind: parquet, encoding: utf-8}",
            "a Parquet file has no 'encoding'",
        ),
        (
            "{delimiter: '::'}",
            "delimiter must be one ASCII character, 'tab' or 'whitespace'",
        ),
        ("{header: true}", "a file format lacks 'delimiter'"),
        (
            "{delimiter: ',', quote: ','}",
            "quote and delimiter are the same character",
        ),
        (
            "{delimiter: whitespace, quote: '\"'}",
            "fields between white space have no quotes",
        ),
        (
            "{delimiter: ';', decimal: ',', thousands: ','}",
            "decimal and thousands are the same character",
        ),
        (
            "{delimiter: ';', decimal: x}",
            "decimal must be one character that is no digit, letter or sign",
        ),
        (
            "{delimiter: ';', nulls: [NULL]}",
            "write a spelling of null in quotes",
        ),
        (
            "{delimiter: ';', compression: zip}",
            "value of 'compression' 'zip'",
        ),
    ];
    for (format, message) in cases {
        let site = Site::new("x.csv", format, &[("a", "text")])?;
        let said = site.said()?.refused(2, &[message])?;
        assert!(
            said.err.contains("model/sources/site.yaml:6:"),
            "{}",
            said.err
        );
    }
    let site = Site::new(
        "x.csv",
        "{delimiter: ',', encoding: klingon}",
        &[("a", "text")],
    )?;
    site.write("x.csv", "a\n")?;
    site.said()?.refused(2, &["unknown encoding 'klingon'"])?;
    site.write("x.csv", "a,b,a\n")?;
    site.0
        .replace("model/sources/site.yaml", "klingon", "utf-8")?;
    site.said()?
        .refused(2, &["two of its columns are named 'a'"])?;
    Ok(())
}

#[test]
fn lines_that_end_with_carriage_returns_alone_are_told() -> Result<()> {
    let site = Site::new(
        "mac.csv",
        "{delimiter: ','}",
        &[("a", "text"), ("b", "text")],
    )?;
    site.write("mac.csv", "a,b\r1,2\r3,4\r")?;
    let told = [
        "'mac.csv' of source 'site' cannot be read: its lines end with carriage returns alone",
        "hint: write its lines with line feeds",
    ];
    site.said()?.refused(2, &told)?;
    Ok(())
}
