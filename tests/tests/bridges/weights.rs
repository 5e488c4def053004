//! Members and weights of every fact, worked out by SQLite from the rows of the source.

use std::collections::BTreeSet;

use anyhow::Result;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng as _, SeedableRng as _};

use super::crm::Crm;

/// All that there will be, of which loads see more and more.
fn everything(random: &mut StdRng) -> String {
    let mut sql = String::from(
        "create table every_contact as select * from contacts;
         create table every_opportunity as select * from opportunities;
         create table every_link as select * from opportunities_contacts;",
    );
    for number in 0..24 {
        let id = ["a", "b", "c", "d", "it's"][number % 5].replace('\'', "''");
        let city = ["'x'", "'y'", "null"].choose(random).unwrap_or(&"null");
        let day = random.random_range(0..60);
        sql += &format!(
            "insert into every_contact values ({number}, '{id}', datetime('2025-03-01 12:00:00', '{day} days'), {city}, null);"
        );
    }
    for number in 0..12 {
        let day = random.random_range(0..60);
        let amount = random.random_range(1..4000) as f64 / 4.0;
        sql += &format!(
            "insert into every_opportunity values ('o{number}', 'k{}', date('2025-03-01', '{day} days'), {amount});",
            number % 3
        );
    }
    for number in 0..40 {
        let contact = ["'a'", "'b'", "'c'", "'d'", "'it''s'", "'stranger'", "null"];
        let contact = contact.choose(random).unwrap_or(&"null");
        let share = ["0", "1", "1", "3", "7", "1000000"]
            .choose(random)
            .unwrap_or(&"0");
        let gone = i32::from(random.random_bool(0.1));
        // two of the opportunities are not there
        let opportunity = random.random_range(0..14);
        sql += &format!(
            "insert into every_link values ({number}, 'o{opportunity}', {contact}, {share}, {gone});"
        );
    }
    sql
}

/// Who takes part in which opportunity, with which weight, in which city at the end of its day. Each weight is cut at ten
/// places; what is left goes to the largest, among equals to the first.
fn expected(number: &str) -> String {
    format!(
        "with named as (select l.opportunity as fact, l.contact as member, {number} as number
           from opportunities_contacts l join opportunities o on o.id = l.opportunity
           where not l.deleted and l.contact is not null group by 1, 2),
         all_of as (select fact, sum(number) as total, count(*) as members from named group by 1),
         cut as (select n.fact, member, iif(total = 0, 10000000000 / members, number * 10000000000 / total) as units,
           row_number() over (partition by n.fact order by number desc, member) as nth from named n join all_of a on a.fact = n.fact),
         weighed as (select fact, member, units + iif(nth = 1, 10000000000 - sum(units) over (partition by fact), 0) as units from cut),
         told as (select o.id, coalesce(w.member, 'not_given') as member, coalesce(units, 10000000000) as units, o.closed, o.amount
           from opportunities o left join weighed w on w.fact = o.id)
         select id, member, printf('%d.%010d', units / 10000000000, units % 10000000000),
           coalesce((select city from contacts c where c.id = t.member and c.at < date(t.closed, '+1 day') order by at desc, number desc limit 1),
             iif(exists (select 1 from contacts c where c.id = t.member and c.at < date(t.closed, '+1 day')), null,
               (select city from contacts c where c.id = t.member order by at, number limit 1))),
           printf('%d.%014d', cast(amount * 10000 as integer) * units / 100000000000000, cast(amount * 10000 as integer) * units % 100000000000000)
         from told t order by 1, 2"
    )
}

/// The same by the bridge.
fn found(bridge: &str) -> String {
    format!(
        "select f.source_row_id, c.contact_id, b.weight, c.city, f.amount * b.weight from fact_opportunity f
         join bridge_{bridge} b on b.{bridge}_group_key = f.{bridge}_group_key
         join dim_contact c on c.contact_key = b.{bridge}_key order by 1, 2"
    )
}

/// Groups that facts have, and those in the table.
fn groups(bridge: &str) -> String {
    format!(
        "select (select count(distinct {bridge}_group_key) from bridge_{bridge} where {bridge}_group_key > 0),
           (select count(distinct {bridge}_group_key) from fact_opportunity where {bridge}_group_key > 0),
           (select count(*) from map.map_bridge_{bridge} where not is_retired)"
    )
}

/// Weights of groups that do not sum to 1, and facts that are lost or told twice on the way.
fn wrong(bridge: &str) -> String {
    format!(
        "select {bridge}_group_key from bridge_{bridge} group by 1 having sum(weight) <> 1
         union all select count(*) from fact_opportunity f left join bridge_{bridge} b on b.{bridge}_group_key = f.{bridge}_group_key
           where b.weight is null having count(*) > 0
         union all select 1 from fact_opportunity f join bridge_{bridge} b on b.{bridge}_group_key = f.{bridge}_group_key
           having sum(f.amount * b.weight) <> (select sum(amount) from fact_opportunity)"
    )
}

#[test]
fn members_and_weights_are_those_of_the_source_in_any_order() -> Result<()> {
    for seed in [1, 2] {
        let mut random = StdRng::seed_from_u64(seed);
        let crm = Crm::new(&everything(&mut random))?;
        let mut parts = Vec::new();
        for (table, every, many) in [
            ("contacts", "every_contact", 24),
            ("opportunities", "every_opportunity", 12),
            ("opportunities_contacts", "every_link", 40),
        ] {
            let mut rows: Vec<u32> = (1..=many).collect();
            rows.shuffle(&mut random);
            let cut = random.random_range(1..rows.len());
            for rows in [&rows[..cut], &rows[cut..]] {
                let rows: Vec<String> = rows.iter().map(u32::to_string).collect();
                parts.push(format!(
                    "insert into {table} select * from {every} where rowid in ({});",
                    rows.join(", ")
                ));
            }
        }
        parts.shuffle(&mut random);
        let mut meant = BTreeSet::new();
        for part in parts.chunks(3) {
            crm.change(&part.concat())?;
            crm.lab.load()?.done()?;
            for (bridge, number) in [("contact", "1"), ("seller", "sum(l.share)")] {
                let told = format!("seed {seed}, {bridge}");
                assert_eq!(
                    crm.sql(&found(bridge))?,
                    crm.ask(&expected(number))?,
                    "{told}"
                );
                assert!(crm.sql(&wrong(bridge))?.is_empty(), "{told}");
                let groups = crm.sql(&groups(bridge))?.concat();
                assert!(
                    groups[0] == groups[1] && groups[1] == groups[2],
                    "{told}: {groups:?}"
                );
                let keys = crm.sql(&format!(
                    "select '{bridge}', {bridge}_group_key, members from map.map_bridge_{bridge}"
                ))?;
                meant.extend(keys);
            }
        }
        crm.load()?;
        // a key means one group for ever
        let keys: BTreeSet<&[String]> = meant.iter().map(|row| &row[..2]).collect();
        assert_eq!(keys.len(), meant.len(), "seed {seed}");
    }
    Ok(())
}
