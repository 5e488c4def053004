//! Drill-through: the fact rows of a cell, how many there are, and the measures over exactly these rows.

use arrow::datatypes::{DataType as Arrow, SchemaRef};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast};
use planisphere_schemas::model::{Aggregation, Caption, Cube, DataType, Format};

use super::answer::{filtered_facts, only_answer};
use super::calculate_measures::calculate_measures;
use super::coded_levels::CodedLevels;
use super::columns::{column, fact_column, role_column};
use super::join_roles::{Roles, add_role, roles_of};
use super::measure_contexts::aggregated_cells;
use super::order_rows::Page;
use super::planner::{Planner, columns_named};
use super::resolve::CubeOf;
use super::resolve_filter::resolve_filter;
use super::resolved::{ResolvedFilter, ResolvedQuery};
use super::resolved_measure::{Input, ResolvedAggregate, ResolvedKind, ResolvedMeasure};
use crate::error::{QueryFaults, Result};
use crate::query::{Condition, Filter, MemberRef};
use crate::result::{ColumnRole, ResultColumn};

/// The measure that counts the fact rows of the cell.
const ROWS: &str = "#rows";

/// What has to be run for one cell.
pub(crate) struct DetailPlan {
    /// The rows of the page.
    pub(crate) rows: LogicalPlan,
    /// What their columns say.
    pub(crate) columns: Vec<ResultColumn>,
    /// One row: the number of fact rows, then the measures asked for.
    pub(crate) totals: LogicalPlan,
}

/// Finds the members of a cell.
pub(crate) fn resolve_cell(of: &CubeOf<'_>, cell: &[MemberRef]) -> Result<Vec<ResolvedFilter>> {
    let mut faults = QueryFaults::default();
    let numbered = cell.iter().enumerate();
    let resolved = numbered.filter_map(|(number, member)| {
        let condition = Condition::In(vec![member.path.clone()]);
        let filter = Filter {
            level: member.level.clone(),
            condition,
            drilled: false,
        };
        resolve_filter(&of.view, &filter, format!("cell[{number}]"), &mut faults)
    });
    let resolved = resolved.collect();
    faults.or(resolved)
}

/// Plans the fact rows of the cell that `query.cell` names.
pub(crate) fn plan_detail(
    planner: &Planner<'_>,
    cube: &Cube,
    query: &ResolvedQuery,
    page: Page,
) -> Result<DetailPlan> {
    let mut roles = roles_of(query);
    let table = planner.table(&query.star.table())?.schema();
    let shown = shown_columns(planner, cube, query, &table, &mut roles)?;
    let facts = filtered_facts(planner, query, &roles)?;
    let (columns, mut expressions): (Vec<ResultColumn>, Vec<Expr>) = shown.into_iter().unzip();
    let identity = [
        ("source_system", "#by_system"),
        ("source_row_id", "#by_row"),
    ];
    expressions.extend(identity.map(|(stored, order)| fact_column(stored).alias(order)));
    let rows = facts
        .project(expressions)
        .and_then(|rows| rows.sort(identity.map(|(_, order)| column(order).sort(true, false))))
        .and_then(|rows| rows.limit(page.skip, page.fetch))
        .map_err(Planner::failed)?;
    Ok(DetailPlan {
        rows: only_answer(rows, &columns)?,
        columns,
        totals: plan_totals(planner, query)?,
    })
}

fn plan_totals(planner: &Planner<'_>, query: &ResolvedQuery) -> Result<LogicalPlan> {
    let mut measures = query.measures.of_rows();
    measures.needed.push(ResolvedMeasure {
        name: ROWS.into(),
        caption: Caption::default(),
        format: Format::Integer,
        data_type: DataType::Bigint,
        kind: ResolvedKind::Aggregate(ResolvedAggregate::of(Aggregation::Count, Input::Rows)),
    });
    let facts = filtered_facts(planner, query, &roles_of(query))?;
    let alone = ResolvedQuery {
        axes: Vec::new(),
        measures: measures.clone(),
        ..query.clone()
    };
    let none = CodedLevels::default();
    let cells = aggregated_cells(planner, facts, &alone, (&[], &none))?;
    let cells = calculate_measures(planner, cells, &measures)?;
    let names: Vec<String> = std::iter::once(ROWS.to_owned())
        .chain(measures.asked.iter().cloned())
        .collect();
    let totals = cells
        .project(columns_named(&names))
        .and_then(LogicalPlanBuilder::build);
    totals.map_err(Planner::failed)
}

