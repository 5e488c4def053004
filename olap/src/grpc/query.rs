//! Cube queries from the wire.

use planisphere_proto::v1 as wire;

use super::fault::{Reading, known};
use crate::error::Result;
use crate::query::{
    AttributeRef, Axis, Bound, Comparison, Condition, CubeQuery, Filter, History, Keep, Language,
    MeasureFilter, Sort, SortKey, Subtotals, TextPlace, Top,
};

/// What a request says beside its own matter.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Context {
    pub(super) version: Option<u64>,
    pub(super) model_hash: Option<String>,
    pub(super) history: History,
    pub(super) locale: String,
    pub(super) page_size: Option<u64>,
    pub(super) page_token: Option<String>,
}

/// Reads the context of a request that has no query, whose locale nobody else checks.
pub(super) fn context(context: Option<wire::RequestContext>) -> Result<Context> {
    let mut reading = Reading::default();
    let context = read_context(&mut reading, context);
    if let Err(message) = context.locale.parse::<Language>() {
        reading.fault("context.locale", &message);
    }
    reading.finish(context)
}

/// Reads a query with its context.
pub(super) fn query(
    context: Option<wire::RequestContext>,
    query: Option<wire::CubeQuery>,
) -> Result<CubeQuery> {
    let mut reading = Reading::default();
    let query = read_query(&mut reading, context, query);
    reading.finish(query)
}

pub(super) fn read_context(
    reading: &mut Reading,
    context: Option<wire::RequestContext>,
) -> Context {
    let context = context.unwrap_or_default();
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    Context {
        version: Some(context.warehouse_version).filter(|version| *version > 0),
        model_hash: some(context.model_hash),
        history: read_history(reading, context.history.unwrap_or_default()),
        locale: context.locale,
        page_size: Some(u64::from(context.page_size)).filter(|size| *size > 0),
        page_token: some(context.page_token),
    }
}

fn read_history(reading: &mut Reading, history: wire::History) -> History {
    match history.mode() {
        wire::HistoryMode::Unspecified | wire::HistoryMode::AsWas => History::AsWas,
        wire::HistoryMode::AsIs => History::AsIs,
        wire::HistoryMode::AsOf => match history.as_of_date.parse() {
            Ok(date) => History::AsOf(date),
            Err(_) => {
                reading.fault(
                    "context.history.as_of_date",
                    "a date such as 2025-12-31 is expected",
                );
                History::AsWas
            }
        },
    }
}

pub(super) fn read_query(
    reading: &mut Reading,
    context: Option<wire::RequestContext>,
    query: Option<wire::CubeQuery>,
) -> CubeQuery {
    let context = read_context(reading, context);
    if query.is_none() {
        reading.fault("query", "there is no query");
    }
    let query = query.unwrap_or_default();
    CubeQuery {
        cube: query.cube,
        measures: query.measures,
        axes: each(query.axes, |i, axis| read_axis(reading, i, axis)),
        attributes: each(query.attributes, |i, it| AttributeRef {
            level: reading.level(&format!("attributes[{i}].level"), it.level),
            attribute: it.attribute,
        }),
        sets: query.sets,
        filters: each(query.filters, |i, filter| read_filter(reading, i, filter)),
        measure_filters: each(query.measure_filters, |i, it| {
            read_measure_filter(reading, i, it)
        }),
        sort: each(query.sort, |i, sort| read_sort(reading, i, sort)),
        tops: read_tops(reading, query.top, query.tops),
        limit: Some(query.limit).filter(|limit| *limit > 0),
        history: context.history,
        include_deleted: query.include_deleted,
        locale: context.locale,
        version: context.version,
        model_hash: context.model_hash,
        page_token: context.page_token,
    }
}

fn each<T, U>(items: Vec<T>, mut read: impl FnMut(usize, T) -> U) -> Vec<U> {
    items
        .into_iter()
        .enumerate()
        .map(|(i, item)| read(i, item))
        .collect()
}

fn read_axis(reading: &mut Reading, i: usize, axis: wire::Axis) -> Axis {
    let subtotals = match axis.subtotals() {
        wire::Subtotals::All => Subtotals::All,
        wire::Subtotals::Keeping => {
            let kept = axis.subtotals_keep.iter();
            let kept = kept.map(|it| usize::try_from(*it).unwrap_or(usize::MAX));
            Subtotals::Keeping(kept.collect())
        }
        wire::Subtotals::None | wire::Subtotals::Unspecified => Subtotals::None,
    };
    let levels = each(axis.levels, |j, level| {
        reading.level(&format!("axes[{i}].levels[{j}]"), Some(level))
    });
    Axis { levels, subtotals }
}

