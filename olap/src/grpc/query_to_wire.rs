//! Cube queries to the wire: the derived query of a drill, and what our own client sends.

use planisphere_proto::v1 as wire;

use super::member::{keys_to_wire, level_to_wire};
use crate::query::{
    AttributeRef, Axis, Bound, Comparison, Condition, CubeQuery, Filter, History, Keep,
    MeasureFilter, MemberPath, Sort, SortKey, Subtotals, TextPlace, Top,
};

/// The context that a query holds.
pub(super) fn context_to_wire(query: &CubeQuery) -> wire::RequestContext {
    wire::RequestContext {
        warehouse_version: query.version.unwrap_or(0),
        model_hash: query.model_hash.clone().unwrap_or_default(),
        history: Some(history_to_wire(query.history)),
        locale: query.locale.clone(),
        page_size: 0,
        page_token: query.page_token.clone().unwrap_or_default(),
    }
}

/// A history mode.
pub(super) fn history_to_wire(history: History) -> wire::History {
    let (mode, as_of_date) = match history {
        History::AsWas => (wire::HistoryMode::AsWas, String::new()),
        History::AsIs => (wire::HistoryMode::AsIs, String::new()),
        History::AsOf(date) => (wire::HistoryMode::AsOf, date.to_string()),
    };
    wire::History {
        mode: mode.into(),
        as_of_date,
    }
}

/// A query without its context.
pub(super) fn query_to_wire(query: &CubeQuery) -> wire::CubeQuery {
    wire::CubeQuery {
        cube: query.cube.clone(),
        measures: query.measures.clone(),
        axes: query.axes.iter().map(axis).collect(),
        attributes: query.attributes.iter().map(attribute).collect(),
        sets: query.sets.clone(),
        filters: query.filters.iter().map(filter).collect(),
        measure_filters: query.measure_filters.iter().map(measure_filter).collect(),
        sort: query.sort.iter().map(sort).collect(),
        top: None,
        tops: query.tops.iter().map(top).collect(),
        limit: query.limit.unwrap_or(0),
        include_deleted: query.include_deleted,
    }
}

fn attribute(attribute: &AttributeRef) -> wire::AttributeRef {
    wire::AttributeRef {
        level: Some(level_to_wire(&attribute.level)),
        attribute: attribute.attribute.clone(),
    }
}

fn axis(axis: &Axis) -> wire::Axis {
    let (subtotals, kept) = match &axis.subtotals {
        Subtotals::All => (wire::Subtotals::All, Vec::new()),
        Subtotals::None => (wire::Subtotals::None, Vec::new()),
        Subtotals::Keeping(kept) => {
            let kept = kept.iter();
            let kept = kept.map(|it| u32::try_from(*it).unwrap_or(u32::MAX));
            (wire::Subtotals::Keeping, kept.collect())
        }
    };
    let levels = axis.levels.iter().map(level_to_wire).collect();
    wire::Axis {
        levels,
        subtotals: subtotals.into(),
        subtotals_keep: kept,
    }
}

fn filter(filter: &Filter) -> wire::Filter {
    let condition = match &filter.condition {
        Condition::In(members) => wire::filter::Condition::In(member_set(members)),
        Condition::NotIn(members) => wire::filter::Condition::NotIn(member_set(members)),
        Condition::Range { from, to } => wire::filter::Condition::Range(wire::MemberRange {
            from: from.as_ref().map(bound),
            to: to.as_ref().map(bound),
        }),
        Condition::Text { place, text } => {
            let place = match place {
                TextPlace::Within => wire::TextPlace::Within,
                TextPlace::Beginning => wire::TextPlace::Beginning,
                TextPlace::End => wire::TextPlace::End,
                TextPlace::Whole => wire::TextPlace::Whole,
            };
            wire::filter::Condition::Text(wire::TextMatch {
                place: place.into(),
                text: text.clone(),
            })
        }
    };
    wire::Filter {
        level: Some(level_to_wire(&filter.level)),
        condition: Some(condition),
        drilled: filter.drilled,
    }
}

fn member_set(members: &[MemberPath]) -> wire::MemberSet {
    wire::MemberSet {
        members: members.iter().map(path_to_wire).collect(),
    }
}

/// A key path.
pub(super) fn path_to_wire(path: &MemberPath) -> wire::MemberPath {
    wire::MemberPath {
        keys: keys_to_wire(path),
    }
}

fn bound(bound: &Bound) -> wire::Bound {
    wire::Bound {
        member: Some(path_to_wire(&bound.path)),
        exclusive: !bound.inclusive,
    }
}

fn measure_filter(filter: &MeasureFilter) -> wire::MeasureFilter {
    let comparison = comparison_to_wire(filter.comparison);
    wire::MeasureFilter {
        measure: filter.measure.clone(),
        comparison: comparison.into(),
        value: filter.value.clone(),
    }
}

