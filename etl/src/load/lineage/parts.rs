//! Of which columns of entities the columns of dimensions, closures and stars are made.

use planisphere_schemas::model::{
    Bridge, Dimension, DimensionKind, Model, Role, Star, current_id_column, current_key_column,
};

use crate::conform::{DELETED, How, MERGED_INTO, MODIFIED, VALID_FROM};
use crate::dimension::{changes_table, map_table};

/// A column of a table and a column of an entity that it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub(super) table: String,
    pub(super) column: String,
    pub(super) entity: &'a str,
    pub(super) from: &'a str,
    pub(super) how: How,
}

/// All of them; keys, durations and times are derived, attributes and measures the same.
pub(super) fn parts(model: &Model) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    for dimension in &model.dimensions {
        match &dimension.kind {
            DimensionKind::Entity { entity, key } => {
                members(dimension, dimension, (entity, key), &mut parts);
                closure(dimension, (entity, key), &mut parts);
            }
            DimensionKind::Combination => combinations(model, dimension, &mut parts),
            DimensionKind::Mini { of } => mini(model, dimension, of, &mut parts),
            DimensionKind::Calendar(_) | DimensionKind::TimeOfDay(_) => {}
        }
    }
    for star in &model.stars {
        fact(model, star, &mut parts);
        stream(model, star, &mut parts);
        for bridge in &star.bridges {
            groups(star, bridge, &mut parts);
        }
    }
    parts
}

/// The members of an entity, or the history of their fast attributes, of which `declared` tells.
fn members<'a>(
    table: &Dimension,
    declared: &'a Dimension,
    (entity, key): (&'a str, &'a str),
    parts: &mut Vec<Part<'a>>,
) {
    let mut add = |column: String, from: &'a str, how: How| {
        parts.push(Part {
            table: table.table(),
            column,
            entity,
            from,
            how,
        });
    };
    add(table.key_column(), key, How::Derived);
    add(table.durable_key_column(), key, How::Derived);
    add(table.id_column(), key, How::Same);
    for attribute in &table.attributes {
        for (from, how) in sources(declared, &attribute.column) {
            add(attribute.name.clone(), from, how);
        }
    }
    for (column, from) in [
        ("valid_from", VALID_FROM),
        ("valid_from", MODIFIED),
        ("valid_to", VALID_FROM),
        ("valid_to", MODIFIED),
        ("deleted_at_source", DELETED),
    ] {
        add(column.to_owned(), from, How::Derived);
    }
    seen(table, declared, (entity, key), parts);
}

/// What is kept of what was seen of the members: their ids and everything that their dimension says of them.
fn seen<'a>(
    table: &Dimension,
    declared: &'a Dimension,
    (entity, key): (&'a str, &'a str),
    parts: &mut Vec<Part<'a>>,
) {
    let mut add = |table: String, column: String, from: &'a str, how: How| {
        parts.push(Part {
            table,
            column,
            entity,
            from,
            how,
        });
    };
    for kept in [map_table(table), changes_table(table)] {
        add(kept, table.id_column(), key, How::Same);
    }
    let kept = || changes_table(table);
    for attribute in &table.attributes {
        for (from, how) in sources(declared, &attribute.column) {
            add(kept(), attribute.name.clone(), from, how);
        }
    }
    for (column, from) in [
        (MERGED_INTO, MERGED_INTO),
        ("_seen_from", VALID_FROM),
        ("_seen_from", MODIFIED),
        (DELETED, DELETED),
    ] {
        add(kept(), column.to_owned(), from, How::Derived);
    }
}

/// The entity's columns behind the column of an attribute, which may be one that a load makes.
fn sources<'a>(dimension: &'a Dimension, column: &str) -> Vec<(&'a str, How)> {
    for outrigger in &dimension.outriggers {
        if column == outrigger.id_column() {
            return vec![(&outrigger.column, How::Same)];
        }
        if column == outrigger.key_column() {
            return vec![(&outrigger.column, How::Derived)];
        }
    }
    let of_mini =
        |mini: &str| column == current_id_column(mini) || column == current_key_column(mini);
    let fast = dimension.fast.iter().filter(|fast| of_mini(&fast.mini));
    let fast: Vec<_> = fast
        .map(|fast| (fast.attribute.column.as_str(), How::Derived))
        .collect();
    if !fast.is_empty() {
        return fast;
    }
    let attributes = dimension.attributes.iter();
    let fast = dimension.fast.iter().map(|fast| &fast.attribute);
    let mut all = attributes.chain(fast);
    let found = all.find(|attribute| attribute.column == column);
    found
        .map(|attribute| (attribute.column.as_str(), How::Same))
        .into_iter()
        .collect()
}

