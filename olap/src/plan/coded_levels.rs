//! The columns by which facts are grouped for the levels of a query: numbers of members where these are quicker than the members.
//!
//! Members of a dimension are numbered in its own rows, so that the join carries one number for a whole path; texts of the fact are numbered
//! as it is read. The members come back once the groups are made.

use arrow::datatypes::{DataType as Arrow, Schema};
use datafusion::catalog::TableProvider;
use datafusion::functions::expr_fn::coalesce;
use datafusion::logical_expr::{Expr, lit, when};
use planisphere_schemas::model::SpecialMember;

use super::apart::apart;
use super::columns::{column, fact_column, role_column, special_of};
use super::group_members::{GroupLevel, GroupPart};
use super::join_roles::bridged_roles;
use super::member_codes::{BEYOND, MemberCodes};
use super::planner::Planner;
use super::resolved::ResolvedQuery;
use crate::error::Result;
use crate::model::DimensionSource;

/// Members are numbered where facts have at least so many times as many rows.
const FACTS_OF_A_MEMBER: usize = 4;

/// How the levels of a query are grouped; none of them by numbers unless they are asked for.
#[derive(Default)]
pub(crate) struct CodedLevels(Vec<Coded>);

/// The group columns of one level.
enum Coded {
    /// As the level has them.
    Plain,
    /// The number of the member.
    Role {
        role: String,
        name: String,
        keys: Vec<String>,
        codes: MemberCodes,
    },
    /// Columns of the fact.
    Degenerate(Vec<CodedColumn>),
}

/// A column of the fact.
struct CodedColumn {
    column: String,
    /// How many levels before this one have the same: the engine would take all for one.
    copies: usize,
    key: String,
    special: String,
    /// Of texts their numbers.
    codes: Option<MemberCodes>,
}

impl CodedColumn {
    fn code(&self) -> String {
        format!("{}#code", self.key)
    }

    /// The texts that have no number.
    fn beyond(&self) -> String {
        format!("{}#beyond", self.key)
    }

    /// Its group columns.
    fn names(&self) -> Vec<String> {
        match self.codes {
            Some(_) => vec![self.code(), self.beyond()],
            None => vec![self.code()],
        }
    }

    fn expressions(&self) -> Result<Vec<Expr>> {
        let text = fact_column(&self.column);
        let Some(codes) = &self.codes else {
            let own = (0..self.copies).fold(text, |value, _| apart(value));
            // under another name than the level's own: a ranking groups the same facts by that
            return Ok(vec![own.alias(self.code())]);
        };
        let code = codes.code(vec![text.clone()]);
        let beyond = when(code.clone().eq(lit(BEYOND)), text).end();
        let beyond = beyond.map_err(Planner::failed)?;
        Ok(vec![code.alias(self.code()), beyond.alias(self.beyond())])
    }

    /// The key and the special member of a group; `is_total` is true where it is summed over.
    fn members(&self, is_total: Option<Expr>) -> Result<Vec<Expr>> {
        let (key, is_member) = match &self.codes {
            Some(codes) => {
                let code = column(&self.code());
                let told = codes.told(code.clone(), 0);
                (
                    coalesce(vec![column(&self.beyond()), told]),
                    Some(code.is_not_null()),
                )
            }
            None => (column(&self.code()), is_total.map(|it| it.is_not_true())),
        };
        let is_missing = key.clone().is_null();
        let is_missing = match is_member {
            Some(is_member) => is_member.and(is_missing),
            None => is_missing,
        };
        let special = when(is_missing, lit(SpecialMember::NotGiven.key())).end();
        let special = special.map_err(Planner::failed)?;
        Ok(vec![key.alias(&self.key), special.alias(&self.special)])
    }
}

impl CodedLevels {
    /// The levels of a query by numbers where that is quicker.
    pub(crate) fn of(
        planner: &Planner<'_>,
        query: &ResolvedQuery,
        levels: &[GroupLevel],
    ) -> Result<Self> {
        // facts with many members are grouped in another way
        if !bridged_roles(query).is_empty() {
            return Ok(Self::default());
        }
        let table = planner.table(&query.star.table())?;
        let (schema, facts) = (table.schema(), rows(table.as_ref()));
        let mut seen: Vec<&str> = Vec::new();
        let mut coded = Vec::new();
        for level in levels {
            let introduced = level.parts.iter().filter(|part| part.introduced);
            let introduced: Vec<&GroupPart> = introduced.collect();
            coded.push(match &level.level.source {
                DimensionSource::Role { dimension, .. } => {
                    role(planner, level, (dimension, facts), &introduced)?
                }
                DimensionSource::Degenerate => degenerate(&schema, &introduced, &mut seen),
            });
        }
        Ok(Self(coded))
    }

    /// The names of the columns by which a level is grouped.
    pub(crate) fn columns(&self, at: usize, level: &GroupLevel) -> Vec<String> {
        match self.0.get(at) {
            None | Some(Coded::Plain) => level.columns(),
            Some(Coded::Role { name, .. }) => vec![name.clone()],
            Some(Coded::Degenerate(columns)) => {
                columns.iter().flat_map(CodedColumn::names).collect()
            }
        }
    }

