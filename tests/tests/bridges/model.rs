//! What is refused of bridges, with place and remedy, and what cubes make of them.

use anyhow::{Result, bail};

use super::crm::Crm;

fn refused(file: &str, old: &str, new: &str, expected: &[&str]) -> Result<()> {
    let crm = Crm::new("")?;
    crm.lab.replace(&format!("model/{file}.yaml"), old, new)?;
    crm.lab.etl(&["plan"])?.refused(2, expected)?;
    Ok(())
}

fn star(old: &str, new: &str, expected: &[&str]) -> Result<()> {
    refused("stars/opportunity", old, new, expected)
}

#[test]
fn what_makes_no_sense_is_refused_with_place_and_remedy() -> Result<()> {
    const CONTACT: &str = "contact: {entity: opportunity_contact, facts: opportunity_id, column: contact_id, as_of: closed}";
    let contact = |new: &str, expected: &[&str]| star(CONTACT, new, expected);
    contact(
        "contact: {entity: opportunity_contacts, facts: opportunity_id, column: contact_id, as_of: closed}",
        &[
            "opportunity.yaml:9:21",
            "unknown entity 'opportunity_contacts'",
            "opportunity_contact",
        ],
    )?;
    contact(
        "contact: {entity: opportunity_contact, facts: opportunity, column: contact, as_of: close}",
        &[
            "opportunity.yaml:9:49: unknown column of the bridge's entity 'opportunity'",
            "opportunity.yaml:9:70: unknown column of the bridge's entity 'contact'",
            "opportunity.yaml:9:86: unknown column of the entity 'close'",
        ],
    )?;
    contact(
        "contact: {entity: opportunity_contact, column: contact_id, as_of: closed}",
        &[
            "opportunity.yaml:9",
            "lacks 'facts', the columns of its entity that say whose member a row names",
        ],
    )?;
    contact(
        "contact: {entity: opportunity_contact, facts: [opportunity_id, share], column: contact_id, as_of: closed}",
        &[
            "names 2 columns, which are compared with the 1 columns opportunity_id; say as many, or say 'by'",
        ],
    )?;
    contact(
        "contact: {entity: opportunity_contact, facts: opportunity_id, column: contact_id}",
        &[
            "opportunity.yaml:9",
            "bridge 'contact' lacks 'as_of': dimension 'contact' keeps history",
        ],
    )?;
    contact(
        "closed: {dimension: date, entity: opportunity_contact, facts: opportunity_id, column: contact_id, weigth: share}",
        &[
            "unknown field of a bridge of a star 'weigth' (did you mean 'weight'?)",
            "leads to dimension 'date', whose members come from no entity",
            "bridge 'closed' has the name of a dimension of its star",
        ],
    )?;
    refused(
        "sources/crm",
        "    from: opportunities_contacts l\n",
        "    from: opportunities_contacts l\n    changes: {at: l.at}\n",
        &["entity 'opportunity_contact' holds changes; a bridge is made of present rows"],
    )?;
    refused(
        "sources/crm",
        "share: l.share}",
        "share: cast(l.share as double)}",
        &[
            "opportunity.yaml:10",
            "is double; a weight is exact, an integer or a decimal",
        ],
    )?;
    Ok(())
}

#[test]
fn two_bridges_have_two_tables() -> Result<()> {
    let crm = Crm::new("")?;
    let other = std::fs::read_to_string(crm.lab.path("model/stars/opportunity.yaml"))?;
    let other = other.replace("star: opportunity\n", "star: other\n");
    crm.lab.write("model/stars/other.yaml", other)?;
    let expected = "other.yaml:9:3: bridge 'contact' is already declared in star 'opportunity'; each has a table of its own";
    crm.lab.etl(&["plan"])?.refused(2, &[expected])?;
    Ok(())
}

#[test]
fn a_cube_takes_no_bridge_for_a_column_or_a_role_of_one_member() -> Result<()> {
    let crm = Crm::new("")?;
    let cube = "cube: sales\nstar: opportunity\nroles: [closed, contact]\nmeasures:\n  contacts: {function: count_distinct, of: seller}\ndrill_through: [contact.city]\n";
    crm.declare("cubes/sales.yaml", cube)?;
    let expected = [
        "sales.yaml:6:44: 'seller' is a bridge",
        "sales.yaml:7:17: 'contact' is a bridge",
    ];
    crm.lab.etl(&["plan"])?.refused(2, &expected)?;
    Ok(())
}

#[test]
fn a_cube_counts_each_fact_once_by_the_members_of_a_bridge() -> Result<()> {
    let crm = Crm::new(
        "insert into opportunities values ('o1', 'k', '2025-03-10', 100), ('o2', 'k', '2025-03-11', 50), ('o3', 'k', '2025-03-12', 10);
         insert into contacts values (1, 'a', '2025-01-01 00:00:00', 'x', null), (2, 'b', '2025-01-01 00:00:00', 'x', null),
           (3, 'c', '2025-01-01 00:00:00', 'y', null);
         insert into opportunities_contacts values (1, 'o1', 'a', 3, 0), (2, 'o1', 'b', 1, 0), (3, 'o2', 'b', 1, 0), (4, 'o2', 'c', 1, 0);",
    )?;
    crm.declare(
        "conformed/contact.yaml",
        "dimension: contact\nentity: contact\nkey: contact_id\nattributes:\n  city: {type: text, scd: 2}\nhierarchies:\n  place: {levels: {city: {}}}\n",
    )?;
    crm.declare(
        "cubes/sales.yaml",
        "cube: sales\nstar: opportunity\nroles: [closed, seller]\nmeasures:\n  amount: {function: sum, of: amount}\n  shared: {function: sum, of: amount, weighted: true}\n",
    )?;
    crm.load()?;
    let answer = crm.lab.query(&[
        "--cube",
        "sales",
        "--measures",
        "amount,shared",
        "--rows",
        "seller.place.city",
        "--subtotals",
        "rows",
    ])?;
    let numbers = |rows: &[Vec<String>]| -> Result<Vec<(f64, f64)>> {
        let pairs = rows.iter().map(|row| {
            let [.., amount, shared] = row.as_slice() else {
                bail!("{row:?}");
            };
            Ok((amount.parse()?, shared.parse()?))
        });
        pairs.collect()
    };
    let of_source = crm.ask(
        "with links as (select l.opportunity, c.city, o.amount, l.share * 1.0 / sum(l.share) over (partition by l.opportunity) as share
           from opportunities_contacts l join contacts c on c.id = l.contact join opportunities o on o.id = l.opportunity),
         cities as (select opportunity, city, amount, sum(share) as share from links group by 1, 2, 3)
         select * from (select city, sum(amount), sum(amount * share) from cities group by 1 order by 1)
         union all select null, sum(amount), sum(amount) from opportunities where id not in (select opportunity from links)
         union all select null, sum(amount), sum(amount) from opportunities",
    )?;
    assert_eq!(numbers(&answer)?, numbers(&of_source)?, "{answer:?}");
    Ok(())
}