fn closure<'a>(
    dimension: &'a Dimension,
    (entity, key): (&'a str, &'a str),
    parts: &mut Vec<Part<'a>>,
) {
    let Some(parent) = &dimension.parent else {
        return;
    };
    let keys = ["ancestor_durable_key", "descendant_durable_key"];
    let of_pairs = keys.into_iter().chain(["depth", "is_top", "is_leaf"]);
    let mut tables: Vec<(String, Vec<String>)> = vec![(
        dimension.closure_table(),
        of_pairs.map(str::to_owned).collect(),
    )];
    tables.extend(dimension.trees.iter().map(|tree| {
        let levels = (1..=tree.depth).map(|level| tree.level_column(level));
        let own = [dimension.durable_key_column(), "level".to_owned()];
        (
            dimension.tree_table(tree),
            own.into_iter().chain(levels).collect(),
        )
    }));
    for (table, columns) in tables {
        let mut add = |column: String, from: [&'a str; 2]| {
            parts.extend(from.map(|from| Part {
                table: table.clone(),
                column: column.clone(),
                entity,
                from,
                how: How::Derived,
            }));
        };
        for column in columns {
            add(column, [key, &parent.column]);
        }
        for column in ["valid_from", "valid_to"] {
            add(column.to_owned(), [VALID_FROM, MODIFIED]);
        }
    }
}

/// The combinations that the facts of all stars have.
fn combinations<'a>(model: &'a Model, dimension: &'a Dimension, parts: &mut Vec<Part<'a>>) {
    for star in &model.stars {
        let roles = star.roles.iter();
        for role in roles.filter(|role| role.dimension == dimension.name) {
            for attribute in &dimension.attributes {
                let from = role.column_of(&attribute.name);
                combined(dimension, &attribute.name, (&star.entity, from), parts);
            }
        }
    }
}

/// The combinations that fast attributes have had, and when.
fn mini<'a>(model: &'a Model, dimension: &'a Dimension, of: &str, parts: &mut Vec<Part<'a>>) {
    let Some(owner) = model.dimension(of) else {
        return;
    };
    let DimensionKind::Entity { entity, key } = &owner.kind else {
        return;
    };
    for attribute in &dimension.attributes {
        combined(
            dimension,
            &attribute.name,
            (entity, &attribute.column),
            parts,
        );
    }
    if let Some(history) = model.mini_history(dimension) {
        members(&history, owner, (entity, key), parts);
    }
}

/// An attribute of a combination; the id and the keys are made of all of them.
fn combined<'a>(
    dimension: &Dimension,
    attribute: &str,
    (entity, from): (&'a str, &'a str),
    parts: &mut Vec<Part<'a>>,
) {
    let columns = [
        (attribute.to_owned(), How::Same),
        (dimension.id_column(), How::Derived),
        (dimension.key_column(), How::Derived),
        (dimension.durable_key_column(), How::Derived),
    ];
    parts.extend(columns.map(|(column, how)| Part {
        table: dimension.table(),
        column,
        entity,
        from,
        how,
    }));
}

/// The groups of a bridge: who is in them, and with which weight.
fn groups<'a>(star: &'a Star, bridge: &'a Bridge, parts: &mut Vec<Part<'a>>) {
    let mut add = |column: String, entity: &'a str, from: &'a str| {
        parts.push(Part {
            table: bridge.table(),
            column,
            entity,
            from,
            how: How::Derived,
        });
    };
    add(bridge.key_column(), &bridge.entity, &bridge.column);
    if let Some(as_of) = &bridge.as_of {
        add(bridge.key_column(), &star.entity, as_of);
    }
    let members = bridge.facts.iter().chain([&bridge.column]);
    for from in members.chain(&bridge.weight) {
        add("weight".to_owned(), &bridge.entity, from);
        add(bridge.group_column(), &bridge.entity, from);
    }
}

