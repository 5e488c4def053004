//! Holidays, working days and retail years of the calendar.

use anyhow::Result;
use planisphere_tests::lab::rows;

use super::case::Case;

const DATABASE: &str = "create table sales (id text primary key, day text, amount integer);
  insert into sales values ('a', '2026-02-14', 1), ('b', '2026-02-20', 2), ('c', '2026-03-02', 4), ('d', '2026-03-01', 8);";

const SOURCE: (&str, &str) = (
    "sources/crm.yaml",
    "source: crm
tables:
  sales: {key: id, columns: {id: text, day: date, amount: integer}}
entities:
  sale: {from: sales s, columns: {id: s.id, day: s.day, amount: s.amount}}
",
);

const STAR: (&str, &str) = (
    "stars/sale.yaml",
    "star: sale
grain: One row is one sale.
entity: sale
key: id
dimensions:
  day: {dimension: date, column: day}
measures:
  amount: integer
",
);

const CUBE: (&str, &str) = (
    "cubes/sales.yaml",
    "cube: sales
star: sale
roles: [day]
measures:
  amount: {function: sum, of: amount}
",
);

fn calendar(more: &str) -> String {
    format!("dimension: date\ncalendar: {{from: 2023-01-01, to: 2027-12-31{more}}}\n")
}

fn case(more: &str) -> Result<Case> {
    let star = STAR.1.replace("amount: integer", "amount: {type: integer}");
    let files = [
        SOURCE,
        (STAR.0, star.as_str()),
        CUBE,
        ("conformed/date.yaml", &calendar(more)),
    ];
    Case::new("Asia/Shanghai", DATABASE, &files)
}

/// The notice of the State Council for 2026: what is off, and the Saturdays and Sundays that are worked.
#[test]
fn china_works_as_the_state_council_has_announced() -> Result<()> {
    let case = case(", holidays: {country: CN}")?;
    case.load_twice("2026-06-30")?;
    let worked = case.stars(
        "select date from dim_date where year = 2026 and is_weekend and is_working_day order by date",
    )?;
    let announced = [
        "2026-01-04",
        "2026-02-14",
        "2026-02-28",
        "2026-05-09",
        "2026-09-20",
        "2026-10-10",
    ];
    assert_eq!(worked.concat(), announced);
    let off = case.stars(
        "select date from dim_date where year = 2026 and not is_weekend and not is_working_day order by date",
    )?;
    let announced = [
        "2026-01-01",
        "2026-01-02",
        "2026-02-16",
        "2026-02-17",
        "2026-02-18",
        "2026-02-19",
        "2026-02-20",
        "2026-02-23",
        "2026-04-06",
        "2026-05-01",
        "2026-05-04",
        "2026-05-05",
        "2026-06-19",
        "2026-09-25",
        "2026-10-01",
        "2026-10-02",
        "2026-10-05",
        "2026-10-06",
        "2026-10-07",
    ];
    assert_eq!(off.concat(), announced);
    let names = case
        .stars("select holiday_name_en, holiday_name_zh from dim_date where date = '2026-02-17'")?;
    assert_eq!(
        names,
        rows(&[&["Chinese New Year (Spring Festival)", "春节"]])
    );
    let kinds = case.lab.query(&[
        "--cube",
        "sales",
        "--measures",
        "amount",
        "--rows",
        "day.day_type.day_type",
    ])?;
    // 14 February was a worked Saturday, 20 February off, 2 March a Monday, 1 March a Sunday
    let expected = rows(&[
        &["holiday", "Holiday", "2"],
        &["shifted_working_day", "Shifted working day", "1"],
        &["weekend", "Weekend", "8"],
        &["working_day", "Working day", "4"],
    ]);
    assert_eq!(kinds, expected);
    Ok(())
}

#[test]
fn years_that_nobody_knows_are_told_and_stay_empty() -> Result<()> {
    let case = case(", holidays: {country: CN}")?;
    let said = case.lab.etl(&["plan"])?.done()?;
    let told = format!("{}{}", said.out, said.err);
    assert!(
        told.contains("dim_date: holidays of 2027 are not known"),
        "{told}"
    );
    case.load("2026-06-30")?;
    let unknown = "select count(*), count(is_holiday), count(is_working_day), count(day_type) from dim_date where year = 2027";
    assert_eq!(case.stars(unknown)?, rows(&[&["365", "0", "0", "0"]]));
    // declared by the model, the year is known
    let own = ", holidays: {country: CN, days: {2027-01-01: {en: New Year, zh: 元旦}}, working_days: [2027-01-02]}";
    case.declare("conformed/date.yaml", &calendar(own))?;
    case.load_twice("2026-06-30")?;
    assert_eq!(case.stars(unknown)?, rows(&[&["365", "365", "365", "365"]]));
    let days = "select date, is_holiday, is_working_day, day_type from dim_date where date between '2027-01-01' and '2027-01-04' order by date";
    let expected = rows(&[
        &["2027-01-01", "true", "false", "holiday"],
        &["2027-01-02", "false", "true", "shifted_working_day"],
        &["2027-01-03", "false", "false", "weekend"],
        &["2027-01-04", "false", "true", "working_day"],
    ]);
    assert_eq!(case.stars(days)?, expected);
    Ok(())
}

