//! `stars/*.yaml`.

use crate::document::{Decoder, Faults, Fields, Node, Place};
use crate::model::corrections::Corrections;
use crate::model::currency::Moment;
use crate::model::periodic::PERIOD_END;
use crate::model::star::{DegenerateColumn, FactMeasure, Role, Star, StarKind};

use super::bridge::bridge;
use super::currency::{conversions, converted, currency};
use super::milestones::milestones;
use super::periodic::{additivity, periodic};
use super::{caption, data_type, id, own_id, short_type, texts, type_of_text};
use crate::model::types::Caption;

/// Decodes a star file.
pub(in crate::model) fn star(node: &Node, faults: &mut Faults) -> Option<Star> {
    let mut fields = Fields::of(node, "a star file", faults)?;
    fields.optional("planisphere");
    let name = own_id(&mut fields, "star");
    let kinds = [
        ("transaction", StarKind::Transaction),
        ("accumulating", StarKind::Accumulating),
        ("factless", StarKind::Factless),
        ("periodic", StarKind::Periodic),
    ];
    let grain: Caption = fields.need("grain").unwrap_or_default();
    let milestones = milestones(&mut fields);
    let kind = fields.choice("kind", &kinds);
    let kind = kind.unwrap_or(StarKind::Transaction);
    let periodic = periodic(&mut fields, kind);
    let currency = currency(&mut fields);
    let corrections = [
        ("restate", Corrections::Restate),
        ("offset", Corrections::Offset),
    ];
    let corrections = match node.get("corrections") {
        Some(_) => fields.choice("corrections", &corrections),
        None => Some(Corrections::Restate),
    };
    let corrections = corrections.unwrap_or(Corrections::Unknown);
    let measures = fields.named("measures", measure);
    let mut star = Star {
        caption: caption(&mut fields, &name),
        grain_zh: (grain.zh != grain.en).then_some(grain.zh),
        grain: grain.en,
        kind,
        entity: fields.need("entity").unwrap_or_default(),
        key: texts(&mut fields, "key"),
        roles: fields.named("dimensions", role),
        degenerate: fields.named("degenerate", degenerate),
        measures: measures
            .iter()
            .map(|(measure, _)| measure.clone())
            .collect(),
        milestones,
        periodic,
        currency,
        bridges: fields.named("bridges", bridge),
        corrections,
        name,
    };
    if star.key.is_empty() {
        let place = fields.place().clone();
        fields.faults().add(
            &place,
            "a star file lacks 'key', the columns that identify a row",
        );
    }
    for bridge in star.bridges.iter_mut().filter(|it| it.by.is_empty()) {
        bridge.by.clone_from(&star.key);
    }
    if star.periodic.is_some() {
        star.key.push(PERIOD_END.to_owned());
    }
    if let Some(milestones) = &star.milestones {
        star.roles.extend(milestones.roles());
        star.degenerate.push(milestones.last());
        star.measures.extend(milestones.measures());
    }
    if let Some(currency) = &mut star.currency {
        star.measures.extend(converted(currency, &measures));
    } else if let Some((measure, _)) = measures.iter().find(|(_, moments)| !moments.is_empty()) {
        let place = fields.place().clone();
        let message = format!(
            "measure '{}' is to be converted, but the star lacks 'currency'",
            measure.name
        );
        fields.faults().add(&place, message);
    }
    if !star.corrections.is_restate() {
        star.add_bookings();
    }
    fields.finish();
    Some(star)
}

fn role(name: &str, node: &Node, place: &Place, faults: &mut Faults) -> Option<Role> {
    let name = id(name, place, faults);
    let mut fields = Fields::of(node, "a dimension of a star", faults)?;
    let role = Role {
        caption: caption(&mut fields, &name),
        dimension: fields.or("dimension", name.clone()),
        // whether it is needed depends on the dimension
        column: fields.want("column").unwrap_or_default(),
        columns: fields.named("columns", column).into_iter().collect(),
        as_of: fields.want("as_of"),
        name,
    };
    fields.finish();
    Some(role)
}

fn column(name: &str, node: &Node, _: &Place, faults: &mut Faults) -> Option<(String, String)> {
    Some((name.to_owned(), String::decode(node, faults)?))
}

fn degenerate(
    name: &str,
    node: &Node,
    place: &Place,
    faults: &mut Faults,
) -> Option<DegenerateColumn> {
    let name = id(name, place, faults);
    if short_type(node).is_some() {
        let data_type = type_of_text(node, faults);
        let caption = Caption::of_id(&name);
        return Some(DegenerateColumn {
            caption,
            data_type,
            column: name.clone(),
            name,
        });
    }
    let mut fields = Fields::of(node, "a degenerate column", faults)?;
    let column = DegenerateColumn {
        caption: caption(&mut fields, &name),
        data_type: data_type(&mut fields),
        column: fields.or("column", name.clone()),
        name,
    };
    fields.finish();
    Some(column)
}

fn measure(
    name: &str,
    node: &Node,
    place: &Place,
    faults: &mut Faults,
) -> Option<(FactMeasure, Vec<Moment>)> {
    let name = id(name, place, faults);
    let mut fields = Fields::of(node, "a measure of a star", faults)?;
    let (additive, semi_additive) = additivity(&mut fields);
    let measure = FactMeasure {
        caption: caption(&mut fields, &name),
        data_type: data_type(&mut fields),
        column: fields.or("column", name.clone()),
        additive,
        semi_additive,
        name,
    };
    let moments = conversions(&mut fields);
    fields.finish();
    Some((measure, moments))
}