/// The columns that the cube shows of a fact row: declared ones, else all of the fact.
fn shown_columns(
    planner: &Planner<'_>,
    cube: &Cube,
    query: &ResolvedQuery,
    table: &SchemaRef,
    roles: &mut Roles,
) -> Result<Vec<(ResultColumn, Expr)>> {
    let all = || {
        table
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect()
    };
    let names: Vec<String> = match cube.drill_through.columns.is_empty() {
        true => all(),
        false => cube.drill_through.columns.clone(),
    };
    names
        .into_iter()
        .map(|name| match name.split_once('.') {
            Some((role, attribute)) => {
                attribute_column(planner, query, roles, &name, role, attribute)
            }
            None => own_column(query, table, &name),
        })
        .collect()
}

fn attribute_column(
    planner: &Planner<'_>,
    query: &ResolvedQuery,
    roles: &mut Roles,
    name: &str,
    role: &str,
    attribute: &str,
) -> Result<(ResultColumn, Expr)> {
    let missing = || Planner::internal(format!("drill-through column '{name}' does not exist"));
    let role = query.star.role(role).ok_or_else(missing)?;
    let dimension = planner.dimension(&role.dimension)?;
    let (attribute_caption, data_type) = match dimension.attribute(attribute) {
        Some(found) => (found.caption.clone(), found.data_type),
        None if attribute == dimension.id_column() => (Caption::of_id(attribute), DataType::Text),
        None => return Err(missing()),
    };
    add_role(roles, &role.name, &role.dimension)
        .attributes
        .insert(attribute.to_owned());
    let language = query.language;
    let caption = format!(
        "{} · {}",
        language.of_caption(&role.caption),
        language.of_caption(&attribute_caption)
    );
    let value = role_column(&role.name, attribute);
    Ok(detail_column(name, caption, data_type, value))
}

fn own_column(
    query: &ResolvedQuery,
    table: &SchemaRef,
    name: &str,
) -> Result<(ResultColumn, Expr)> {
    let field = table
        .field_with_name(name)
        .map_err(|_| Planner::internal(format!("drill-through column '{name}' does not exist")))?;
    let (star, language) = (&query.star, query.language);
    let caption = star
        .measure(name)
        .map(|it| language.of_caption(&it.caption).to_owned());
    let caption = caption
        .or_else(|| {
            star.degenerate(name)
                .map(|it| language.of_caption(&it.caption).to_owned())
        })
        .unwrap_or_else(|| name.to_owned());
    let data_type = declared_type(field.data_type());
    Ok(detail_column(name, caption, data_type, fact_column(name)))
}

fn detail_column(
    name: &str,
    caption: String,
    data_type: DataType,
    value: Expr,
) -> (ResultColumn, Expr) {
    let role = ColumnRole::Detail {
        name: name.to_owned(),
    };
    let column = ResultColumn {
        name: name.to_owned(),
        caption,
        data_type,
        role,
    };
    (column, cast(value, data_type.arrow()).alias(name))
}

/// The declared type of a stored column.
fn declared_type(stored: &Arrow) -> DataType {
    match stored {
        Arrow::Int8 | Arrow::Int16 | Arrow::Int32 => DataType::Integer,
        Arrow::Int64 => DataType::Bigint,
        Arrow::Decimal128(precision, scale) => DataType::Decimal(*precision, *scale),
        Arrow::Float32 | Arrow::Float64 => DataType::Double,
        Arrow::Boolean => DataType::Boolean,
        Arrow::Date32 => DataType::Date,
        Arrow::Timestamp(..) => DataType::Timestamp,
        _ => DataType::Text,
    }
}
