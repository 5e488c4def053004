//! Corrections as rows of their own, against the states that the source has had.

use anyhow::Result;
use planisphere_tests::lab::rows;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

use super::crm::{Crm, FILES};

const SOURCE: &str = "source: crm
tables:
  sales: {key: id, columns: {id: text, customer: text, day: date, amount: money, price: money, note: text, extra: integer, gone: boolean}}
  customers: {key: number, columns: {number: bigint, id: text, at: timestamp, city: text, into_id: text}}
entities:
  sale:
    from: sales s
    columns: {sale_id: s.id, customer_id: s.customer, day: s.day, amount: s.amount, price: s.price, note: s.note, extra: s.extra}
    deleted: s.gone
    reject: {no_amount: s.amount is null}
  customer:
    from: customers c
    changes: {at: c.at, sequence: c.number}
    merged_into: c.into_id
    columns: {customer_id: c.id, city: c.city}
";

const CUSTOMER: &str = "dimension: customer
entity: customer
key: customer_id
attributes:
  city: {type: text, scd: 2}
";

const STAR: &str = "star: sale
grain: One row is one booking of one sale.
entity: sale
key: sale_id
corrections: offset
dimensions:
  day: {dimension: date, column: day}
  customer: {column: customer_id, as_of: day}
degenerate:
  note: text
measures:
  amount: {type: money}
  price: {type: money, additivity: non_additive}
";

const TABLES: &str = "create table sales (id text primary key, customer text, day text, amount real, price real, note text, extra integer, gone integer);
create table customers (number integer primary key, id text, at text, city text, into_id text);
insert into customers values (1, 'a', '2025-01-01 00:00:00', 'x', null), (2, 'b', '2025-01-01 00:00:00', 'y', null);";

fn crm(sql: &str) -> Result<Crm> {
    let files = [
        ("sources/crm.yaml", SOURCE),
        FILES[1],
        ("conformed/customer.yaml", CUSTOMER),
        ("stars/sale.yaml", STAR),
    ];
    Crm::with(&files, &format!("{TABLES}\n{sql}"))
}

/// Changes the source and loads as of a day.
fn night(crm: &Crm, day: u32, sql: &str) -> Result<()> {
    crm.change(sql)?;
    crm.lab.load_as_of(&format!("2025-06-{day:02}"))?.done()?;
    Ok(())
}

/// A change of some sale: its amount, its customer, its note, its day, its end or its return; sometimes nothing.
fn change(random: &mut StdRng) -> String {
    let id = ["s1", "s2", "s2#2", "s3", "s#4-"]
        .choose(random)
        .unwrap_or(&"s1");
    let customer = ["'a'", "'b'", "'late'", "null"]
        .choose(random)
        .unwrap_or(&"null");
    let amount = f64::from(random.random_range(1..400)) / 4.0;
    match random.random_range(0..8) {
        0 => format!("delete from sales where id = '{id}';"),
        1 => format!("update sales set gone = 1 - gone where id = '{id}';"),
        2 => format!("update sales set customer = {customer} where id = '{id}';"),
        3 => {
            format!("update sales set note = 'n' || {amount}, price = {amount} where id = '{id}';")
        }
        4 => format!(
            "update sales set day = '2025-03-0{}' where id = '{id}';",
            random.random_range(1..4)
        ),
        _ => format!(
            "insert or replace into sales values ('{id}', {customer}, '2025-03-01', {amount}, {amount}, null, 1, {});",
            i32::from(random.random_bool(0.1))
        ),
    }
}