fn read_filter(reading: &mut Reading, i: usize, filter: wire::Filter) -> Filter {
    let place = format!("filters[{i}]");
    let level = reading.level(&format!("{place}.level"), filter.level);
    let condition = match filter.condition {
        Some(wire::filter::Condition::In(set)) => Condition::In(read_set(reading, &place, set)),
        Some(wire::filter::Condition::NotIn(set)) => {
            Condition::NotIn(read_set(reading, &place, set))
        }
        Some(wire::filter::Condition::Range(range)) => Condition::Range {
            from: range
                .from
                .map(|bound| read_bound(reading, &format!("{place}.from"), bound)),
            to: range
                .to
                .map(|bound| read_bound(reading, &format!("{place}.to"), bound)),
        },
        Some(wire::filter::Condition::Text(text)) => Condition::Text {
            place: match known(reading, &place, text.place) {
                Some(wire::TextPlace::Beginning) => TextPlace::Beginning,
                Some(wire::TextPlace::End) => TextPlace::End,
                Some(wire::TextPlace::Whole) => TextPlace::Whole,
                Some(wire::TextPlace::Within | wire::TextPlace::Unspecified) | None => {
                    TextPlace::Within
                }
            },
            text: text.text,
        },
        None => {
            reading.fault(&place, "a filter needs one of in, not_in, range, text");
            Condition::In(Vec::new())
        }
    };
    Filter {
        level,
        condition,
        drilled: filter.drilled,
    }
}

fn read_set(
    reading: &mut Reading,
    place: &str,
    set: wire::MemberSet,
) -> Vec<crate::query::MemberPath> {
    each(set.members, |j, path| {
        reading.path(&format!("{place}.members[{j}]"), path.keys)
    })
}

fn read_bound(reading: &mut Reading, place: &str, bound: wire::Bound) -> Bound {
    let keys = bound.member.unwrap_or_default().keys;
    Bound {
        path: reading.path(place, keys),
        inclusive: !bound.exclusive,
    }
}

fn read_measure_filter(
    reading: &mut Reading,
    i: usize,
    filter: wire::MeasureFilter,
) -> MeasureFilter {
    let place = format!("measure_filters[{i}].comparison");
    let comparison = read_comparison(reading, &place, filter.comparison);
    MeasureFilter {
        measure: filter.measure,
        comparison,
        value: filter.value,
    }
}

fn read_sort(reading: &mut Reading, i: usize, sort: wire::Sort) -> Sort {
    let place = format!("sort[{i}]");
    let descending = sort.direction() == wire::SortDirection::Descending;
    let by = match sort.by {
        Some(wire::sort::By::Measure(measure)) => SortKey::Measure(measure),
        Some(wire::sort::By::Level(level)) => SortKey::Level(reading.level(&place, Some(level))),
        None => {
            reading.fault(&place, "a sort key needs one of measure, level");
            SortKey::Measure(String::new())
        }
    };
    Sort { by, descending }
}

/// A comparison that is not said is one of equality, beside the fault.
fn read_comparison(reading: &mut Reading, place: &str, comparison: i32) -> Comparison {
    match known(reading, place, comparison) {
        Some(wire::Comparison::NotEqual) => Comparison::NotEqual,
        Some(wire::Comparison::Less) => Comparison::Less,
        Some(wire::Comparison::LessOrEqual) => Comparison::LessOrEqual,
        Some(wire::Comparison::Greater) => Comparison::Greater,
        Some(wire::Comparison::GreaterOrEqual) => Comparison::GreaterOrEqual,
        Some(wire::Comparison::Equal | wire::Comparison::Unspecified) | None => Comparison::Equal,
    }
}

/// The single one comes before the others.
fn read_tops(reading: &mut Reading, top: Option<wire::Top>, tops: Vec<wire::Top>) -> Vec<Top> {
    let single = top.map(|top| read_top(reading, "top", top));
    let others = each(tops, |i, top| read_top(reading, &format!("tops[{i}]"), top));
    single.into_iter().chain(others).collect()
}

fn read_top(reading: &mut Reading, place: &str, top: wire::Top) -> Top {
    let keep = match (top.comparison, top.bottom) {
        (0, false) => Keep::First(top.count),
        (0, true) => Keep::Last(top.count),
        (comparison, _) => {
            if top.count > 0 || top.bottom {
                reading.fault(place, "a condition on members has no count and no bottom");
            }
            let place = format!("{place}.comparison");
            Keep::Where(read_comparison(reading, &place, comparison), top.value)
        }
    };
    Top {
        keep,
        by: top.measure,
        level: reading.level_if_any(&format!("{place}.level"), top.level),
        per: reading.level_if_any(&format!("{place}.per"), top.per),
    }
}
