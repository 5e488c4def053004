//! Query files: the request model in YAML (or JSON, which is YAML), with short written forms.
//!
//! ```yaml
//! cube: sales
//! measures: [net_amount, lines]
//! rows: [order_date.calendar.year, product.category.category]
//! columns: [customer.segment.segment]
//! attributes: [product.category.category.buyer]
//! sets: [key_accounts]
//! subtotals: [rows]
//! where: ["order_date.calendar.year in 2024, 2025"]
//! having: ["net_amount > 100"]
//! sort: ["-net_amount"]
//! top: 5 product.category.category by net_amount
//! drill: { down: order_date.calendar.year = 2024 }
//! ```
//! Every fault is reported with file, line and column. Names are not resolved here.

use planisphere_schemas::document::{Decoder, Faults, Fields, Node, Place, Value, parse_yaml};

use super::attribute::AttributeRef;
use super::cube_query::{Axis, Condition, CubeQuery, Filter, History, Sort, Top};
use super::level_ref::LevelRef;
use super::member::MemberRef;
use super::parse::{ParseError, parse_filter, parse_measure_filter, parse_sort, parse_top};
use super::subtotals::add_subtotals;

/// A query with what to do after it.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryFile {
    /// The query.
    pub query: CubeQuery,
    /// The drill, if the file asks for one.
    pub drill: Option<Drill>,
}

/// A step from a query to another one, or to its fact rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Drill {
    /// Down into a member.
    Down {
        /// The member.
        member: MemberRef,
        /// The level to go to; the next finer one by default.
        to: Option<String>,
    },
    /// Up in a dimension (`dimension` or `dimension.hierarchy`).
    Up {
        /// The dimension.
        dimension: String,
        /// The hierarchy.
        hierarchy: Option<String>,
    },
    /// Through to the fact rows of one cell.
    Through {
        /// The members that name the cell.
        cell: Vec<MemberRef>,
    },
}

/// Reads a query file; `name` stands in messages.
pub fn read_query_file(name: &str, text: &str) -> Result<QueryFile, Faults> {
    let mut faults = Faults::default();
    let file = parse_yaml(name, text, &mut faults).and_then(|node| decode(&node, &mut faults));
    match file {
        Some(file) if faults.is_empty() => Ok(file),
        _ => Err(faults.sorted()),
    }
}

fn decode(node: &Node, faults: &mut Faults) -> Option<QueryFile> {
    let mut fields = Fields::of(node, "a query", faults)?;
    let query = CubeQuery {
        cube: fields.need("cube").unwrap_or_default(),
        measures: fields.list("measures"),
        axes: axes(&mut fields),
        attributes: fields
            .list::<Written<AttributeRef>>("attributes")
            .into_iter()
            .map(|it| it.0)
            .collect(),
        sets: fields.list("sets"),
        filters: fields
            .list::<Written<Filter>>("where")
            .into_iter()
            .map(|it| it.0)
            .collect(),
        measure_filters: fields
            .list::<Written<_>>("having")
            .into_iter()
            .map(|it| it.0)
            .collect(),
        sort: fields
            .list::<Written<Sort>>("sort")
            .into_iter()
            .map(|it| it.0)
            .collect(),
        tops: fields
            .want::<OneOrMore<Top>>("top")
            .map(|tops| tops.0)
            .unwrap_or_default(),
        limit: fields.want("limit"),
        history: fields
            .want::<Written<History>>("history")
            .map(|it| it.0)
            .unwrap_or_default(),
        include_deleted: fields.or("include_deleted", false),
        locale: fields.want("locale").unwrap_or_default(),
        version: fields.want("version"),
        model_hash: fields.want("model_hash"),
        page_token: fields.want("page_token"),
    };
    let drill = fields.want("drill");
    fields.finish();
    Some(QueryFile { query, drill })
}

/// `rows`, `columns` and `pages`; `subtotals` names the axes and levels that have them.
fn axes(fields: &mut Fields<'_, '_>) -> Vec<Axis> {
    let levels = |list: Vec<Written<LevelRef>>| list.into_iter().map(|level| level.0);
    let rows: Vec<_> = levels(fields.list("rows")).collect();
    let columns: Vec<_> = levels(fields.list("columns")).collect();
    let mut axes = vec![Axis::of(rows), Axis::of(columns)];
    axes.extend(
        fields
            .list::<OneOrMore<LevelRef>>("pages")
            .into_iter()
            .map(|page| Axis::of(page.0)),
    );
    let places = fields.list::<Placed>("subtotals");
    for Placed { text, place } in places {
        if let Err(reason) = add_subtotals(&mut axes, &text) {
            fields.faults().add(&place, reason);
        }
    }
    while axes.last().is_some_and(|axis| axis.levels.is_empty()) {
        axes.pop();
    }
    axes
}

/// One thing with a short written form, or a list of them.
struct OneOrMore<T>(Vec<T>);

impl<T: ShortForm> Decoder for OneOrMore<T> {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let nodes = match &node.value {
            Value::Sequence(nodes) => nodes.iter().collect(),
            _ => vec![node],
        };
        let decoded = nodes
            .into_iter()
            .filter_map(|node| Written::decode(node, faults));
        Some(Self(decoded.map(|it: Written<T>| it.0).collect()))
    }
}

/// A text with its place.
struct Placed {
    text: String,
    place: Place,
}

impl Decoder for Placed {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        Some(Self {
            text: String::decode(node, faults)?,
            place: node.place.clone(),
        })
    }
}

