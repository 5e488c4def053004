//! Money in the reporting currency by dated rates, against whole numbers in SQL.

use anyhow::Result;
use planisphere_tests::lab::rows;

use super::case::Case;

const SOURCE: &str = "source: crm
tables:
  orders: {key: id, columns: {id: text, day: date, paid_at: timestamp, currency: text, amount: money}}
  rates: {key: number, columns: {number: bigint, code: text, day: date, rate: 'decimal(18,6)'}}
entities:
  orders: {from: orders o, columns: {id: o.id, day: o.day, paid_at: o.paid_at, currency: o.currency, amount: o.amount}}
  fx_rate: {from: rates r, columns: {code: r.code, day: r.day, rate: r.rate}}
";

const STAR: &str = "star: orders
grain: One row is one order.
entity: orders
key: id
currency:
  column: currency
  reporting: USD
  event: day
  close: paid_at
  rates: {entity: fx_rate, currency: code, date: day, rate: rate}
dimensions:
  day: {dimension: date, column: day}
measures:
  amount: {type: money, convert: [event, close]}
";

const CUBE: &str = "cube: orders
star: orders
roles: [day]
measures:
  revenue: {function: sum, of: amount_usd}
";

/// Amounts in ten-thousandths and rates in millionths, beside their written forms; halves of both signs among the products.
const DATABASE: &str = "create table orders (id text primary key, day text, paid_at text, currency text, units integer, amount text);
  create table rates (number integer primary key, code text, day text, millionths integer, rate text);
  with recursive n(i) as (select 0 union all select i + 1 from n where i < 199)
  insert into orders (id, day, paid_at, currency, units) select 'o' || i, date('2025-01-10', (i * 7 % 90) || ' days'),
    iif(i % 5, datetime('2025-01-20 15:59:00', (i * 13 % 100) || ' days', (i % 3) || ' minutes'), null),
    substr('EURCNYUSDJPY', i % 4 * 3 + 1, 3), iif(i % 11 = 3, null, (i * 7919 % 100003 - 20000) * iif(i % 2, 1, 10)) from n;
  with recursive n(i) as (select 0 union all select i + 1 from n where i < 59)
  insert into rates (number, code, day, millionths) select i, substr('EURCNYJPY', i % 3 * 3 + 1, 3), date('2025-01-05', (i * 2) || ' days'),
    case i % 3 when 0 then 1082500 + i * 500 when 1 then 137450 + i * 50 else 6450 + i * 25 end from n;
  update orders set amount = printf('%s%d.%04d', iif(units < 0, '-', ''), abs(units) / 10000, abs(units) % 10000) where units is not null;
  update rates set rate = printf('%d.%06d', millionths / 1000000, millionths % 1000000);";

fn case() -> Result<Case> {
    let files = [
        ("sources/crm.yaml", SOURCE),
        (
            "conformed/date.yaml",
            "dimension: date\ncalendar: {from: 2025-01-01, to: 2025-12-31}\n",
        ),
        ("stars/orders.yaml", STAR),
        ("cubes/orders.yaml", CUBE),
    ];
    Case::new("Asia/Shanghai", DATABASE, &files)
}

/// The product of an amount and the latest rate up to a day, rounded half-even in whole numbers.
fn converted(day: &str) -> String {
    let rate = format!(
        "(select millionths from rates r where r.code = o.currency and r.day <= {day} order by r.day desc limit 1)"
    );
    let product = format!("(abs(units) * {rate})");
    let whole = format!("({product} / 1000000)");
    let rest = format!("({product} % 1000000)");
    let rounded = format!("({whole} + ({rest} > 500000 or ({rest} = 500000 and {whole} % 2 = 1)))");
    let units = format!("iif(currency = 'USD', abs(units), {rounded})");
    format!(
        "iif(units is null or {day} is null, null,
           printf('%s%d.%04d', iif(units < 0 and {units} > 0, '-', ''), {units} / 10000, {units} % 10000))"
    )
}

fn expected() -> String {
    format!(
        "select id, amount, {}, {} from orders o order by 1",
        converted("o.day"),
        converted("date(o.paid_at, '+8 hours')")
    )
}

const PUBLISHED: &str =
    "select source_row_id, amount, amount_usd, amount_usd_at_close from fact_orders order by 1";

#[test]
fn money_is_converted_by_the_rate_of_its_day_and_of_its_close() -> Result<()> {
    let case = case()?;
    case.load_twice("2025-12-31")?;
    let table = case.source(&expected())?;
    assert_eq!(case.stars(PUBLISHED)?, table);
    let halves = "select count(*) from orders o join rates r on r.code = o.currency where abs(units) * millionths % 1000000 = 500000";
    assert_ne!(
        case.source(halves)?,
        rows(&[&["0"]]),
        "no product lies between two amounts"
    );
    // a rate that is corrected later restates what was converted by it
    case.change("update rates set millionths = millionths + 40, rate = printf('%d.%06d', (millionths + 40) / 1000000, (millionths + 40) % 1000000) where number = 12")?;
    case.load_twice("2025-12-31")?;
    let restated = case.source(&expected())?;
    assert_ne!(restated, table);
    assert_eq!(case.stars(PUBLISHED)?, restated);
    let total = case
        .lab
        .query(&["--cube", "orders", "--measures", "revenue"])?;
    let units = |cell: &String| cell.replace('.', "").parse::<i64>().unwrap_or(0);
    let sum: i64 = restated.iter().map(|row| units(&row[2])).sum();
    assert_eq!(units(&total[0][0]), sum);
    Ok(())
}

