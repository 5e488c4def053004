//! Groups of members: when facts share them, when they change, and what becomes of every row.

use anyhow::Result;
use planisphere_tests::lab::rows;
use planisphere_tests::programs::{Said, cells, olap};

use super::crm::Crm;

const FEW: &str = "insert into opportunities values ('o1', 'spring', '2025-03-05', 90), ('o2', 'spring', '2025-03-20', 10), ('o3', null, '2025-03-20', 1);
insert into contacts values (1, 'a', '2025-01-01 00:00:00', 'x', null), (2, 'b', '2025-01-01 00:00:00', 'x', null),
  (3, 'c', '2025-01-01 00:00:00', 'y', null), (4, 'd', '2025-01-01 00:00:00', 'y', null);
insert into opportunities_contacts values (1, 'o1', 'a', 1, 0), (2, 'o1', 'b', 1, 0), (3, 'o1', 'c', 1, 0),
  (4, 'o2', 'c', 5, 0), (5, 'o2', 'b', 5, 0), (6, 'o2', 'a', 5, 0);";

/// Who takes part in what, with which weight.
fn members(crm: &Crm, bridge: &str) -> Result<Vec<Vec<String>>> {
    crm.sql(&format!(
        "select f.source_row_id, c.contact_id, b.weight from fact_opportunity f
         join bridge_{bridge} b on b.{bridge}_group_key = f.{bridge}_group_key
         join dim_contact c on c.contact_key = b.{bridge}_key order by 1, 2"
    ))
}

#[test]
fn equal_members_are_one_group_and_every_row_has_an_outcome() -> Result<()> {
    let crm = Crm::new(FEW)?;
    let said = crm.load_after(
        "insert into opportunities_contacts values (7, 'o2', 'a', 5, 0), (8, 'o1', 'd', 1, 1), (9, 'o3', null, 1, 0), (10, 'o9', 'a', 1, 0),
           (11, null, 'a', 1, 0), (12, 'o3', 'd', null, 0), (13, 'o3', 'd', -1, 0)",
    )?;
    let thirds = [
        ("a", "0.3333333334"),
        ("b", "0.3333333333"),
        ("c", "0.3333333333"),
    ];
    let mut expected: Vec<Vec<String>> = Vec::new();
    for fact in ["o1", "o2"] {
        expected.extend(thirds.map(|(id, weight)| [fact, id, weight].map(str::to_owned).to_vec()));
    }
    expected.extend(rows(&[&["o3", "d", "1.0000000000"]]));
    assert_eq!(members(&crm, "contact")?, expected);
    let groups = "select count(distinct contact_group_key), count(*) from fact_opportunity where source_row_id < 'o3'";
    assert_eq!(crm.sql(groups)?, rows(&[&["1", "2"]]));
    // those of 'a' are added; weights that make no sense leave nobody
    let expected = rows(&[
        &["o1", "a", "0.3333333334"],
        &["o1", "b", "0.3333333333"],
        &["o1", "c", "0.3333333333"],
        &["o2", "a", "0.5000000000"],
        &["o2", "b", "0.2500000000"],
        &["o2", "c", "0.2500000000"],
        &["o3", "not_given", "1.0000000000"],
    ]);
    assert_eq!(members(&crm, "seller")?, expected);
    let balances = "select object, read, loaded, unchanged, rejected, rejected_by, excluded_by from audit.audit_balance
        where stage = 'bridge' and audit_key = 1 order by 1";
    let expected = rows(&[
        &[
            "contact",
            "13",
            "7",
            "0",
            "0",
            "{}",
            r#"{"deleted":1,"no_fact":2,"no_member":1,"same_member":2}"#,
        ],
        &[
            "seller",
            "13",
            "7",
            "0",
            "2",
            r#"{"missing_weight":1,"negative_weight":1}"#,
            r#"{"deleted":1,"no_fact":2,"no_member":1}"#,
        ],
    ]);
    assert_eq!(crm.sql(balances)?, expected);
    let rejected =
        "select object, row_id, reason from audit.audit_reject where stage = 'bridge' order by 2";
    let expected = rows(&[
        &["seller", "12", "missing_weight"],
        &["seller", "13", "negative_weight"],
    ]);
    assert_eq!(crm.sql(rejected)?, expected);
    for told in [
        "bridge_contact: 2 rows name a member that its fact has already; it counts once",
        "bridge_seller: 1 rows name a member that its fact has already; the weights are added",
    ] {
        assert!(said.out.contains(told), "{}", said.out);
    }
    // what was published is unchanged
    crm.load_after("insert into opportunities values ('o4', null, '2025-03-20', 1)")?;
    let balances = "select loaded, unchanged from audit.audit_balance where stage = 'bridge' and audit_key = 3 order by object";
    assert_eq!(crm.sql(balances)?, rows(&[&["0", "7"], &["0", "7"]]));
    Ok(())
}

