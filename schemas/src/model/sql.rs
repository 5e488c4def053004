//! SQL inside model files: scalars and queries, parsed without running anything.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, ObjectName, Query, Statement, Visit, Visitor, visit_expressions_mut,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;

/// Parses one SQL scalar, such as `coalesce(a.name, 'x')`.
///
/// # Errors
/// The parser's message if the text is not exactly one scalar.
pub fn parse_expression(text: &str) -> Result<Expr, String> {
    let mut parser = Parser::new(&GenericDialect {})
        .try_with_sql(text)
        .map_err(|error| clean(&error.to_string()))?;
    let expression = parser
        .parse_expr()
        .map_err(|error| clean(&error.to_string()))?;
    let rest = parser.peek_token();
    if rest.token != datafusion::sql::sqlparser::tokenizer::Token::EOF {
        return Err(format!("'{rest}' does not belong to the expression"));
    }
    Ok(expression)
}

/// Parses one SELECT.
///
/// # Errors
/// The parser's message if the text is not exactly one query.
pub fn parse_query(text: &str) -> Result<Box<Query>, String> {
    let mut statements =
        Parser::parse_sql(&GenericDialect {}, text).map_err(|error| clean(&error.to_string()))?;
    match (statements.pop(), statements.is_empty()) {
        (Some(Statement::Query(query)), true) => Ok(query),
        _ => Err("exactly one SELECT is expected".into()),
    }
}

/// The columns that a scalar refers to, as `(qualifier, name)`.
pub fn referenced_columns(expression: &Expr) -> BTreeSet<(Option<String>, String)> {
    struct Columns(BTreeSet<(Option<String>, String)>);
    impl Visitor for Columns {
        type Break = ();
        fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<()> {
            match expression {
                Expr::Identifier(name) => {
                    self.0.insert((None, name.value.clone()));
                }
                Expr::CompoundIdentifier(parts) => {
                    if let [.., qualifier, name] = parts.as_slice() {
                        self.0
                            .insert((Some(qualifier.value.clone()), name.value.clone()));
                    }
                }
                _ => {}
            }
            ControlFlow::Continue(())
        }
    }
    let mut columns = Columns(BTreeSet::new());
    let _ = expression.visit(&mut columns);
    columns.0
}

/// A scalar as SQL in which one qualifier is replaced by another; `None` if the text is not a scalar.
pub fn rename_qualifier(text: &str, from: &str, to: &str) -> Option<String> {
    let mut expression = parse_expression(text).ok()?;
    let _ = visit_expressions_mut(&mut expression, |part| {
        if let Expr::CompoundIdentifier(names) = part
            && let [.., qualifier, _] = names.as_mut_slice()
            && qualifier.value == from
        {
            to.clone_into(&mut qualifier.value);
        }
        ControlFlow::<()>::Continue(())
    });
    Some(expression.to_string())
}

/// The tables that a query reads, names of its own CTEs left out.
pub fn referenced_tables(query: &Query) -> BTreeSet<String> {
    struct Tables(BTreeSet<String>);
    impl Visitor for Tables {
        type Break = ();
        fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
            let last = relation.0.last().and_then(|part| part.as_ident());
            self.0.extend(last.map(|name: &Ident| name.value.clone()));
            ControlFlow::Continue(())
        }
    }
    let mut tables = Tables(BTreeSet::new());
    let _ = query.visit(&mut tables);
    for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
        tables.0.remove(&cte.alias.name.value);
    }
    tables.0
}

/// Drops the parser's own prefix from its message.
fn clean(message: &str) -> String {
    message.trim_start_matches("sql parser error: ").to_owned()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_expression_knows_its_columns() {
        let parsed = parse_expression("coalesce(a.name, upper(city)) || '-' || a.name").unwrap();
        let columns = referenced_columns(&parsed);
        let expected = [
            (None, "city".to_owned()),
            (Some("a".to_owned()), "name".to_owned()),
        ];
        assert_eq!(columns, BTreeSet::from(expected));
    }

    #[test]
    fn a_qualifier_is_renamed_everywhere_and_nothing_else() {
        let renamed = rename_qualifier("u.id = a.u and coalesce(u.x, 'u.x') = '1'", "u", "v");
        assert_eq!(
            renamed.as_deref(),
            Some("v.id = a.u AND coalesce(v.x, 'u.x') = '1'")
        );
    }

    #[test]
    fn a_query_knows_its_tables() {
        let query =
            parse_query("with x as (select 1 from b) select * from a join x on true").unwrap();
        assert_eq!(
            referenced_tables(&query),
            BTreeSet::from(["a".to_owned(), "b".to_owned()])
        );
    }

    #[test]
    fn leftovers_and_statements_are_refused() {
        assert!(
            parse_expression("a b")
                .unwrap_err()
                .contains("does not belong")
        );
        assert!(parse_expression("a +").is_err());
        assert!(parse_query("drop table a").is_err());
    }
}
