//! Expressions of calculated measures: SQL scalars over measures, and functions that take a measure in another context than the cell.
//!
//! ```text
//! revenue / prev(revenue, order_date.year) - 1     the same period of the year before
//! to_date(revenue, order_date.year)                from the beginning of the year on
//! revenue / parent(revenue, product)               the share of the member above
//! ```

use std::fmt;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Value,
    visit_expressions_mut,
};
use serde::{Deserialize, Serialize};

use super::sql::parse_expression;

/// A function that takes a measure in another context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContextFunction {
    /// So many members of a level before; below the level at the same place.
    Prev,
    /// From the beginning of the member of a level to the end of the cell.
    ToDate,
    /// The last so many members of a level, up to the end of the cell.
    Rolling,
    /// From the first member to the end of the cell.
    Cumulative,
    /// From the first member to the beginning of the member of a level.
    Opening,
    /// The member above.
    Parent,
    /// The member of a level above.
    Ancestor,
    /// All members that the query admits.
    Total,
    /// The place among the members of the same one above, the greatest value first.
    Rank,
}

const FUNCTIONS: [(&str, ContextFunction); 9] = [
    ("prev", ContextFunction::Prev),
    ("to_date", ContextFunction::ToDate),
    ("rolling", ContextFunction::Rolling),
    ("cumulative", ContextFunction::Cumulative),
    ("opening", ContextFunction::Opening),
    ("parent", ContextFunction::Parent),
    ("ancestor", ContextFunction::Ancestor),
    ("total", ContextFunction::Total),
    ("rank", ContextFunction::Rank),
];

impl ContextFunction {
    /// The function as it is written.
    pub fn name(self) -> &'static str {
        let mut functions = FUNCTIONS.iter();
        functions
            .find(|(_, function)| *function == self)
            .map_or("", |(name, _)| name)
    }

    /// How a call looks.
    fn form(self) -> &'static str {
        match self {
            Self::Prev => {
                "prev(measure, dimension), prev(measure, dimension.level) or prev(measure, dimension.level, 2)"
            }
            Self::ToDate => "to_date(measure, dimension.level)",
            Self::Rolling => "rolling(measure, dimension.level, 3)",
            Self::Cumulative => "cumulative(measure, dimension)",
            Self::Opening => "opening(measure, dimension.level)",
            Self::Parent => "parent(measure, dimension)",
            Self::Ancestor => "ancestor(measure, dimension.level)",
            Self::Total => "total(measure, dimension)",
            Self::Rank => "rank(measure, dimension)",
        }
    }

    fn takes(self, has_level: bool, has_number: bool) -> bool {
        match self {
            Self::Prev => has_level || !has_number,
            Self::ToDate | Self::Opening | Self::Ancestor => has_level && !has_number,
            Self::Rolling => has_level && has_number,
            Self::Cumulative | Self::Parent | Self::Total | Self::Rank => !has_level && !has_number,
        }
    }
}

/// A measure in another context.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ContextCall {
    /// Where.
    pub function: ContextFunction,
    /// The measure.
    pub measure: String,
    /// The dimension of the cube whose members change.
    pub dimension: String,
    /// The hierarchy of the level, where it is said.
    pub hierarchy: Option<String>,
    /// The level.
    pub level: Option<String>,
    /// How many members.
    pub number: Option<u32>,
}

/// The call as it is written; also the name of the column that holds what it finds.
impl fmt::Display for ContextCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}({}, {}",
            self.function.name(),
            self.measure,
            self.dimension
        )?;
        for part in [&self.hierarchy, &self.level].into_iter().flatten() {
            write!(f, ".{part}")?;
        }
        if let Some(number) = self.number {
            write!(f, ", {number}")?;
        }
        f.write_str(")")
    }
}

/// A calculated measure's expression.
#[derive(Debug, Clone, PartialEq)]
pub struct CubeExpression {
    /// The scalar, in which each call of a context is a column of the name that it is written with.
    pub scalar: Expr,
    /// The contexts, each once.
    pub contexts: Vec<ContextCall>,
}

