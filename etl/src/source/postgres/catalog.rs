//! What the server's catalog says about a table: its columns, their types, and how it can be split.

use std::collections::{BTreeMap, BTreeSet};

use super::decode::Digits;
use super::types::{TypeRow, Types};
use super::wire::{Connection, Result, TextRow, WireError};

/// A relation as the catalog knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Relation {
    /// Its name, quoted and with its schema.
    pub(super) name: String,
    /// True if its rows lie in pages that can be read by ranges.
    pub(super) has_pages: bool,
    /// Pages of the main fork.
    pub(super) pages: u64,
    /// Rows, as the statistics estimate them.
    pub(super) rows: u64,
}

/// A name as an identifier.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as a literal.
pub(super) fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A table's name, which may be written `schema.table`, as it is looked up.
pub(super) fn qualified(origin: &str) -> String {
    match origin.split_once('.') {
        Some((schema, table)) => format!("{}.{}", quoted(schema), quoted(table)),
        None => quoted(origin),
    }
}

/// The names of a table's columns; none if there is no such table.
pub(super) fn column_names(connection: &mut Connection, origin: &str) -> Result<Vec<String>> {
    let sql = format!(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass({}) AND attnum > 0 \
         AND NOT attisdropped ORDER BY attnum",
        literal(&qualified(origin))
    );
    Ok(firsts(connection.query(&sql)?))
}

/// The names of all tables and views on the search path.
pub(super) fn table_names(connection: &mut Connection) -> Result<Vec<String>> {
    const TABLES: &str = "SELECT relname FROM pg_class \
         WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_table_is_visible(oid)";
    Ok(firsts(connection.query(TABLES)?))
}

fn firsts(rows: Vec<TextRow>) -> Vec<String> {
    let first = |row: TextRow| row.into_iter().next().flatten();
    rows.into_iter().filter_map(first).collect()
}

/// The relations that hold a table's rows: itself, or its partitions.
pub(super) fn relations(connection: &mut Connection, origin: &str) -> Result<Vec<Relation>> {
    let sql = format!(
        "SELECT c.oid::regclass::text, c.relkind IN ('r', 'm') AND a.amname = 'heap' AND NOT EXISTS \
           (SELECT 1 FROM pg_inherits i WHERE i.inhparent = c.oid), \
           CASE WHEN c.relkind IN ('r', 'm') \
             THEN pg_relation_size(c.oid) / current_setting('block_size')::bigint ELSE 0 END, \
           greatest(c.reltuples, 0)::bigint \
         FROM pg_class root \
         CROSS JOIN LATERAL (SELECT relid FROM pg_partition_tree(root.oid) \
             WHERE isleaf AND root.relkind = 'p' \
           UNION ALL SELECT root.oid WHERE root.relkind <> 'p') leaf (relid) \
         JOIN pg_class c ON c.oid = leaf.relid LEFT JOIN pg_am a ON a.oid = c.relam \
         WHERE root.oid = to_regclass({}) ORDER BY 3 DESC, 1",
        literal(&qualified(origin))
    );
    connection.query(&sql)?.into_iter().map(relation).collect()
}

fn relation(row: TextRow) -> Result<Relation> {
    let [Some(name), has_pages, Some(pages), Some(rows)] = <[_; 4]>::try_from(row)
        .map_err(|_| WireError::Protocol("a relation of four columns was expected"))?
    else {
        return Err(WireError::Protocol("a relation without a name or size"));
    };
    Ok(Relation {
        name,
        has_pages: has_pages.as_deref() == Some("t"),
        pages: pages.parse().unwrap_or(0),
        rows: rows.parse().unwrap_or(0),
    })
}

/// How many digits the values of a numeric column have that does not say: a look at all of them.
pub(super) fn digits(connection: &mut Connection, origin: &str, column: &str) -> Result<Digits> {
    let column = quoted(column);
    let sql = format!(
        "SELECT max(CASE WHEN abs({column}) < 1 THEN 0 ELSE length(trunc(abs({column}))::text) END), \
           max(min_scale({column})) \
         FROM {} WHERE {column} NOT IN ('NaN', 'Infinity', '-Infinity')",
        qualified(origin)
    );
    let rows = connection.query(&sql)?;
    let number = |at: usize| {
        let text = rows.first().and_then(|row| row.get(at)?.as_deref());
        text.and_then(|text| text.parse().ok()).unwrap_or(0)
    };
    Ok(Digits::of(number(0), number(1)))
}

/// The types of these OIDs, and of all that they are made of.
pub(super) fn types(
    connection: &mut Connection,
    oids: impl IntoIterator<Item = u32>,
) -> Result<Types> {
    let mut types = Types::default();
    let mut wanted: BTreeSet<u32> = oids.into_iter().collect();
    while !wanted.is_empty() {
        let found = type_rows(connection, &wanted)?;
        let parts = found
            .values()
            .flat_map(TypeRow::parts)
            .collect::<BTreeSet<_>>();
        types.rows.extend(found);
        wanted = parts
            .into_iter()
            .filter(|oid| !types.rows.contains_key(oid))
            .collect();
    }
    if types.rows.values().any(|row| row.name == "money") {
        types.money_decimals = money_decimals(connection)?;
    }
    Ok(types)
}

/// The decimals of `money`, which are those of the server's currency.
fn money_decimals(connection: &mut Connection) -> Result<u8> {
    let rows = firsts(connection.query("SELECT scale(1::money::numeric)")?);
    Ok(rows.first().and_then(|text| text.parse().ok()).unwrap_or(2))
}

fn type_rows(connection: &mut Connection, oids: &BTreeSet<u32>) -> Result<BTreeMap<u32, TypeRow>> {
    let list: Vec<String> = oids.iter().map(u32::to_string).collect();
    let list = list.join(", ");
    let sql = format!(
        "SELECT t.oid, t.typname, t.typtype, \
           coalesce((SELECT e.oid FROM pg_type e WHERE e.typarray = t.oid), 0), \
           t.typbasetype, t.typtypmod, \
           coalesce((SELECT r.rngsubtype FROM pg_range r WHERE r.rngtypid = t.oid), \
             (SELECT r.rngtypid FROM pg_range r WHERE r.rngmultitypid = t.oid), 0) \
         FROM pg_type t WHERE t.oid IN ({list})"
    );
    let mut types = BTreeMap::new();
    for row in connection.query(&sql)? {
        let text = |at: usize| row.get(at).cloned().flatten().unwrap_or_default();
        let number = |at: usize| text(at).parse::<u32>().unwrap_or(0);
        let described = TypeRow {
            name: text(1),
            kind: text(2).chars().next().unwrap_or('b'),
            element: number(3),
            base: number(4),
            base_modifier: text(5).parse().unwrap_or(-1),
            over: number(6),
            fields: Vec::new(),
        };
        types.insert(number(0), described);
    }
    let fields = format!(
        "SELECT t.oid, a.attname, a.atttypid, a.atttypmod FROM pg_type t \
         JOIN pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped \
         WHERE t.typtype = 'c' AND t.oid IN ({list}) ORDER BY t.oid, a.attnum"
    );
    for row in connection.query(&fields)? {
        let text = |at: usize| row.get(at).cloned().flatten().unwrap_or_default();
        let number = |at: usize| text(at).parse::<u32>().unwrap_or(0);
        if let Some(composite) = types.get_mut(&number(0)) {
            let modifier = text(3).parse().unwrap_or(-1);
            composite.fields.push((text(1), number(2), modifier));
        }
    }
    Ok(types)
}