fn fact<'a>(model: &'a Model, star: &'a Star, parts: &mut Vec<Part<'a>>) {
    let mut add = |column: &str, entity: &'a str, from: &'a str, how: How| {
        parts.push(Part {
            table: star.table(),
            column: column.to_owned(),
            entity,
            from,
            how,
        });
    };
    for bridge in &star.bridges {
        for from in bridge.by.iter().chain(&bridge.as_of) {
            add(&bridge.group_column(), &star.entity, from, How::Derived);
        }
        let members = bridge.facts.iter().chain([&bridge.column]);
        for from in members.chain(&bridge.weight) {
            add(&bridge.group_column(), &bridge.entity, from, How::Derived);
        }
    }
    for role in &star.roles {
        for from in role_sources(model, star, role) {
            add(&role.key_column(), &star.entity, from, How::Derived);
        }
    }
    let degenerate = star.degenerate.iter().map(|c| (&c.name, &c.column));
    let measures = star.measures.iter().map(|m| (&m.name, &m.column));
    for (name, column) in degenerate.chain(measures) {
        match star.derives(column) {
            false => add(name, &star.entity, column, How::Same),
            true => {
                for (entity, from) in derived(star, column) {
                    add(name, entity, from, How::Derived);
                }
            }
        }
    }
    for key in &star.key {
        add("source_row_id", &star.entity, key, How::Derived);
    }
    add("deleted_at_source", &star.entity, DELETED, How::Derived);
}

/// What is kept of what a stream of changes has shown of the rows of a star.
fn stream<'a>(model: &'a Model, star: &'a Star, parts: &mut Vec<Part<'a>>) {
    let entity = model.entity(&star.entity).map(|(_, entity)| entity);
    let Some(entity) = entity.filter(|entity| entity.changes.is_some()) else {
        return;
    };
    let kept = star.kept_columns(&model.dimensions).into_iter();
    let kept = kept.filter_map(|name| entity.columns.iter().find(|it| it.name == name));
    let kept = kept.map(|column| (column.name.as_str(), How::Same));
    let own = [VALID_FROM, DELETED].map(|column| (column, How::Derived));
    parts.extend(kept.chain(own).map(|(column, how)| Part {
        table: crate::fact::changes_table(star),
        column: column.to_owned(),
        entity: &star.entity,
        from: column,
        how,
    }));
}

/// The entity's columns by which a role is looked up.
fn role_sources<'a>(model: &'a Model, star: &'a Star, role: &'a Role) -> Vec<&'a str> {
    let dimension = model.dimension(&role.dimension);
    if let Some(dimension) = dimension.filter(|dimension| dimension.is_combination()) {
        let attributes = dimension.attributes.iter();
        return attributes.map(|a| role.column_of(&a.name)).collect();
    }
    if star.derives(&role.column) {
        return period_sources(star);
    }
    let columns = std::iter::once(&role.column).chain(&role.as_of);
    columns
        .filter(|column| !star.derives(column))
        .map(String::as_str)
        .collect()
}

/// What decides which periods a row stands in.
fn period_sources(star: &Star) -> Vec<&str> {
    let periodic = star.periodic.iter();
    let edges = periodic.flat_map(|it| it.begins.iter().chain(&it.ends));
    edges.map(String::as_str).chain([VALID_FROM]).collect()
}

