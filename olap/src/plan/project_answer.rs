//! Eighth step: the columns of the answer, and what the header says about each.

use std::collections::BTreeSet;

use datafusion::logical_expr::{Expr, LogicalPlanBuilder, cast, lit, when};
use datafusion::scalar::ScalarValue;
use planisphere_schemas::model::{DataType, SpecialMember};

use super::columns::column;
use super::group_members::{GroupLevel, GroupPart};
use super::label_members::{attributes_of, is_named};
use super::member_rows::caption_of;
use super::planner::{PlanStep, Planner};
use super::resolved::{ResolvedAttribute, ResolvedQuery};
use crate::error::Result;
use crate::model::ColumnType;
use crate::query::Language;
use crate::result::{ColumnRole, LevelPart, ResultColumn};

/// One column of the answer.
struct AnswerColumn {
    expression: Expr,
    column: ResultColumn,
}

/// Computes the columns of the answer; the columns that only order it stay beside them.
pub(crate) fn project_answer(
    plan: LogicalPlanBuilder,
    query: &ResolvedQuery,
    levels: &[GroupLevel],
) -> Result<(LogicalPlanBuilder, Vec<ResultColumn>)> {
    let mut answer = Vec::new();
    for level in levels {
        answer.extend(level_columns(query, level)?);
    }
    for name in &query.measures.asked {
        answer.push(measure_column(query, name)?);
    }
    let (expressions, columns): (Vec<Expr>, Vec<ResultColumn>) = answer
        .into_iter()
        .map(|it| (it.expression.alias(&it.column.name), it.column))
        .unzip();
    Ok((with_order_columns(plan, expressions)?, columns))
}

/// These columns, and all others of the plan that have other names.
///
/// What is computed is computed before rows are ordered: above a sort, the engine would spread rows over
/// partitions to compute, and their order would be lost.
pub(crate) fn with_order_columns(plan: LogicalPlanBuilder, computed: Vec<Expr>) -> PlanStep {
    let names: BTreeSet<String> = computed
        .iter()
        .map(|column| column.schema_name().to_string())
        .collect();
    let others = plan
        .schema()
        .columns()
        .into_iter()
        .filter(|it| !names.contains(&it.name));
    let others: Vec<Expr> = others.map(Expr::Column).collect();
    plan.project([computed, others].concat())
        .map_err(Planner::failed)
}

fn measure_column(query: &ResolvedQuery, name: &str) -> Result<AnswerColumn> {
    let measure = query.measures.get(name);
    let measure = measure.ok_or_else(|| Planner::internal(format!("measure '{name}' is lost")))?;
    Ok(AnswerColumn {
        expression: cast(column(name), measure.data_type.arrow()),
        column: ResultColumn {
            name: name.to_owned(),
            caption: query.language.of_caption(&measure.caption).to_owned(),
            data_type: measure.data_type,
            role: ColumnRole::Measure {
                name: name.to_owned(),
                format: measure.format,
                exactness: query.measures.exactness(name),
            },
        },
    })
}

fn level_columns(query: &ResolvedQuery, level: &GroupLevel) -> Result<Vec<AnswerColumn>> {
    let own = level.own()?;
    let mut columns = Vec::new();
    for part in level
        .parts
        .iter()
        .filter(|part| part.introduced && part.key != own.key)
    {
        let of = || part.level.name.clone();
        columns.push(key_column(
            query,
            level,
            part,
            LevelPart::AncestorKey { level: of() },
        ));
        columns.push(special_column(
            query,
            level,
            part,
            LevelPart::AncestorSpecial { level: of() },
        )?);
        columns.extend(sort_column(
            query,
            level,
            part,
            LevelPart::AncestorSort { level: of() },
        ));
    }
    let totals = query
        .axes
        .get(level.axis)
        .is_some_and(|axis| !axis.subtotals.is_empty());
    columns.push(key_column(query, level, own, LevelPart::Key));
    columns.push(special_column(query, level, own, LevelPart::Special)?);
    columns.push(caption_column(query, level, own, totals)?);
    columns.extend(sort_column(query, level, own, LevelPart::Sort));
    for told in attributes_of(query, level) {
        columns.push(attribute_column(query, level, own, told)?);
    }
    if totals {
        columns.push(AnswerColumn {
            expression: column(&own.subtotal()),
            column: described(query, level, own, LevelPart::Subtotal, DataType::Boolean),
        });
    }
    Ok(columns)
}

fn key_column(
    query: &ResolvedQuery,
    level: &GroupLevel,
    part: &GroupPart,
    role: LevelPart,
) -> AnswerColumn {
    let ColumnType { data_type, .. } = part.level.key;
    AnswerColumn {
        expression: cast(column(&part.key), data_type.arrow()),
        column: described(query, level, part, role, data_type),
    }
}