fn sort(sort: &Sort) -> wire::Sort {
    let direction = match sort.descending {
        true => wire::SortDirection::Descending,
        false => wire::SortDirection::Ascending,
    };
    let by = match &sort.by {
        SortKey::Measure(measure) => wire::sort::By::Measure(measure.clone()),
        SortKey::Level(level) => wire::sort::By::Level(level_to_wire(level)),
    };
    wire::Sort {
        by: Some(by),
        direction: direction.into(),
    }
}

fn comparison_to_wire(comparison: Comparison) -> wire::Comparison {
    match comparison {
        Comparison::Equal => wire::Comparison::Equal,
        Comparison::NotEqual => wire::Comparison::NotEqual,
        Comparison::Less => wire::Comparison::Less,
        Comparison::LessOrEqual => wire::Comparison::LessOrEqual,
        Comparison::Greater => wire::Comparison::Greater,
        Comparison::GreaterOrEqual => wire::Comparison::GreaterOrEqual,
    }
}

fn top(top: &Top) -> wire::Top {
    let (count, compared) = match &top.keep {
        Keep::First(n) | Keep::Last(n) => (*n, None),
        Keep::Where(comparison, value) => (0, Some((comparison_to_wire(*comparison), value))),
    };
    wire::Top {
        count,
        measure: top.by.clone(),
        bottom: matches!(top.keep, Keep::Last(_)),
        comparison: compared
            .map_or(wire::Comparison::Unspecified, |it| it.0)
            .into(),
        value: compared.map(|it| it.1.clone()).unwrap_or_default(),
        level: top.level.as_ref().map(level_to_wire),
        per: top.per.as_ref().map(level_to_wire),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use chrono::NaiveDate;
    use planisphere_schemas::ErrorKind;

    use super::super::query::query;
    use super::*;
    use crate::query::{MemberKey, parse_filter, parse_measure_filter, parse_sort, parse_top};

    fn rich_query() -> CubeQuery {
        let day = NaiveDate::from_ymd_opt(2025, 1, 31).unwrap();
        let keys = vec![
            MemberKey::Text("a".into()),
            MemberKey::Integer(-7),
            MemberKey::Decimal("1.50".into()),
            MemberKey::Boolean(true),
            MemberKey::Date(day),
            MemberKey::Special("invalid_code".into()),
        ];
        let mut set = parse_filter("a.h.b not in X/Y, @not_given").unwrap();
        set.drilled = true;
        let all_keys = Filter::dice("k.h.l".parse().unwrap(), [MemberPath(keys)]);
        CubeQuery {
            cube: "sales".into(),
            measures: vec!["net".into(), "lines".into()],
            axes: vec![
                Axis::of(["d.h.y".parse().unwrap(), "c.s".parse().unwrap()]).with_subtotals(),
                Axis {
                    subtotals: Subtotals::Keeping([0].into()),
                    ..Axis::of(["p.p".parse().unwrap(), "p.q".parse().unwrap()])
                },
                Axis::of(["p.c".parse().unwrap()]),
            ],
            attributes: vec!["d.h.y.name".parse().unwrap()],
            sets: vec!["best".into()],
            filters: vec![set, all_keys, parse_filter("d.y > 2024").unwrap()],
            measure_filters: vec![parse_measure_filter("net >= 1.5").unwrap()],
            sort: vec![parse_sort("-net").unwrap(), parse_sort("d.h.y").unwrap()],
            tops: vec![
                parse_top("bottom 3 p.p by net per d.y").unwrap(),
                parse_top("c.s where net >= 2.5").unwrap(),
            ],
            limit: Some(10),
            history: History::AsOf(day),
            include_deleted: true,
            locale: "zh-CN".into(),
            version: Some(3),
            model_hash: Some("abc".into()),
            page_token: Some("t".into()),
        }
    }

    #[test]
    fn a_query_survives_the_wire() {
        for original in [rich_query(), CubeQuery::default()] {
            let read = query(
                Some(context_to_wire(&original)),
                Some(query_to_wire(&original)),
            );
            assert_eq!(read.unwrap(), original);
        }
    }

    #[test]
    fn every_fault_of_a_request_is_named() {
        let mut broken = query_to_wire(&rich_query());
        broken.axes[0].levels[1].level.clear();
        broken.filters[0].condition = None;
        broken.measure_filters[0].comparison = 0;
        broken.sort[1].by = None;
        let history = wire::History {
            mode: wire::HistoryMode::AsOf.into(),
            as_of_date: "x".into(),
        };
        let context = wire::RequestContext {
            history: Some(history),
            ..Default::default()
        };
        let error = query(Some(context), Some(broken)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        for place in [
            "as_of_date",
            "axes[0].levels[1]",
            "filters[0]",
            "measure_filters[0]",
            "sort[1]",
        ] {
            assert!(error.to_string().contains(place), "{place}: {error}");
        }
        assert!(
            query(None, None)
                .unwrap_err()
                .to_string()
                .contains("no query")
        );
    }
}