/// The columns of entities behind a number or word that the star works out.
fn derived<'a>(star: &'a Star, column: &str) -> Vec<(&'a str, &'a str)> {
    let of_star = |from: &'a str| (star.entity.as_str(), from);
    if let Some(milestones) = &star.milestones {
        let spans = milestones.spans().into_iter();
        let mut spans = spans.filter(|(from, to)| milestones.duration(from, to) == column);
        if let Some((from, to)) = spans.next() {
            return vec![of_star(&from.column), of_star(&to.column)];
        }
        if column == planisphere_schemas::model::LAST_MILESTONE {
            let steps = milestones.steps.iter().map(|step| &step.column);
            let columns = steps.chain(&milestones.ended);
            return columns.map(|column| of_star(column)).collect();
        }
    }
    if let Some(currency) = &star.currency {
        let converted = currency.converted.iter().find(|it| it.name == column);
        if let Some(converted) = converted {
            let measure = star.measure(&converted.measure).map(|m| m.column.as_str());
            let own = measure.into_iter().chain([currency.column.as_str()]);
            let own = own.chain(currency.moment(converted.at)).map(of_star);
            let rates = &currency.rates;
            let rate = [&rates.rate, &rates.currency, &rates.date];
            let rate = rate.map(|from| (rates.entity.as_str(), from.as_str()));
            return own.chain(rate).collect();
        }
    }
    period_sources(star).into_iter().map(of_star).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::collections::BTreeSet;

    use planisphere_schemas::model::read_model;

    use super::*;
    use crate::{dimension, fact};

    /// Columns that come from no column of a source.
    const OWN: [&str; 9] = [
        "_change",
        "_known",
        "_seen_from_basis",
        "_sequence",
        "source_system",
        "valid_from_basis",
        "is_current",
        "audit_key",
        "deleted_at_source",
    ];

    const SOURCE: &str = "planisphere: 1
source: shop
tables:
  people:
    key: id
    columns: {id: text, boss: text, born: date, mood: text, name: text}
  deals:
    key: id
    columns: {id: text, person: text, opened: date, won: date, channel: text, gift: boolean, price: money, code: text}
  rates:
    key: [code, day]
    columns: {code: text, day: date, rate: 'decimal(18,6)'}
entities:
  person:
    from: people p
    columns: {person_id: p.id, boss_id: p.boss, born: p.born, mood: p.mood, name: p.name}
  deal:
    from: deals d
    columns: {deal_id: d.id, person_id: d.person, opened: d.opened, won: d.won, channel: d.channel, is_gift: d.gift,
      price: d.price, code: d.code}
  rate:
    from: rates r
    columns: {code: r.code, day: r.day, rate: r.rate}
";
    const PERSON: &str = "planisphere: 1
dimension: person
entity: person
key: person_id
parent: {column: boss_id, scd: 2}
outriggers:
  birthday: {dimension: date, column: born}
attributes:
  name: {type: text, scd: 6}
  mood: {type: text, scd: 4, mini: temper}
";
    const DEAL: &str = "planisphere: 1
star: deal
grain: One row is one deal.
kind: accumulating
entity: deal
key: [deal_id]
milestones:
  opened: {column: opened}
  won: {column: won}
dimensions:
  person: {column: person_id, as_of: opened}
  temper: {column: person_id, as_of: opened}
  profile: {columns: {gift: is_gift}}
currency:
  column: code
  reporting: USD
  event: opened
  rates: {entity: rate, currency: code, date: day, rate: rate}
measures:
  price: {type: money, convert: event}
";

    #[test]
    fn every_column_of_every_form_is_made_of_something() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("model.yaml", "planisphere: 1\nmodel: shop\n");
        write("sources/shop.yaml", SOURCE);
        write("conformed/person.yaml", PERSON);
        write("stars/deal.yaml", DEAL);
        let date = "calendar: {from: 2020-01-01, to: 2030-12-31}\n";
        write(
            "conformed/date.yaml",
            &format!("planisphere: 1\ndimension: date\n{date}"),
        );
        let temper = "planisphere: 1\ndimension: temper\nmini_of: person\n";
        write("conformed/temper.yaml", temper);
        let profile =
            "combination: true\nattributes: {channel: {type: text}, gift: {type: boolean}}\n";
        write(
            "conformed/profile.yaml",
            &format!("planisphere: 1\ndimension: profile\n{profile}"),
        );
        let model = read_model(folder.path()).unwrap();
        let parts = parts(&model);
        let has = |table: &str, column: &str| {
            parts
                .iter()
                .any(|part| part.table == table && part.column == column)
        };
        let mut checked = BTreeSet::new();
        let mut check = |table: &str, schema: &arrow::datatypes::Schema| {
            for field in schema.fields() {
                let name = field.name();
                let timeless = ["valid_from", "valid_to"].contains(&name.as_str())
                    && ["dim_profile", "dim_temper"].contains(&table);
                if !OWN.contains(&name.as_str()) && !timeless {
                    assert!(has(table, name), "{table}.{name}");
                    checked.insert(format!("{table}.{name}"));
                }
            }
        };
        for dimension in model.dimensions.iter().filter(|d| !d.is_generated()) {
            check(&dimension.table(), &dimension::arrow_schema(dimension));
            if let Some(history) = model.mini_history(dimension) {
                check(&history.table(), &dimension::arrow_schema(&history));
            }
        }
        let of_entity = |d: &&Dimension| matches!(d.kind, DimensionKind::Entity { .. });
        for dimension in model.dimensions.iter().filter(of_entity) {
            let changes = dimension::changes_schema(dimension);
            check(&dimension::changes_table(dimension), &changes);
        }
        check("fact_deal", &fact::arrow_schema(&model.stars[0]));
        for expected in [
            "dim_temper_history.mood",
            "map_person_changes._merged_into",
            "map_person_changes.name",
            "fact_deal.opened_to_won_days",
            "fact_deal.price_usd",
        ] {
            assert!(checked.contains(expected), "{checked:?}");
        }
        let from: BTreeSet<(&str, &str)> = parts
            .iter()
            .filter(|part| part.table == "fact_deal" && part.column == "price_usd")
            .map(|part| (part.entity, part.from))
            .collect();
        let expected = [
            ("deal", "code"),
            ("deal", "opened"),
            ("deal", "price"),
            ("rate", "code"),
            ("rate", "day"),
            ("rate", "rate"),
        ];
        assert_eq!(from, BTreeSet::from(expected));
    }
}