#[test]
fn rows_without_a_rate_wait_for_it() -> Result<()> {
    let case = case()?;
    case.change(
        "insert into orders values ('early', '2025-01-02', null, 'EUR', 10000, '1.0000'), ('unknown', '2025-02-02', null, 'XAU', 10000, '1.0000'),
           ('none', '2025-02-02', null, null, 10000, '1.0000'), ('nothing', '2025-01-02', null, 'EUR', null, null);
         insert into rates values (100, 'CHF', '2025-01-01', 1100000, '1.100000'), (101, 'CHF', '2025-01-01', 1200000, '1.200000');
         insert into orders values ('torn', '2025-02-02', null, 'CHF', 10000, '1.0000');",
    )?;
    case.load_twice("2025-12-31")?;
    let loaded = expected().replace(
        " order by 1",
        " where id not in ('early', 'unknown', 'none', 'torn') order by 1",
    );
    assert_eq!(case.stars(PUBLISHED)?, case.source(&loaded)?);
    let rejected = "select row_id, reason from audit.audit_reject where audit_key = (select max(audit_key) from audit.audit_reject) order by 1";
    let waiting = ["early", "none", "torn", "unknown"]
        .map(|id| vec![id.to_owned(), "missing_rate".to_owned()]);
    assert_eq!(case.stars(rejected)?, waiting);
    case.change(
        "insert into rates values (102, 'EUR', '2025-01-01', 1000000, '1.000000'), (103, 'XAU', '2025-02-02', 2000000000, '2000.000000');
         delete from rates where number = 100; update orders set currency = 'USD' where id = 'none'",
    )?;
    case.load_twice("2025-12-31")?;
    assert_eq!(case.stars(PUBLISHED)?, case.source(&expected())?);
    Ok(())
}

#[test]
fn conversions_that_make_no_sense_are_refused_at_their_place() -> Result<()> {
    let refused = |old: &str, new: &str, expected: &str| -> Result<()> {
        let case = case()?;
        case.lab.replace("model/stars/orders.yaml", old, new)?;
        case.lab.etl(&["plan"])?.refused(2, &[expected])?;
        Ok(())
    };
    refused(
        "convert: [event, close]",
        "convert: [event, paid]",
        "stars/orders.yaml:15:42: unknown value of 'convert' 'paid'",
    )?;
    refused(
        "  close: paid_at\n",
        "",
        "'convert: close' needs 'close' under 'currency'",
    )?;
    refused(
        ", convert: [event, close]",
        "",
        "no measure says 'convert: event'",
    )?;
    refused(
        "type: money",
        "type: bigint",
        "measure 'amount' is no decimal money",
    )?;
    refused(
        "reporting: USD",
        "reporting: dollar",
        "stars/orders.yaml:8:14: 'dollar' is not the code of a currency",
    )?;
    refused(
        "column: currency",
        "column: curency",
        "stars/orders.yaml:7:11: unknown column of the entity 'curency'",
    )?;
    refused(
        "rate: rate}",
        "rate: rated}",
        "stars/orders.yaml:11:61: unknown column of the rates 'rated'",
    )?;
    refused(
        "entity: fx_rate,",
        "entity: fx_rates,",
        "stars/orders.yaml:11:19: unknown entity 'fx_rates' (did you mean 'fx_rate'?)",
    )?;
    refused(
        "date: day, rate",
        "date: code, rate",
        "stars/orders.yaml:11:50: column 'code' of entity 'fx_rate' is text, not a date or an instant",
    )?;
    refused(
        "event: day",
        "event: amount",
        "column 'amount' of entity 'orders' is decimal(18,4), not a date or an instant",
    )?;
    let case = case()?;
    case.lab
        .replace("model/sources/crm.yaml", "'decimal(18,6)'", "double")?;
    case.lab
        .etl(&["plan"])?
        .refused(2, &["stars/orders.yaml:11:61: column 'rate' of entity 'fx_rate' is double; a rate is exact, an integer or a decimal"])?;
    for (line, expected) in [
        (
            "  column: currency\n",
            "the currency of a star lacks 'column'",
        ),
        (", rate: rate", "the rates of a currency lacks 'rate'"),
    ] {
        let case = self::case()?;
        case.lab.replace("model/stars/orders.yaml", line, "")?;
        let said = case.lab.etl(&["plan"])?.refused(2, &[expected])?;
        assert!(!said.err.contains("''"), "{}", said.err);
    }
    Ok(())
}