/// What members are ordered by, where that is not the key.
fn sort_column(
    query: &ResolvedQuery,
    level: &GroupLevel,
    part: &GroupPart,
    role: LevelPart,
) -> Option<AnswerColumn> {
    let data_type = part.level.sort.data_type;
    (!part.sorts_by_key()).then(|| AnswerColumn {
        expression: cast(column(&part.sort()), data_type.arrow()),
        column: described(query, level, part, role, data_type),
    })
}

/// What is told of the members; nothing of special ones.
fn attribute_column(
    query: &ResolvedQuery,
    level: &GroupLevel,
    own: &GroupPart,
    told: &ResolvedAttribute,
) -> Result<AnswerColumn> {
    let data_type = told.column.data_type;
    let value = cast(column(&own.attribute(&told.name)), data_type.arrow());
    let is_ordinary = column(&own.special()).is_null();
    let expression = when(is_ordinary, value).end().map_err(Planner::failed)?;
    let name = told.name.clone();
    let described = described(query, level, own, LevelPart::Attribute { name }, data_type);
    let caption = query.language.of_caption(&told.caption).to_owned();
    Ok(AnswerColumn {
        expression,
        column: ResultColumn {
            caption,
            ..described
        },
    })
}

fn special_column(
    query: &ResolvedQuery,
    level: &GroupLevel,
    part: &GroupPart,
    role: LevelPart,
) -> Result<AnswerColumn> {
    Ok(AnswerColumn {
        expression: special_text(column(&part.special()), |special| special.id().to_owned())?,
        column: described(query, level, part, role, DataType::Text),
    })
}

fn caption_column(
    query: &ResolvedQuery,
    level: &GroupLevel,
    own: &GroupPart,
    totals: bool,
) -> Result<AnswerColumn> {
    let name = match is_named(&own.level, query.language) {
        true => column(&own.caption()),
        false => column(&own.key),
    };
    let caption = member_caption(
        query.language,
        name,
        column(&own.key),
        column(&own.special()),
    )?;
    let expression = match totals {
        true => when(column(&own.subtotal()), lit(query.language.total()))
            .otherwise(caption)
            .map_err(Planner::failed)?,
        false => caption,
    };
    Ok(AnswerColumn {
        expression,
        column: described(query, level, own, LevelPart::Caption, DataType::Text),
    })
}

/// What people read of a member: the caption of a special one, else its name, else its key.
pub(crate) fn member_caption(
    language: Language,
    name: Expr,
    key: Expr,
    special: Expr,
) -> Result<Expr> {
    let text = |member: SpecialMember| language.of_caption(&member.caption()).to_owned();
    let special_caption = special_text(special.clone(), text)?;
    when(special.is_not_null(), special_caption)
        .otherwise(caption_of(name, key)?)
        .map_err(Planner::failed)
}

/// A text for each special member, null for ordinary ones.
pub(crate) fn special_text(special: Expr, text: impl Fn(SpecialMember) -> String) -> Result<Expr> {
    let [first, others @ ..] = SpecialMember::ALL;
    let is = |member: SpecialMember| special.clone().eq(lit(member.key()));
    let mut cases = when(is(first), lit(text(first)));
    for member in others {
        cases = cases.when(is(member), lit(text(member)));
    }
    cases
        .otherwise(lit(ScalarValue::Utf8(None)))
        .map_err(Planner::failed)
}

/// The caption of a level, with its dimension in front where levels of others read the same.
fn heading(query: &ResolvedQuery, level: &GroupLevel, part: &GroupPart) -> String {
    let language = query.language;
    let caption = language.of_caption(&part.level.caption);
    let asked = query.axes.iter().flat_map(|axis| &axis.levels);
    let mut others = asked.filter(|other| other.dimension() != level.level.dimension());
    match others.any(|other| language.of_caption(&other.caption) == caption) {
        true => language.labelled(language.of_caption(&level.level.dimension_caption), caption),
        false => caption.to_owned(),
    }
}

fn described(
    query: &ResolvedQuery,
    level: &GroupLevel,
    part: &GroupPart,
    role: LevelPart,
    data_type: DataType,
) -> ResultColumn {
    let suffix = match &role {
        LevelPart::AncestorKey { .. } | LevelPart::Key => "".to_owned(),
        LevelPart::AncestorSpecial { .. } | LevelPart::Special => ".special".to_owned(),
        LevelPart::Caption => ".caption".to_owned(),
        LevelPart::AncestorSort { .. } | LevelPart::Sort => ".sort".to_owned(),
        LevelPart::Subtotal => ".subtotal".to_owned(),
        LevelPart::Attribute { name } => format!(".attribute.{name}"),
    };
    ResultColumn {
        name: format!("{}{suffix}", part.key),
        caption: heading(query, level, part),
        data_type,
        role: ColumnRole::Level {
            axis: level.axis,
            position: level.position,
            level: level.level.name.clone(),
            part: role,
        },
    }
}
