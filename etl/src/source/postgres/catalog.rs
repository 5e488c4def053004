//! What the server's catalog says about a table: its columns, their types, and how it can be split.

use std::collections::{BTreeMap, BTreeSet};

use super::decode::Digits;
use super::types::{TypeRow, Types};
use super::wire::{Connection, Result, TextRow};

/// A relation as the catalog knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Relation {
    /// Its name, quoted and with its schema, as it stands after FROM.
    pub(super) name: String,
    /// True if its rows lie in pages that can be read by ranges, and the role may see on which: who may read some
    /// columns only may not.
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

/// The relation that an origin names, quoted and with its schema: `schema.table`, whichever dot stands between them,
/// or a table of the search path whose name holds the dots.
pub(super) fn resolve(connection: &mut Connection, origin: &str) -> Result<Option<String>> {
    let dots = origin.match_indices('.').map(|(at, _)| at);
    let in_schema = dots.map(|at| {
        let (schema, table) = (&origin[..at], &origin[at + 1..]);
        let (schema, table) = (literal(schema), literal(table));
        format!("n.nspname = {schema} AND c.relname = {table}")
    });
    let on_path = format!(
        "c.relname = {} AND pg_table_is_visible(c.oid)",
        literal(origin)
    );
    let ranks: Vec<String> = in_schema
        .chain([on_path])
        .enumerate()
        .map(|(rank, condition)| format!("WHEN {condition} THEN {rank}"))
        .collect();
    let sql = format!(
        "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c \
         JOIN pg_namespace n ON n.oid = c.relnamespace \
         CROSS JOIN LATERAL (SELECT CASE {} END) ranked (rank) \
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND rank IS NOT NULL ORDER BY rank LIMIT 1",
        ranks.join(" ")
    );
    Ok(firsts(connection.query(&sql)?).pop())
}

/// The names of a relation's columns.
pub(super) fn column_names(connection: &mut Connection, relation: &str) -> Result<Vec<String>> {
    let sql = format!(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass({}) AND attnum > 0 \
         AND NOT attisdropped ORDER BY attnum",
        literal(relation)
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

/// The relations that hold a table's rows: itself, its partitions and heirs, where each of them may be read; what
/// becomes a part or an heir later is none.
pub(super) fn relations(connection: &mut Connection, relation: &str) -> Result<Vec<Relation>> {
    let sql = format!(
        "WITH RECURSIVE tree (relid) AS ( \
           SELECT to_regclass({})::oid \
           UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree ON i.inhparent = tree.relid \
             WHERE NOT i.inhdetachpending) \
         SELECT CASE WHEN c.relkind = 'v' THEN '' ELSE 'ONLY ' END || format('%I.%I', n.nspname, c.relname), \
           c.relkind IN ('r', 'm') AND a.amname = 'heap' AND has_table_privilege(c.oid, 'SELECT'), \
           CASE WHEN c.relkind IN ('r', 'm') \
             THEN pg_relation_size(c.oid) / current_setting('block_size')::bigint ELSE 0 END, \
           greatest(c.reltuples, 0)::bigint, \
           c.oid = to_regclass({0}) OR has_table_privilege(c.oid, 'SELECT') \
             AND has_schema_privilege(c.relnamespace, 'USAGE') \
         FROM tree JOIN pg_class c ON c.oid = tree.relid \
         JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_am a ON a.oid = c.relam \
         WHERE c.relkind <> 'p' ORDER BY 3 DESC, 1",
        literal(relation)
    );
    let rows = connection.query(&sql)?;
    let is_true = |row: &TextRow, at: usize| row.get(at).cloned().flatten().as_deref() == Some("t");
    let may_read_all = rows.iter().all(|row| is_true(row, 4));
    let leaves: Vec<Relation> = rows
        .iter()
        .map(|row| {
            let text = |at: usize| row.get(at).cloned().flatten().unwrap_or_default();
            Relation {
                name: text(0),
                has_pages: is_true(row, 1),
                pages: text(2).parse().unwrap_or(0),
                rows: text(3).parse().unwrap_or(0),
            }
        })
        .collect();
    if may_read_all {
        return Ok(leaves);
    }
    // who may read the whole need not be allowed to read its partitions by their own names
    Ok(vec![Relation {
        name: relation.to_owned(),
        has_pages: false,
        pages: 0,
        rows: leaves.iter().map(|leaf| leaf.rows).sum(),
    }])
}

/// How many digits the values of a numeric column have that does not say: a look at all of them.
pub(super) fn digits(connection: &mut Connection, relation: &str, column: &str) -> Result<Digits> {
    let column = quoted(column);
    let sql = format!(
        "SELECT CASE WHEN abs({column}) < 1 THEN 0 ELSE length(trunc(abs({column}))::text) END, min_scale({column}) \
         FROM {relation} WHERE {column} NOT IN ('NaN', 'Infinity', '-Infinity') GROUP BY 1, 2"
    );
    let rows = connection.query(&sql)?;
    let number = |row: &TextRow, at: usize| row.get(at)?.as_deref()?.parse().ok();
    let counts: Vec<(u32, u32)> = rows
        .iter()
        .filter_map(|row| Some((number(row, 0)?, number(row, 1)?)))
        .collect();
    let (before, after) = judged(&counts);
    Ok(Digits::of(before, after))
}

/// The digits before and after the point that hold all values of such digits; if they are more than a decimal has, those of
/// the values with up to 38 digits after the point, and of these the ones that have room before it.
fn judged(counts: &[(u32, u32)]) -> (u32, u32) {
    const MOST_AFTER: u32 = 38;
    let most = u32::from(Digits::ANY.precision);
    let before = counts.iter().map(|count| count.0).max().unwrap_or(0);
    let after = counts.iter().map(|count| count.1).max().unwrap_or(0);
    if before + after <= most {
        return (before, after);
    }
    let usual = || counts.iter().filter(|count| count.1 <= MOST_AFTER);
    let Some(scale) = usual().map(|count| count.1).max() else {
        return (before, after);
    };
    let room = usual()
        .map(|count| count.0)
        .filter(|before| before + scale <= most);
    (room.max().unwrap_or(0), scale)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_those_of_all_values_or_of_all_that_fit_together() {
        assert_eq!(judged(&[(3, 2), (40, 6), (0, 8)]), (40, 8));
        // 1e38, 1.5, 1e70, 0.00000012, 9e131071: 68 digits have room before eight
        let outliers = [(39, 0), (1, 1), (71, 0), (0, 8), (131_072, 0)];
        assert_eq!(judged(&outliers), (39, 8));
        assert_eq!(judged(&[(5, 2), (1, 60), (70, 0)]), (70, 2));
        assert_eq!(judged(&[(1, 80)]), (1, 80));
        assert_eq!(judged(&[]), (0, 0));
    }
}
