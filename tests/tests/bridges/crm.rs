//! Opportunities and their contacts in SQLite, with a warehouse before them.

use anyhow::{Context as _, Result, ensure};
use planisphere_tests::lab::{Lab, Said, Source};

const SOURCE: &str = "source: crm
tables:
  opportunities: {key: id, columns: {id: text, campaign: text, closed: date, amount: money}}
  contacts: {key: number, columns: {number: bigint, id: text, at: timestamp, city: text, into_id: text}}
  opportunities_contacts: {key: number, columns: {number: bigint, opportunity: text, contact: text, share: integer, deleted: boolean}}
entities:
  opportunity:
    from: opportunities o
    columns: {opportunity_id: o.id, campaign: o.campaign, closed: o.closed, amount: o.amount}
  contact:
    from: contacts c
    changes: {at: c.at, sequence: c.number}
    merged_into: c.into_id
    columns: {contact_id: c.id, city: c.city}
  opportunity_contact:
    from: opportunities_contacts l
    columns: {opportunity_id: l.opportunity, contact_id: l.contact, share: l.share}
    deleted: l.deleted
";

const DATE: &str = "dimension: date\ncalendar: {from: 2025-01-01, to: 2025-12-31}\n";

const CONTACT: &str = "dimension: contact
entity: contact
key: contact_id
attributes:
  city: {type: text, scd: 2}
";

/// Equal shares and declared ones.
const STAR: &str = "star: opportunity
grain: One row is one opportunity.
entity: opportunity
key: opportunity_id
dimensions:
  closed: {dimension: date, column: closed}
bridges:
  contact: {entity: opportunity_contact, facts: opportunity_id, column: contact_id, as_of: closed}
  seller: {dimension: contact, entity: opportunity_contact, facts: opportunity_id, column: contact_id, weight: share, as_of: closed}
measures:
  amount: {type: money}
";

const TABLES: &str = "create table opportunities (id text primary key, campaign text, closed text, amount real);
create table contacts (number integer primary key, id text, at text, city text, into_id text);
create table opportunities_contacts (number integer primary key, opportunity text, contact text, share integer, deleted integer);";

/// The files of the model.
pub(crate) const FILES: [(&str, &str); 4] = [
    ("sources/crm.yaml", SOURCE),
    ("conformed/date.yaml", DATE),
    ("conformed/contact.yaml", CONTACT),
    ("stars/opportunity.yaml", STAR),
];

/// A warehouse before its source.
pub(crate) struct Crm {
    pub(crate) lab: Lab,
    source: Source,
}

impl Crm {
    /// Empty tables, and what the SQL adds.
    pub(crate) fn new(sql: &str) -> Result<Self> {
        Self::with(&FILES, &format!("{TABLES}\n{sql}"))
    }

    /// A model of these files before what the SQL makes.
    pub(crate) fn with(files: &[(&str, &str)], sql: &str) -> Result<Self> {
        let (lab, source) = Source::with_lab(sql, 1000)?;
        lab.write("model/model.yaml", "planisphere: 1\nmodel: bridges\n")?;
        let crm = Self { lab, source };
        for (name, text) in files {
            crm.declare(name, text)?;
        }
        Ok(crm)
    }

    /// Writes a file of the model anew.
    pub(crate) fn declare(&self, name: &str, text: &str) -> Result<()> {
        let text = format!("planisphere: 1\n{text}");
        self.lab.write(&format!("model/{name}"), text)
    }

    /// Changes the source.
    pub(crate) fn change(&self, sql: &str) -> Result<()> {
        self.source.change(sql)
    }

    /// Loads, then loads again, which has to publish nothing.
    pub(crate) fn load(&self) -> Result<Said> {
        let said = self.lab.load()?.done()?;
        let before = self.lab.versions()?;
        self.lab.load()?.done()?;
        ensure!(
            before == self.lab.versions()?,
            "a load without changes published"
        );
        Ok(said)
    }

    /// Changes the source and loads.
    pub(crate) fn load_after(&self, sql: &str) -> Result<Said> {
        self.change(sql)?;
        self.load()
    }

    /// What the warehouse says; null is an empty text.
    pub(crate) fn sql(&self, sql: &str) -> Result<Vec<Vec<String>>> {
        self.lab.sql(sql)
    }

    /// The keys of members and the numbers in the rows of a cube query, in order; the first columns are so many pairs of a key and what people
    /// read of it, which is left out. Flags are written as `cube=sales; rows=a.b`.
    pub(crate) fn cells(&self, levels: usize, flags: &str) -> Result<Vec<Vec<String>>> {
        let mut words = Vec::new();
        for flag in flags.split("; ") {
            let (name, value) = flag.split_once('=').context("a flag has a value")?;
            words.extend([format!("--{name}"), value.to_owned()]);
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let rows = self.lab.query(&words)?.into_iter();
        let rows = rows.map(|row| {
            let cells = row.into_iter().enumerate();
            let kept = cells.filter(|(at, _)| *at >= 2 * levels || at % 2 == 0);
            kept.map(|(_, cell)| cell).collect()
        });
        let mut rows: Vec<Vec<String>> = rows.collect();
        rows.sort();
        Ok(rows)
    }

    /// What SQLite says of the source; null is an empty text.
    pub(crate) fn ask(&self, sql: &str) -> Result<Vec<Vec<String>>> {
        self.source.ask(sql)
    }
}