#[test]
fn a_change_touches_only_the_facts_of_its_group_and_groups_keep_their_keys() -> Result<()> {
    let crm = Crm::new(FEW)?;
    crm.load()?;
    let facts =
        "select source_row_id, contact_group_key, audit_key from fact_opportunity order by 1";
    let before = crm.sql(facts)?;
    // comes late: from then on the contact is another version, which the second fact finds
    crm.load_after("insert into contacts values (5, 'a', '2025-03-10 00:00:00', 'z', null)")?;
    let late = crm.sql(facts)?;
    assert_eq!((&late[0], &late[2]), (&before[0], &before[2]));
    assert_eq!(
        (late[1][2].as_str(), late[1][1] == before[1][1]),
        ("3", false)
    );
    let cities = "select c.city from fact_opportunity f join bridge_contact b on b.contact_group_key = f.contact_group_key
        join dim_contact c on c.contact_key = b.contact_key where c.contact_id = 'a' order by f.source_row_id";
    assert_eq!(crm.sql(cities)?, rows(&[&["x"], &["z"]]));
    crm.load_after("delete from opportunities_contacts where number = 3")?;
    let fewer = crm.sql(facts)?;
    assert_eq!((&fewer[1], &fewer[2]), (&late[1], &late[2]));
    assert_eq!(fewer[0][2], "5");
    let group = &before[0][1];
    let known = format!(
        "select (select count(*) from bridge_contact where contact_group_key = {group}),
        (select is_retired from map.map_bridge_contact where contact_group_key = {group})"
    );
    assert_eq!(crm.sql(&known)?, rows(&[&["0", "true"]]));
    crm.load_after("insert into opportunities_contacts values (3, 'o1', 'c', 1, 0)")?;
    assert_eq!(crm.sql(facts)?[0][1], *group);
    assert_eq!(crm.sql(&known)?, rows(&[&["3", "false"]]));
    Ok(())
}

#[test]
fn who_was_merged_into_another_member_counts_as_that_one() -> Result<()> {
    let crm = Crm::new(FEW)?;
    crm.load()?;
    // the second fact is gone at the source: its row stands, under the keys that are left
    crm.load_after("delete from opportunities where id = 'o2'; insert into contacts values (5, 'a', '2025-04-01 00:00:00', null, 'b')")?;
    let expected = rows(&[
        &["o1", "b", "0.5000000000"],
        &["o1", "c", "0.5000000000"],
        &["o2", "b", "0.6666666667"],
        &["o2", "c", "0.3333333333"],
        &["o3", "not_given", "1.0000000000"],
    ]);
    assert_eq!(members(&crm, "contact")?, expected);
    Ok(())
}

#[test]
fn members_can_be_those_of_something_that_several_facts_share() -> Result<()> {
    let crm = Crm::new(FEW)?;
    crm.lab.replace(
        "model/stars/opportunity.yaml",
        "contact: {entity: opportunity_contact, facts: opportunity_id,",
        "contact: {entity: opportunity_contact, facts: opportunity_id, by: campaign,",
    )?;
    crm.load_after("update opportunities_contacts set opportunity = 'spring' where number < 3")?;
    let expected = rows(&[
        &["o1", "a", "0.5000000000"],
        &["o1", "b", "0.5000000000"],
        &["o2", "a", "0.5000000000"],
        &["o2", "b", "0.5000000000"],
        &["o3", "not_given", "1.0000000000"],
    ]);
    assert_eq!(members(&crm, "contact")?, expected);
    Ok(())
}