/// Parses the expression of a calculated measure.
///
/// # Errors
/// What is wrong with the text, if it is not one scalar or a function has wrong arguments.
pub fn parse_cube_expression(text: &str) -> Result<CubeExpression, String> {
    let mut scalar = parse_expression(text)?;
    let mut contexts: Vec<ContextCall> = Vec::new();
    let wrong = visit_expressions_mut(&mut scalar, |part| {
        let Expr::Function(call) = part else {
            return ControlFlow::Continue(());
        };
        let name = call.name.to_string().to_lowercase();
        let Some((_, function)) = FUNCTIONS.iter().find(|(known, _)| *known == name) else {
            return ControlFlow::Continue(());
        };
        let Some(context) = call_of(*function, call) else {
            return ControlFlow::Break(format!("'{part}' should be {}", function.form()));
        };
        *part = Expr::Identifier(Ident::with_quote('"', context.to_string()));
        if !contexts.contains(&context) {
            contexts.push(context);
        }
        ControlFlow::Continue(())
    });
    match wrong {
        ControlFlow::Break(message) => Err(message),
        ControlFlow::Continue(()) => Ok(CubeExpression { scalar, contexts }),
    }
}

fn call_of(function: ContextFunction, call: &Function) -> Option<ContextCall> {
    let FunctionArguments::List(list) = &call.args else {
        return None;
    };
    let arguments: Option<Vec<&Expr>> = list.args.iter().map(plain).collect();
    let (measure, place, number) = match arguments?.as_slice() {
        [measure, place] => (*measure, *place, None),
        [measure, place, number] => (*measure, *place, Some(positive(number)?)),
        _ => return None,
    };
    let Expr::Identifier(measure) = measure else {
        return None;
    };
    let names: Vec<String> = match place {
        Expr::Identifier(name) => vec![name.value.clone()],
        Expr::CompoundIdentifier(names) => names.iter().map(|name| name.value.clone()).collect(),
        _ => return None,
    };
    let (dimension, hierarchy, level) = match names.as_slice() {
        [dimension] => (dimension, None, None),
        [dimension, level] => (dimension, None, Some(level.clone())),
        [dimension, hierarchy, level] => (dimension, Some(hierarchy.clone()), Some(level.clone())),
        _ => return None,
    };
    function
        .takes(level.is_some(), number.is_some())
        .then(|| ContextCall {
            function,
            measure: measure.value.clone(),
            dimension: dimension.clone(),
            hierarchy,
            level,
            number,
        })
}

fn plain(argument: &FunctionArg) -> Option<&Expr> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expression)) => Some(expression),
        _ => None,
    }
}

fn positive(number: &Expr) -> Option<u32> {
    let Expr::Value(value) = number else {
        return None;
    };
    let Value::Number(number, _) = &value.value else {
        return None;
    };
    number.parse().ok().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn contexts_become_columns() {
        let text = "revenue / Prev(revenue, order_date.year) - coalesce(rolling(revenue, d.h.month, 3), prev(revenue, order_date.year))";
        let parsed = parse_cube_expression(text).unwrap();
        let contexts: Vec<String> = parsed.contexts.iter().map(ContextCall::to_string).collect();
        assert_eq!(
            contexts,
            [
                "prev(revenue, order_date.year)",
                "rolling(revenue, d.h.month, 3)"
            ]
        );
        assert_eq!(
            parsed.scalar.to_string(),
            "revenue / \"prev(revenue, order_date.year)\" - coalesce(\"rolling(revenue, d.h.month, 3)\", \"prev(revenue, order_date.year)\")"
        );
    }

    #[test]
    fn calls_of_another_form_are_told_how_they_look() {
        for text in [
            "to_date(revenue, order_date)",
            "rolling(revenue, order_date.month)",
            "prev(revenue + 1, order_date)",
            "prev(revenue, order_date.month, 0)",
            "parent(revenue)",
            "total(revenue, product.category)",
        ] {
            let wrong = parse_cube_expression(text).unwrap_err();
            assert!(wrong.contains("should be"), "{wrong}");
        }
    }
}