    /// The key and special member of each part of a group; `is_total` is true where it is summed over.
    pub(crate) fn members(
        &self,
        at: usize,
        level: &GroupLevel,
        is_total: Option<Expr>,
    ) -> Result<Vec<Expr>> {
        match self.0.get(at) {
            None | Some(Coded::Plain) => {
                Ok(level.columns().iter().map(|name| column(name)).collect())
            }
            Some(Coded::Role { name, codes, .. }) => {
                let names = level.columns().into_iter().enumerate();
                let told = names.map(|(at, own)| codes.told(column(name), at).alias(own));
                Ok(told.collect())
            }
            Some(Coded::Degenerate(columns)) => {
                let members = columns.iter().map(|it| it.members(is_total.clone()));
                Ok(members.collect::<Result<Vec<_>>>()?.concat())
            }
        }
    }

    /// The levels that are grouped as they are.
    pub(crate) fn plain<'l>(&self, levels: &'l [GroupLevel]) -> Vec<&'l GroupLevel> {
        let plain = levels.iter().enumerate();
        plain
            .filter(|(at, _)| matches!(self.0.get(*at), None | Some(Coded::Plain)))
            .map(|(_, level)| level)
            .collect()
    }

    /// What is computed of the columns of the fact.
    pub(crate) fn of_fact(&self) -> Result<Vec<Expr>> {
        let mut expressions = Vec::new();
        for coded in &self.0 {
            if let Coded::Degenerate(columns) = coded {
                for column in columns {
                    expressions.extend(column.expressions()?);
                }
            }
        }
        Ok(expressions)
    }

    /// What is computed of the rows of a dimension in a role.
    pub(crate) fn of_role(&self, role: &str) -> Vec<Expr> {
        let coded = self.0.iter().filter_map(|coded| match coded {
            Coded::Role {
                role: own,
                name,
                keys,
                codes,
            } if own == role => {
                let pairs = keys
                    .iter()
                    .flat_map(|key| [column(key), column(&special_of(key))]);
                Some(codes.code(pairs.collect()).alias(in_role(name)))
            }
            _ => None,
        });
        coded.collect()
    }

    /// The numbers of members in joined facts.
    pub(crate) fn of_joined(&self) -> Vec<Expr> {
        let coded = self.0.iter().filter_map(|coded| match coded {
            Coded::Role { role, name, .. } => Some(role_column(role, &in_role(name)).alias(name)),
            _ => None,
        });
        coded.collect()
    }
}

/// The number of a member in the rows of its dimension.
fn in_role(name: &str) -> String {
    format!("#{name}")
}

/// How many rows a table has, if that is known.
fn rows(table: &dyn TableProvider) -> Option<usize> {
    table.statistics()?.num_rows.get_value().copied()
}

fn role(
    planner: &Planner<'_>,
    level: &GroupLevel,
    (dimension, facts): (&str, Option<usize>),
    introduced: &[&GroupPart],
) -> Result<Coded> {
    let table = planner.table(&planner.dimension(dimension)?.table())?;
    let members = rows(table.as_ref());
    let are_many = |facts: usize, members: usize| members.saturating_mul(FACTS_OF_A_MEMBER) > facts;
    if facts
        .zip(members)
        .is_some_and(|(facts, members)| are_many(facts, members))
    {
        return Ok(Coded::Plain);
    }
    let schema = table.schema();
    let mut types = Vec::new();
    for part in introduced {
        let key = &part.level.key;
        let data_type = match schema.field_with_name(&key.name) {
            Ok(field) => field.data_type().clone(),
            // of a member above, which the table does not hold
            Err(_) => key.data_type.arrow(),
        };
        types.extend([data_type, Arrow::Int32]);
    }
    let pool = &planner.state.runtime_env().memory_pool;
    Ok(Coded::Role {
        role: level.level.dimension().to_owned(),
        name: format!("{}#code", level.own()?.key),
        keys: introduced
            .iter()
            .map(|part| part.level.key.name.clone())
            .collect(),
        codes: MemberCodes::of_rows(types, pool).map_err(Planner::failed)?,
    })
}

/// Columns of the fact.
fn degenerate<'p>(schema: &Schema, introduced: &[&'p GroupPart], seen: &mut Vec<&'p str>) -> Coded {
    let columns = introduced.iter().map(|part| {
        let column = part.level.key.name.as_str();
        let copies = seen.iter().filter(|other| **other == column).count();
        seen.push(column);
        let field = schema.field_with_name(column);
        let is_text = field.is_ok_and(|field| *field.data_type() == Arrow::Utf8);
        CodedColumn {
            column: column.to_owned(),
            copies,
            key: part.key.clone(),
            special: part.special(),
            codes: is_text.then(MemberCodes::of_texts),
        }
    });
    Coded::Degenerate(columns.collect())
}