#[test]
fn a_bridge_that_is_new_finds_the_facts_that_the_source_still_has() -> Result<()> {
    let crm = Crm::new(FEW)?;
    let file = "model/stars/opportunity.yaml";
    let whole = std::fs::read_to_string(crm.lab.path(file))?;
    let without = whole.lines().filter(|line| !line.starts_with("  contact:"));
    crm.lab
        .write(file, without.collect::<Vec<_>>().join("\n"))?;
    crm.load()?;
    crm.lab.write(file, whole.as_bytes())?;
    crm.load_after("delete from opportunities where id = 'o2'")?;
    let expected = rows(&[
        &["o1", "a", "0.3333333334"],
        &["o1", "b", "0.3333333333"],
        &["o1", "c", "0.3333333333"],
        &["o2", "not_given", "1.0000000000"],
        &["o3", "not_given", "1.0000000000"],
    ]);
    assert_eq!(members(&crm, "contact")?, expected);
    // its keys mean members of that dimension for ever
    crm.declare(
        "conformed/other.yaml",
        "dimension: other\nentity: contact\nkey: contact_id\n",
    )?;
    crm.lab.replace(
        file,
        "contact: {entity",
        "contact: {dimension: other, entity",
    )?;
    crm.lab
        .load()?
        .refused(2, &["bridge 'contact'", "its dimension changed"])?;
    Ok(())
}

#[test]
fn a_warehouse_built_anew_has_the_same_groups_under_the_same_keys() -> Result<()> {
    let crm = Crm::new(FEW)?;
    crm.load()?;
    crm.load_after("insert into contacts values (5, 'a', '2025-03-10 00:00:00', 'z', null)")?;
    crm.load_after("delete from opportunities_contacts where number = 3")?;
    let settings = std::fs::read_to_string(crm.lab.config())?;
    let place = |url: &str| format!("[warehouse]\nurl = \"{url}\"\n\n{settings}");
    crm.lab.write("anew.toml", place("anew"))?;
    let config = crm.lab.path("anew.toml").display().to_string();
    let old = crm.lab.path("warehouse").display().to_string();
    let mut rebuild = planisphere_tests::programs::etl()?;
    Said::of(rebuild.args(["rebuild", "--from", &old, "--config", &config]))?.done()?;
    for sql in [
        "select contact_group_key, contact_key, weight from bridge_contact order by 1, 2",
        "select source_row_id, contact_group_key, seller_group_key from fact_opportunity order by 1",
        "select * from map.map_bridge_seller order by 1",
    ] {
        let said = Said::of(olap()?.args(["sql", "--format", "csv", sql, "--config", &config]))?;
        assert_eq!(cells(&said.done()?.out)?, crm.sql(sql)?, "{sql}");
    }
    Ok(())
}

#[test]
fn a_source_that_lost_who_takes_part_in_what_is_not_published() -> Result<()> {
    let crm = Crm::new(
        "with recursive t(n) as (select 1 union all select n + 1 from t where n < 30)
         insert into opportunities select 'o' || n, null, '2025-03-05', n from t;
         insert into contacts select rowid, id, '2025-01-01 00:00:00', 'x', null from opportunities;
         insert into opportunities_contacts select rowid, id, id, 1, 0 from opportunities;",
    )?;
    crm.lab.replace(
        "planisphere.toml",
        "vanish_limit_permille = 1000",
        "vanish_limit_permille = 500",
    )?;
    crm.load()?;
    crm.change("delete from opportunities_contacts")?;
    crm.lab
        .load()?
        .refused(2, &["bridge_contact", "30 of 30"])?;
    Ok(())
}