/// Something with a short written form.
struct Written<T>(T);

/// The short written form of a type.
trait ShortForm: Sized {
    fn read(text: &str) -> Result<Self, String>;
}

impl<T: ShortForm> Decoder for Written<T> {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let text = String::decode(node, faults)?;
        match T::read(&text) {
            Ok(value) => Some(Self(value)),
            Err(reason) => {
                faults.add(&node.place, reason);
                None
            }
        }
    }
}

fn text_of(error: ParseError) -> String {
    error.to_string()
}

impl ShortForm for Filter {
    fn read(text: &str) -> Result<Self, String> {
        parse_filter(text).map_err(text_of)
    }
}

impl ShortForm for super::cube_query::MeasureFilter {
    fn read(text: &str) -> Result<Self, String> {
        parse_measure_filter(text).map_err(text_of)
    }
}

impl ShortForm for Sort {
    fn read(text: &str) -> Result<Self, String> {
        parse_sort(text).map_err(text_of)
    }
}

impl ShortForm for Top {
    fn read(text: &str) -> Result<Self, String> {
        parse_top(text).map_err(text_of)
    }
}

impl ShortForm for LevelRef {
    fn read(text: &str) -> Result<Self, String> {
        text.parse()
    }
}

impl ShortForm for AttributeRef {
    fn read(text: &str) -> Result<Self, String> {
        text.parse()
    }
}

impl ShortForm for History {
    fn read(text: &str) -> Result<Self, String> {
        text.parse()
    }
}

impl ShortForm for MemberRef {
    fn read(text: &str) -> Result<Self, String> {
        let filter = parse_filter(text).map_err(text_of)?;
        match filter.condition {
            Condition::In(mut paths) if paths.len() == 1 => {
                let path = paths.pop().unwrap_or_default();
                Ok(Self {
                    level: filter.level,
                    path,
                })
            }
            _ => Err(format!("'{text}' must name one member: level = member")),
        }
    }
}

impl Decoder for Drill {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let mut fields = Fields::of(node, "a drill", faults)?;
        let down = fields.want::<Written<MemberRef>>("down");
        let to = fields.want("to");
        let up = fields.want::<String>("up");
        let through = fields.list::<Written<MemberRef>>("through");
        let place = fields.place().clone();
        fields.finish();
        match (down, up, through.is_empty()) {
            (Some(member), None, true) => Some(Self::Down {
                member: member.0,
                to,
            }),
            (None, Some(name), true) => Some(drill_up(&name)),
            (None, None, false) => Some(Self::Through {
                cell: through.into_iter().map(|it| it.0).collect(),
            }),
            _ => report_drill(&place, faults),
        }
    }
}

fn drill_up(name: &str) -> Drill {
    let (dimension, hierarchy) = match name.split_once('.') {
        Some((dimension, hierarchy)) => (dimension, Some(hierarchy.to_owned())),
        None => (name, None),
    };
    Drill::Up {
        dimension: dimension.to_owned(),
        hierarchy,
    }
}

fn report_drill(place: &Place, faults: &mut Faults) -> Option<Drill> {
    faults.add(
        place,
        "a drill needs exactly one of 'down', 'up' and 'through'",
    );
    None
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::query::Subtotals;

    #[test]
    fn a_query_file_becomes_a_query() {
        let text = "cube: sales\nmeasures: [net]\nrows: [d.y]\ncolumns: [c.s]\nsubtotals: [rows]\n\
                    where: ['d.y in 1, 2']\ntop: 2 by net\nhistory: as_of 2024-05-01\n\
                    drill: { down: d.y = 1 }\n";
        let file = read_query_file("q.yaml", text).unwrap();
        assert_eq!(file.query.axes.len(), 2);
        assert_eq!(file.query.axes[0].subtotals, Subtotals::All);
        assert_eq!(file.query.axes[1].subtotals, Subtotals::None);
        assert_eq!(file.query.tops.len(), 1);
        let several = text.replace("2 by net", "[d.y where net > 1, 2 by net]");
        let several = read_query_file("q.yaml", &several).unwrap();
        assert_eq!(several.query.tops.len(), 2);
        assert_eq!(file.query.history.to_string(), "as_of 2024-05-01");
        assert!(matches!(file.drill, Some(Drill::Down { to: None, .. })));
    }

    #[test]
    fn all_faults_come_with_their_places() {
        let text = "cube: sales\nmesures: [net]\nrows: [year]\nwhere: ['d.y ~ 1']\n";
        let faults = read_query_file("q.yaml", text).unwrap_err().to_string();
        assert!(faults.contains("q.yaml:2:1"), "{faults}");
        assert!(faults.contains("did you mean 'measures'?"), "{faults}");
        assert!(faults.contains("q.yaml:3:8"), "{faults}");
        assert!(faults.contains("q.yaml:4:9"), "{faults}");
    }

    #[test]
    fn each_page_is_an_axis_and_all_have_subtotals_together() {
        let text = "cube: sales\nmeasures: [net]\nrows: [d.y]\npages: [c.s, [p.c, p.n]]\nsubtotals: [pages]\n";
        let query = read_query_file("q.yaml", text).unwrap().query;
        let axes = query
            .axes
            .iter()
            .map(|axis| (axis.levels.len(), axis.subtotals == Subtotals::All));
        let expected = [(1, false), (0, false), (1, true), (2, true)];
        assert_eq!(axes.collect::<Vec<_>>(), expected);
    }
}