#[test]
fn what_each_load_booked_is_the_difference_of_the_states_of_the_source() -> Result<()> {
    for seed in [1, 2] {
        let mut random = StdRng::seed_from_u64(seed);
        let crm = crm("create table states as select 0 as night, * from sales where false;")?;
        for day in 1..=5 {
            let many = random.random_range(2..7);
            let changes: Vec<String> = (0..many).map(|_| change(&mut random)).collect();
            night(&crm, day, &changes.concat())?;
            crm.change(&format!(
                "insert into states select {day}, * from sales where not gone"
            ))?;
        }
        // a state counts when it comes and is taken back when the next one comes
        let booked = crm.ask(
            "with signed as (select night, id, customer, day, note, amount, 1 as sign from states
               union all select night + 1, id, customer, day, note, amount, -1 from states where night < 5),
             net as (select night, coalesce(customer, 'not_given') as customer, day, coalesce(note, '') as note,
               sum(sign * cast(amount * 4 as integer)) as amount, sum(sign) as rows from signed group by 1, 2, 3, 4)
             select printf('2025-06-%02d', night), customer, day, note, printf('%.4f', amount / 4.0), rows from net
             where amount <> 0 or rows <> 0 order by 1, 2, 3, 4",
        )?;
        let found = crm.sql(
            "select booked_on, c.customer_id, d.date, coalesce(note, ''), sum(amount), sum(booked) from fact_sale f
             join dim_customer c on c.customer_key = f.customer_key join dim_date d on d.date_key = f.day_key
             group by 1, 2, 3, 4 having sum(amount) <> 0 or sum(booked) <> 0 order by 1, 2, 3, 4",
        )?;
        assert_eq!(found, booked, "seed {seed}");
        // what stands is what the source has
        let now = crm.ask("select coalesce(customer, 'not_given'), printf('%.4f', sum(amount)), count(*) from sales where not gone group by 1 order by 1")?;
        let all = crm.sql(
            "select c.customer_id, sum(amount), sum(booked) from fact_sale f join dim_customer c on c.customer_key = f.customer_key
             group by 1 having sum(booked) > 0 order by 1",
        )?;
        assert_eq!(all, now, "seed {seed}");
        let odd = "select source_row_id from fact_sale where deleted_at_source or (booked < 0 and price is not null) or booked_by <> audit_key
            union all select source_row_id from fact_sale group by 1 having count(*) > 1";
        assert!(crm.sql(odd)?.is_empty(), "seed {seed}");
        assert!(
            crm.lab
                .load_as_of("2025-06-05")?
                .done()?
                .err
                .contains("nothing changed")
        );
    }
    Ok(())
}

const ALL: &str = "select source_row_id, c.customer_id, amount, price, booked, booked_on from fact_sale f
    join dim_customer c on c.customer_key = f.customer_key order by booked_by, length(source_row_id), 1";

#[test]
fn a_row_is_corrected_taken_back_and_comes_back_under_stated_ids() -> Result<()> {
    let crm = crm(
        "insert into sales values ('o1', 'a', '2025-03-01', 10, 5, null, 1, 0), ('o9', 'a', '2025-03-01', 1, 1, null, 1, 1)",
    )?;
    night(&crm, 1, "")?;
    night(&crm, 2, "update sales set amount = 12 where id = 'o1'")?;
    night(
        &crm,
        3,
        "update sales set customer = 'b', price = 6 where id = 'o1'",
    )?;
    night(
        &crm,
        4,
        "update sales set gone = 1 where id = 'o1'; update sales set gone = 0 where id = 'o9'",
    )?;
    night(&crm, 5, "delete from sales")?;
    night(
        &crm,
        6,
        "insert into sales values ('o1', 'b', '2025-03-01', 7, 6, null, 1, 0)",
    )?;
    let expected = rows(&[
        &["o1", "a", "10.0000", "5.0000", "1", "2025-06-01"],
        &["o1#2", "a", "12.0000", "5.0000", "1", "2025-06-02"],
        &["o1#1-", "a", "-10.0000", "", "-1", "2025-06-02"],
        &["o1#3", "b", "12.0000", "6.0000", "1", "2025-06-03"],
        &["o1#2-", "a", "-12.0000", "", "-1", "2025-06-03"],
        &["o9", "a", "1.0000", "1.0000", "1", "2025-06-04"],
        &["o1#3-", "b", "-12.0000", "", "-1", "2025-06-04"],
        &["o9#1-", "a", "-1.0000", "", "-1", "2025-06-05"],
        &["o1#4", "b", "7.0000", "6.0000", "1", "2025-06-06"],
    ]);
    assert_eq!(crm.sql(ALL)?, expected);
    let balances = "select read, loaded, unchanged, rejected from audit.audit_balance where stage = 'star' order by audit_key";
    let expected = rows(&[
        &["2", "1", "1", "0"],
        &["2", "1", "1", "0"],
        &["2", "1", "1", "0"],
        &["2", "2", "0", "0"],
        &["0", "0", "0", "0"],
        &["1", "1", "0", "0"],
    ]);
    assert_eq!(crm.sql(balances)?, expected);
    Ok(())
}

