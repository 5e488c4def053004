//! `cubes/*.yaml`.

use crate::document::{Decoder as _, Faults, Fields, Node, Place};
use crate::model::cube::{
    Aggregate, Aggregation, Cube, CubeDimension, CubePart, DrillThrough, Format, Kpi, Measure,
    MeasureKind, NamedSet,
};

use super::{caption, id, own_id, texts};
use crate::model::types::Caption;

/// Decodes a cube file.
pub(in crate::model) fn cube(node: &Node, faults: &mut Faults) -> Option<Cube> {
    let mut fields = Fields::of(node, "a cube file", faults)?;
    fields.optional("planisphere");
    let name = own_id(&mut fields, "cube");
    let cube = Cube {
        caption: caption(&mut fields, &name),
        description: fields.or("description", Caption::default()),
        star: star(&mut fields),
        across: fields.named("across", part),
        dimensions: dimensions(&mut fields),
        measures: fields.named("measures", measure),
        drill_through: DrillThrough {
            columns: texts(&mut fields, "drill_through"),
        },
        defaults: texts(&mut fields, "defaults"),
        kpis: fields.named("kpis", kpi),
        sets: fields.named("sets", set),
        name,
    };
    fields.finish();
    Some(cube)
}

/// `roles: [order_date, customer]` and `degenerate: {invoice: {columns: [status, number]}}`.
fn dimensions(fields: &mut Fields<'_, '_>) -> Vec<CubeDimension> {
    let roles = texts(fields, "roles")
        .into_iter()
        .map(|role| CubeDimension::Role { role });
    let mut dimensions: Vec<CubeDimension> = roles.collect();
    dimensions.extend(fields.named("degenerate", degenerate));
    dimensions.extend(fields.named("dimensions", shared));
    dimensions
}

/// The star, which a cube has unless it is `across` others.
fn star(fields: &mut Fields<'_, '_>) -> Option<String> {
    match fields.has("across") {
        true => fields.want("star"),
        false => fields.need("star"),
    }
}

/// `service: {dimensions: {date: opened_date}}`, the cube of that name unless `cube:` says another one.
fn part(name: &str, node: &Node, place: &Place, faults: &mut Faults) -> Option<CubePart> {
    let name = id(name, place, faults);
    let mut fields = Fields::of(node, "a cube that another one is across", faults)?;
    let part = CubePart {
        cube: fields.or("cube", name.clone()),
        dimensions: fields.named("dimensions", own_role).into_iter().collect(),
        name,
    };
    fields.finish();
    Some(part)
}

/// `margin_goal: {value: margin_rate, target: margin_target, status: margin_status}`.
fn kpi(name: &str, node: &Node, place: &Place, faults: &mut Faults) -> Option<Kpi> {
    let name = id(name, place, faults);
    let mut fields = Fields::of(node, "a key performance indicator", faults)?;
    let kpi = Kpi {
        caption: caption(&mut fields, &name),
        value: fields.need("value").unwrap_or_default(),
        target: fields.want("target"),
        status: fields.want("status"),
        trend: fields.want("trend"),
        name,
    };
    fields.finish();
    Some(kpi)
}

/// `key_accounts: {of: ["customer.customer where revenue > 100000"]}`.
fn set(name: &str, node: &Node, place: &Place, faults: &mut Faults) -> Option<NamedSet> {
    let name = id(name, place, faults);
    let mut fields = Fields::of(node, "a named set", faults)?;
    fields.required("of");
    let set = NamedSet {
        caption: caption(&mut fields, &name),
        of: texts(&mut fields, "of"),
        name,
    };
    fields.finish();
    Some(set)
}

fn own_role(name: &str, node: &Node, _: &Place, faults: &mut Faults) -> Option<(String, String)> {
    Some((name.to_owned(), String::decode(node, faults)?))
}

/// `date: {caption: {en: Date, zh: 日期}}`.
fn shared(name: &str, node: &Node, place: &Place, faults: &mut Faults) -> Option<CubeDimension> {
    let name = id(name, place, faults);
    let mut fields = Fields::of(node, "a shared dimension", faults)?;
    let caption = fields.want("caption");
    fields.finish();
    Some(CubeDimension::Shared { name, caption })
}

fn degenerate(
    name: &str,
    node: &Node,
    place: &Place,
    faults: &mut Faults,
) -> Option<CubeDimension> {
    let name = id(name, place, faults);
    let mut fields = Fields::of(node, "a degenerate dimension", faults)?;
    let dimension = CubeDimension::Degenerate {
        caption: caption(&mut fields, &name),
        columns: texts(&mut fields, "columns"),
        name,
    };
    fields.finish();
    Some(dimension)
}

const FUNCTIONS: [(&str, Aggregation); 11] = [
    ("sum", Aggregation::Sum),
    ("count", Aggregation::Count),
    ("count_distinct", Aggregation::CountDistinct),
    ("min", Aggregation::Min),
    ("max", Aggregation::Max),
    ("average", Aggregation::Average),
    ("median", Aggregation::Median),
    ("percentile", Aggregation::Percentile),
    ("first", Aggregation::First),
    ("last", Aggregation::Last),
    ("period_average", Aggregation::PeriodAverage),
];

const FORMATS: [(&str, Format); 4] = [
    ("plain", Format::Plain),
    ("integer", Format::Integer),
    ("money", Format::Money),
    ("percent", Format::Percent),
];

fn measure(name: &str, node: &Node, place: &Place, faults: &mut Faults) -> Option<Measure> {
    let name = id(name, place, faults);
    let mut fields = Fields::of(node, "a measure of a cube", faults)?;
    let measure = Measure {
        caption: caption(&mut fields, &name),
        kind: kind(&mut fields),
        format: fields.choice("format", &FORMATS).unwrap_or_default(),
        hidden: fields.or("hidden", false),
        unit: fields.want("unit"),
        name,
    };
    fields.finish();
    Some(measure)
}

/// `of: sales.revenue` without a function: the measure of a cube that this one is across.
fn of_part(fields: &mut Fields<'_, '_>) -> Option<(String, String)> {
    let of = fields.want::<String>("of")?;
    let (part, measure) = of.split_once('.')?;
    Some((part.to_owned(), measure.to_owned()))
}

/// `expression: a / b`, `of: sales.revenue`, or `function: sum` with `of:` and `filter:`.
fn kind(fields: &mut Fields<'_, '_>) -> MeasureKind {
    if let Some(expression) = fields.want::<String>("expression") {
        return MeasureKind::Calculated { expression };
    }
    if !fields.has("function")
        && let Some((part, measure)) = of_part(fields)
    {
        return MeasureKind::OfPart { part, measure };
    }
    fields.required("function");
    MeasureKind::Aggregate(Aggregate {
        function: fields
            .choice("function", &FUNCTIONS)
            .unwrap_or(Aggregation::Count),
        of: fields.want("of"),
        filter: fields.want("filter"),
        over: fields.want("over"),
        at: fields.want("at"),
        approximate: fields.or("approximate", false),
        weighted: fields.or("weighted", false),
        signed: fields.or("signed", false),
    })
}
