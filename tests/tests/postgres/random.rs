//! Random values of every type, made by the server, with boundary values among them: the server compares what was
//! staged with what it has.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};

use super::bank::Bank;
use super::cases::{By, CASES, SETUP};
use super::cluster::Cluster;
use super::literal::{quoted, text};

const ROWS: usize = 400;

/// Types, and the SQL of a random value of each.
const RANDOM: &[(&str, &str)] = &[
    ("bool", "random() < 0.5"),
    ("int2", "floor(random() * 65536) - 32768"),
    ("int4", "floor(random() * 4294967296) - 2147483648"),
    ("int8", "integer_of(19)::numeric % 9223372036854775807"),
    ("oid", "floor(random() * 4294967296)::int8"),
    (
        "float4",
        "power(10, random() * 76 - 38)::float8 * sign(random() - 0.5)",
    ),
    (
        "float8",
        "power(10, random() * 615 - 307) * sign(random() - 0.5)",
    ),
    ("numeric(12,2)", "decimal_of(10, 2)"),
    ("numeric(18,0)", "integer_of(18)"),
    ("numeric(19,9)", "decimal_of(10, 9)"),
    ("numeric(38,0)", "integer_of(38)"),
    ("numeric(38,38)", "decimal_of(0, 38)"),
    ("numeric(60,10)", "decimal_of(50, 10)"),
    ("numeric(76,76)", "decimal_of(0, 76)"),
    ("numeric(5,-2)", "integer_of(7)"),
    ("numeric", "decimal_of(20, 30)"),
    ("char(5)", "left(text_of(5), 5)"),
    ("text", "text_of(30)"),
    ("bytea", "convert_to(text_of(20), 'UTF8') || '\\xff00'"),
    ("uuid", "gen_random_uuid()"),
    (
        "date",
        "date '0001-01-01' + floor(random() * 5000000)::int4",
    ),
    ("time", "time '00:00' + random() * interval '23:59:59.999'"),
    (
        "timetz",
        "(time '00:00' + random() * interval '23:59:59')::text || '+' || floor(random() * 15) || ':30'",
    ),
    (
        "timestamp",
        "timestamp '0001-01-01' + random() * interval '200000 years'",
    ),
    (
        "timestamptz",
        "timestamptz '0001-01-01 00:00+00' + random() * interval '200000 years'",
    ),
    (
        "interval",
        "make_interval(months => floor(random() * 4000 - 2000)::int4, days => floor(random() * 20000 - 10000)::int4) \
                  + (random() - 0.5) * interval '1000000 hours'",
    ),
    (
        "jsonb",
        "json_build_object(text_of(5), integer_of(25)::numeric, 'a', array[decimal_of(3, 3)::numeric, null])",
    ),
    (
        "json",
        "json_build_object(text_of(5), integer_of(25)::numeric)",
    ),
    (
        "int4[]",
        "array(select case when random() < 0.2 then null else floor(random() * 2e9)::int4 end from generate_series(1, (random() * 6)::int4))",
    ),
    (
        "text[]",
        "array(select case when random() < 0.2 then null else text_of(6) end from generate_series(1, (random() * 6)::int4))",
    ),
    (
        "numeric(12,2)[]",
        "array[decimal_of(10, 2)::numeric, null, decimal_of(1, 1)::numeric]",
    ),
    (
        "int4range",
        "int4range(floor(random() * 1000)::int4 - 2000, floor(random() * 1000)::int4, bounds())",
    ),
    (
        "numrange",
        "numrange(-abs(decimal_of(9, 4)::numeric), abs(decimal_of(9, 4)::numeric), bounds())",
    ),
    (
        "daterange",
        "daterange(date '1900-01-01', case when random() < 0.3 then null else date '2000-01-01' + (random() * 9999)::int4 end, bounds())",
    ),
    (
        "tstzrange",
        "tstzrange(now() - random() * interval '99 years', now(), bounds())",
    ),
    (
        "int4multirange",
        "int4multirange(int4range(1, 2 + (random() * 9)::int4), int4range(20, 21 + (random() * 9)::int4, bounds()))",
    ),
    (
        "point3",
        "row(floor(random() * 1e9)::int4, case when random() < 0.2 then null else decimal_of(5, 4)::numeric end, text_of(9))::point3",
    ),
    (
        "holder",
        "row(1, row(2, 0.5, text_of(3))::point3, array[text_of(4), null], 'sad')::holder",
    ),
    (
        "point3[]",
        "array[row(1, decimal_of(5, 4)::numeric, text_of(9))::point3, null]",
    ),
    (
        "inet",
        "random_bytes(4) || case when random() < 0.5 then '' else '/' || floor(random() * 33) end",
    ),
    (
        "cidr",
        "network((random_bytes(4) || '/' || floor(random() * 33))::inet)",
    ),
    ("macaddr", "left(md5(random()::text), 12)"),
    ("macaddr8", "left(md5(random()::text), 16)"),
    ("money", "decimal_of(15, 2)::numeric::money"),
    ("bit(10)", "floor(random() * 1024)::int4::bit(10)"),
    (
        "varbit",
        "left(floor(random() * 1e9)::int4::bit(32)::text, 1 + (random() * 31)::int4)::varbit",
    ),
    ("price", "abs(decimal_of(6, 3)::numeric)"),
];