#[test]
fn what_is_learned_late_of_a_member_rekeys_in_place_and_corrects_nothing() -> Result<()> {
    let crm = crm(
        "insert into sales values ('o1', 'a', '2025-03-01', 10, 5, null, 1, 0), ('o2', 'late', '2025-03-01', 1, 1, null, 1, 0)",
    )?;
    night(&crm, 1, "")?;
    night(&crm, 2, "update sales set amount = 12 where id = 'o1'")?;
    let booked = crm.sql(ALL)?;
    night(
        &crm,
        3,
        "insert into customers values (3, 'a', '2025-02-01 00:00:00', 'z', null), (4, 'late', '2025-01-01 00:00:00', 'q', null)",
    )?;
    assert_eq!(crm.sql(ALL)?, booked);
    let cities = "select source_row_id, c.city from fact_sale f join dim_customer c on c.customer_key = f.customer_key order by 1";
    // every row finds the version of its day, those that cancel each other too
    let expected = rows(&[&["o1", "z"], &["o1#1-", "z"], &["o1#2", "z"], &["o2", "q"]]);
    assert_eq!(crm.sql(cities)?, expected);
    // a merge moves all of them, also those that are corrected in the same night
    night(
        &crm,
        4,
        "insert into customers values (5, 'a', '2025-04-01 00:00:00', null, 'b'); update sales set amount = 3 where id = 'o1'",
    )?;
    let merged = "select source_row_id, c.customer_id, amount from fact_sale f join dim_customer c on c.customer_key = f.customer_key
        where source_row_id <> 'o2' order by 1";
    let expected = rows(&[
        &["o1", "b", "10.0000"],
        &["o1#1-", "b", "-10.0000"],
        &["o1#2", "b", "12.0000"],
        &["o1#2-", "b", "-12.0000"],
        &["o1#3", "b", "3.0000"],
    ]);
    assert_eq!(crm.sql(merged)?, expected);
    Ok(())
}

#[test]
fn a_rejected_row_stands_as_it_was_booked_and_a_new_measure_corrects_nothing() -> Result<()> {
    let crm = crm(
        "insert into sales values ('o1', 'a', '2025-03-01', 10, 5, null, 3, 0), ('o2', 'a', '2025-03-01', 1, 1, null, 4, 0)",
    )?;
    night(&crm, 1, "")?;
    night(&crm, 2, "update sales set amount = null where id = 'o1'")?;
    let two = rows(&[
        &["o1", "a", "10.0000", "5.0000", "1", "2025-06-01"],
        &["o2", "a", "1.0000", "1.0000", "1", "2025-06-01"],
    ]);
    assert_eq!(crm.sql(ALL)?, two);
    let star = STAR.replace("measures:\n", "measures:\n  extra: {type: integer}\n");
    crm.declare("stars/sale.yaml", &star)?;
    night(
        &crm,
        3,
        "update sales set amount = 10 where id = 'o1'; update sales set amount = 2 where id = 'o2'",
    )?;
    let found =
        crm.sql("select source_row_id, amount, extra, booked_on from fact_sale order by 1")?;
    let expected = rows(&[
        &["o1", "10.0000", "3", "2025-06-01"],
        &["o2", "1.0000", "", "2025-06-01"],
        &["o2#1-", "-1.0000", "", "2025-06-03"],
        &["o2#2", "2.0000", "4", "2025-06-03"],
    ]);
    assert_eq!(found, expected);
    crm.lab.replace(
        "model/stars/sale.yaml",
        "corrections: offset",
        "corrections: restate",
    )?;
    crm.lab.load()?.refused(
        2,
        &[
            "star 'sale'",
            "its grain changed (key, kind, entity, period or corrections)",
        ],
    )?;
    Ok(())
}

