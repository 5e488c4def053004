//! Every table is read at one moment, whoever writes meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use mysql::prelude::Queryable;
use planisphere_tests::lab::{Lab, rows};

use super::server::{MariaDb, run};

const TABLES: &str = "create table left_side (id int primary key, amount int);
    create table right_side (id int primary key, amount int);
    insert into left_side select seq, 1000 from seq_1_to_20000;
    insert into right_side select seq, 1000 from seq_1_to_20000";

fn lab(url: &str) -> Result<Lab> {
    let lab = Lab::with_settings(&format!(
        "[model]\npath = \"model\"\n\n[source.bank]\nurl = \"{url}\"\n"
    ))?;
    lab.write("model/model.yaml", "planisphere: 1\nmodel: bank\n")?;
    let mut tables = String::new();
    let mut entities = String::new();
    for side in ["left_side", "right_side"] {
        tables +=
            &format!("  {side}:\n    key: id\n    columns: {{id: integer, amount: integer}}\n");
        entities += &format!(
            "  {side}:\n    from: {side} s\n    columns: {{{side}_id: s.id, amount: s.amount}}\n"
        );
        lab.write(
            &format!("model/conformed/{side}.yaml"),
            format!(
                "planisphere: 1\ndimension: {side}\nentity: {side}\nkey: {side}_id\nattributes:\n  amount: {{type: integer, scd: 1}}\n\
                 hierarchies:\n  id:\n    levels:\n      id: {{key: {side}_id}}\n"
            ),
        )?;
    }
    lab.write(
        "model/sources/bank.yaml",
        format!("planisphere: 1\nsource: bank\ntables:\n{tables}entities:\n{entities}"),
    )?;
    Ok(lab)
}

/// Moves money from one table to the other in one transaction after the other, until told to stop.
fn move_money(server: &MariaDb, stop: &AtomicBool) -> Result<u32> {
    let mut connection = server.connect()?;
    let mut moves = 0;
    while !stop.load(Ordering::Relaxed) {
        let id = moves % 20_000 + 1;
        run(
            &mut connection,
            &format!(
                "start transaction; update left_side set amount = amount - 7 where id = {id}; \
                 update right_side set amount = amount + 7 where id = {}; commit",
                20_001 - id
            ),
        )?;
        moves += 1;
    }
    Ok(moves)
}

fn one_moment(server: &MariaDb, connections: &str) -> Result<()> {
    let lab = lab(&server.url())?;
    let stop = AtomicBool::new(false);
    let moves = std::thread::scope(|scope| -> Result<u32> {
        let writer = scope.spawn(|| move_money(server, &stop));
        let loads = (0..3).try_for_each(|_| lab.load()?.done().map(drop));
        stop.store(true, Ordering::Relaxed);
        let moves = writer
            .join()
            .map_err(|_| anyhow::anyhow!("the writer died"))?;
        loads.and(moves)
    })?;
    assert!(moves > 100, "only {moves} commits while three loads ran");
    assert!(lab.versions()?.len() > 1, "no load saw a change");
    let sum =
        "select (select sum(amount) from dim_left_side) + (select sum(amount) from dim_right_side)";
    assert_eq!(lab.sql(sum)?, rows(&[&["40000000"]]));
    let package = package(&lab)?;
    assert!(package.contains(connections), "{package}");
    Ok(())
}

/// The manifest of one of the staging packages.
fn package(lab: &Lab) -> Result<String> {
    let mut folders = std::fs::read_dir(lab.path("warehouse/_planisphere/staging"))?;
    let folder = folders
        .next()
        .ok_or_else(|| anyhow::anyhow!("no package"))??;
    Ok(std::fs::read_to_string(folder.path().join("package.json"))?)
}

#[test]
fn tables_are_of_one_moment_through_one_connection_or_several() -> Result<()> {
    let server = MariaDb::start()?;
    run(&mut server.connect()?, TABLES)?;
    one_moment(&server, "1 connection(s)")?;
    // who may lock tables may share the moment between connections
    server
        .connect_as_root()?
        .query_drop("grant reload on *.* to crm@'%'")?;
    one_moment(&server, "2 connection(s)")?;
    Ok(())
}