/// Digits, texts of all planes, and open or closed ends.
const FUNCTIONS: &str = r#"
    create function digits_of(most integer) returns text language sql volatile as
      $$ select coalesce(string_agg(floor(random() * 10)::text, ''), '') from generate_series(1, (random() * most)::int4) $$;
    create function integer_of(most integer) returns text language sql volatile as
      $$ select case when random() < 0.5 then '-' else '' end || '0' || digits_of(most) $$;
    create function decimal_of(before integer, after integer) returns text language sql volatile as
      $$ select integer_of(before) || '.' || digits_of(after) || '0' $$;
    create function text_of(most integer) returns text language sql volatile as
      $$ select coalesce(string_agg(case when random() < 0.5 then substr(E' \t\n"''\\,{}()[];é漢字🙂', 1 + (random() * 17)::int4, 1)
           else chr(32 + (random() * 50000)::int4) end, ''), '') from generate_series(1, (random() * most)::int4) $$;
    create function random_bytes(most integer) returns text language sql volatile as
      $$ select string_agg(floor(random() * 256)::text, '.') from generate_series(1, most) $$;
    create function bounds() returns text language sql volatile as
      $$ select (array['[)', '()', '[]', '(]'])[1 + floor(random() * 4)] $$;
"#;

/// The SQL of a value: random, one of the boundary values of the type, or null.
fn value(pg_type: &str, random: &str) -> String {
    let case = CASES.iter().find(|(name, ..)| *name == pg_type);
    let boundaries: Vec<String> = case
        .into_iter()
        .flat_map(|(.., values)| values.iter().map(|value| format!("'{value}'")))
        .collect();
    let boundary = match boundaries.len() {
        0 => "NULL".to_owned(),
        count => format!(
            "(array[{}]::text[])[1 + floor(random() * {count})]",
            boundaries.join(", ")
        ),
    };
    format!(
        "case when random() < 0.7 then ({random})::text when random() < 0.8 then {boundary} end::{pg_type}"
    )
}

fn make(seed: f64) -> String {
    let columns: Vec<String> = RANDOM
        .iter()
        .enumerate()
        .map(|(at, (pg_type, random))| format!("{} as c{at}", value(pg_type, random)))
        .collect();
    format!(
        "select setseed({seed}); create table random_rows as select id, {} from generate_series(1, {ROWS}) id",
        columns.join(", ")
    )
}

#[test]
fn random_values_come_through_as_the_server_has_them() -> Result<()> {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH)?.subsec_nanos();
    let seed = f64::from(nanos) / 1e9;
    tried(seed).with_context(|| format!("the seed was {seed}"))
}

fn tried(seed: f64) -> Result<()> {
    let cluster = Cluster::start()?;
    let session = cluster.session()?;
    session.run(SETUP)?;
    session.run(FUNCTIONS)?;
    session.run(&make(seed))?;
    let columns: Vec<String> = (0..RANDOM.len())
        .map(|at| format!("c{at}: native"))
        .collect();
    let table = format!(
        "  random_rows: {{key: id, columns: {{id: integer, {}}}}}\n",
        columns.join(", ")
    );
    let bank = Bank::at(&cluster.url(), &table)?;
    bank.load()?.done()?;
    let rows = ROWS as u64;
    ensure!(
        bank.counts("random_rows")? == [rows, rows, 0, 0, 0],
        "{}",
        bank.package()?["rejects"]
    );
    let staged = bank.staged("random_rows")?;
    let texts: Vec<String> = (0..RANDOM.len()).map(|at| format!("c{at} text")).collect();
    session.run(&format!(
        "create table back (id integer, {})",
        texts.join(", ")
    ))?;
    for row in 0..ROWS {
        let cells = (0..=RANDOM.len())
            .map(|at| Ok(quoted(text(staged.column(at).as_ref(), row)?.as_deref())))
            .collect::<Result<Vec<_>>>()?;
        session.run(&format!("insert into back values ({})", cells.join(", ")))?;
    }
    let mut wrong = Vec::new();
    for (at, (pg_type, _)) in RANDOM.iter().enumerate() {
        let by = CASES
            .iter()
            .find(|(name, ..)| name == pg_type)
            .map(|case| case.1);
        let same = match by {
            Some(By::Value) => format!("b.c{at}::{pg_type} is not distinct from r.c{at}"),
            _ => format!("(b.c{at}::{pg_type})::text is not distinct from r.c{at}::text"),
        };
        let joined = "from random_rows r join back b using (id)";
        let found = session.rows(&format!(
            "select count(*), count(*) filter (where not ({same})), count(r.c{at}), \
               (array_agg(b.c{at} || ' is not ' || r.c{at}::text) filter (where not ({same})))[1] {joined}"
        ))?;
        let cell = |at: usize| found[0][at].clone().unwrap_or_default();
        ensure!(cell(0) == ROWS.to_string(), "{pg_type}: {} rows", cell(0));
        ensure!(
            cell(2).parse::<usize>()? > ROWS / 2,
            "{pg_type}: few values"
        );
        if cell(1) != "0" {
            wrong.push(format!("{pg_type}: {} rows, such as {}", cell(1), cell(3)));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