#[test]
fn rows_that_are_taken_back_keep_their_groups() -> Result<()> {
    let crm = crm("create table parts (number integer primary key, sale text, customer text);
        insert into sales values ('o1', 'a', '2025-03-01', 10, 5, null, 1, 0), ('o2', 'a', '2025-03-01', 4, 1, null, 1, 0);
        insert into parts values (1, 'o1', 'a'), (2, 'o1', 'b'), (3, 'o2', 'a'), (4, 'o2', 'b');")?;
    let source = SOURCE
        .replace("entities:\n", "  parts: {key: number, columns: {number: bigint, sale: text, customer: text}}\nentities:\n")
        + "  part:\n    from: parts p\n    columns: {sale_id: p.sale, customer_id: p.customer}\n";
    crm.declare("sources/crm.yaml", &source)?;
    let bridges = "bridges:\n  part: {dimension: customer, entity: part, facts: sale_id, column: customer_id, as_of: day}\nmeasures:\n";
    crm.declare("stars/sale.yaml", &STAR.replace("measures:\n", bridges))?;
    night(&crm, 1, "")?;
    // who takes part is no correction; what the sale is worth is one
    night(&crm, 2, "delete from parts where number = 2")?;
    night(
        &crm,
        3,
        "update sales set amount = 6; delete from parts where number = 4; insert into parts values (5, 'o1', 'late')",
    )?;
    let found = crm.sql(
        "select source_row_id, c.customer_id, f.amount * b.weight from fact_sale f
         left join bridge_part b on b.part_group_key = f.part_group_key left join dim_customer c on c.customer_key = b.part_key
         order by 1, 2",
    )?;
    let expected = rows(&[
        &["o1", "a", "10.00000000000000"],
        &["o1#1-", "a", "-10.00000000000000"],
        &["o1#2", "a", "3.00000000000000"],
        &["o1#2", "late", "3.00000000000000"],
        &["o2", "a", "2.00000000000000"],
        &["o2", "b", "2.00000000000000"],
        &["o2#1-", "a", "-2.00000000000000"],
        &["o2#1-", "b", "-2.00000000000000"],
        &["o2#2", "a", "6.00000000000000"],
    ]);
    assert_eq!(found, expected);
    Ok(())
}

#[test]
fn what_makes_no_sense_is_refused_with_place_and_remedy() -> Result<()> {
    let refused = |old: &str, new: &str, expected: &[&str]| -> Result<()> {
        let crm = crm("")?;
        crm.lab.replace("model/stars/sale.yaml", old, new)?;
        crm.lab.etl(&["plan"])?.refused(2, expected)?;
        Ok(())
    };
    refused(
        "key: sale_id\n",
        "key: sale_id\nkind: accumulating\n",
        &["sale.yaml:7:14: 'corrections: offset' belongs to a star of 'kind: transaction'"],
    )?;
    refused(
        "offset",
        "ofset",
        &["unknown value of 'corrections' 'ofset'"],
    )?;
    refused(
        "non_additive",
        "semi_additive, over: day",
        &["measure 'price' is a state, which cannot be taken back by a row of its own"],
    )?;
    refused(
        "note: text",
        "booked_on: {type: text, column: note}",
        &["column 'booked_on' is declared twice"],
    )?;
    let crm = crm("")?;
    let cube = "cube: sales\nstar: sale\nroles: [day]\nmeasures:\n  sales: {function: sum, of: booked}\n  many: {function: count}\n  large: {function: sum, of: amount, filter: amount > 5}\n";
    crm.declare("cubes/sales.yaml", cube)?;
    let expected = [
        "star 'sale' books corrections as rows of their own, over which only sums are right; the sum of 'booked' counts",
        "measure 'amount' is negative in rows that take others back",
    ];
    crm.lab.etl(&["plan"])?.refused(2, &expected)?;
    Ok(())
}