#[test]
fn what_no_calendar_has_is_refused_at_its_place() -> Result<()> {
    let refused = |more: &str, expected: &str| -> Result<()> {
        let said = case(more)?.lab.etl(&["plan"])?;
        anyhow::ensure!(said.code != 0, "{more} was accepted");
        anyhow::ensure!(said.err.contains(expected), "{more}: {}", said.err);
        anyhow::ensure!(said.err.contains("conformed/date.yaml:3:"), "{}", said.err);
        Ok(())
    };
    refused(
        ", holidays: {country: XX}",
        "no holidays are known of country 'XX'",
    )?;
    refused(
        ", holidays: {country: DE, region: XX}",
        "regions: BB, BE, BW, BY",
    )?;
    refused(", holidays: {}", "lack 'country', 'days' or 'working_days'")?;
    refused(", holidays: {days: {soon: x}}", "'soon' is not a date")?;
    refused(
        ", holidays: {days: {2026-01-01: x}, working_days: [2026-01-01]}",
        "as a holiday and as a working day",
    )?;
    refused(
        ", retail: {pattern: 4-4-4, ends: last_saturday, month: 1}",
        "'4-4-4'",
    )?;
    refused(
        ", retail: {pattern: 4-4-5, ends: first_saturday, month: 1}",
        "'first_saturday'",
    )?;
    refused(
        ", retail: {pattern: 4-4-5, ends: last_saturday, month: 13}",
        "not a month from 1 to 12",
    )?;
    refused(
        ", retail: {pattern: 4-4-5, ends: last_saturday}",
        "lacks 'month'",
    )
}

/// The National Retail Federation's calendar: 2023 began on 29 January 2023 and had 53 weeks, 2024 began on 4 February.
#[test]
fn a_calendar_of_a_living_warehouse_learns_retail_years() -> Result<()> {
    let case = case("")?;
    case.load("2026-06-30")?;
    let facts = "select day_key, source_row_id, amount, audit_key from fact_sale order by 2";
    let before = case.stars(facts)?;
    let more = ", retail: {pattern: 4-5-4, ends: nearest_saturday, month: 1}";
    case.declare("conformed/date.yaml", &calendar(more))?;
    case.load_twice("2026-06-30")?;
    assert_eq!(case.stars(facts)?, before);
    let years = case.stars(
        "select retail_year, min(date), max(date), count(*) / 7, max(retail_week), min(retail_weeks_of_year) from dim_date
         where retail_year between 2023 and 2026 group by 1 order by 1",
    )?;
    let expected = rows(&[
        &["2023", "2023-01-29", "2024-02-03", "53", "53", "53"],
        &["2024", "2024-02-04", "2025-02-01", "52", "52", "52"],
        &["2025", "2025-02-02", "2026-01-31", "52", "52", "52"],
        &["2026", "2026-02-01", "2027-01-30", "52", "52", "52"],
    ]);
    assert_eq!(years, expected);
    let months = case.stars(
        "select retail_quarter, retail_month, count(*) / 7 from dim_date where retail_year = 2023 group by 1, 2 order by 2",
    )?;
    // 4-5-4 in each quarter; the 53rd week belongs to the last month
    let weeks = [4, 5, 4, 4, 5, 4, 4, 5, 4, 4, 5, 5];
    let expected: Vec<Vec<String>> = (1..)
        .zip(weeks)
        .map(|(month, weeks)| {
            vec![
                ((month + 2) / 3).to_string(),
                month.to_string(),
                weeks.to_string(),
            ]
        })
        .collect();
    assert_eq!(months, expected);
    let answer = case.lab.query(&[
        "--cube",
        "sales",
        "--measures",
        "amount",
        "--rows",
        "day.retail.week",
    ])?;
    // weeks 2, 3, 5 and, from Sunday 1 March on, 5 of the year that began on Sunday 1 February 2026
    let expected = rows(&[
        &["2026", "1", "1", "2", "2", "1"],
        &["2026", "1", "1", "3", "3", "2"],
        &["2026", "1", "2", "5", "5", "12"],
    ]);
    assert_eq!(answer, expected);
    Ok(())
}
