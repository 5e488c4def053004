//! Parses one statement and refuses those that write or set something.

use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::Statement as Ast;

use super::{faults, parameters};
use crate::error::{OlapError, QueryFaults, Result};

/// Parses exactly one reading statement.
pub(super) fn parse(sql: &str) -> Result<Statement> {
    let parser = DFParserBuilder::new(sql).build();
    let statements = parser.and_then(|mut parser| parser.parse_statements());
    let mut statements = statements.map_err(faults::syntax)?;
    match (statements.pop_front(), statements.len()) {
        (None, _) => Err(one_statement("there is no statement")),
        (Some(mut statement), 0) => {
            check_reads(&statement)?;
            parameters::number_marks(&mut statement);
            Ok(statement)
        }
        (Some(_), more) => Err(one_statement(&format!("there are {} statements", more + 1))),
    }
}

fn one_statement(message: &str) -> OlapError {
    let mut faults = QueryFaults::default();
    faults.invalid("sql", message, Some("send one statement at a time".into()));
    OlapError::Faults { faults }
}

fn check_reads(statement: &Statement) -> Result<()> {
    match statement {
        Statement::Statement(ast) => check_ast(ast),
        Statement::Explain(explain) => check_reads(&explain.statement),
        Statement::CreateExternalTable(_) | Statement::CopyTo(_) | Statement::Reset(_) => {
            Err(faults::read_only(&verb(&statement.to_string())))
        }
    }
}

fn check_ast(ast: &Ast) -> Result<()> {
    match ast {
        Ast::Explain { statement, .. } => check_ast(statement),
        Ast::Query(_)
        | Ast::ExplainTable { .. }
        | Ast::ShowTables { .. }
        | Ast::ShowColumns { .. }
        | Ast::ShowVariable { .. }
        | Ast::ShowFunctions { .. } => Ok(()),
        other => Err(faults::read_only(&verb(&other.to_string()))),
    }
}

/// The first word: `INSERT`, `CREATE`, `SET`.
fn verb(statement: &str) -> String {
    statement
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use planisphere_schemas::ErrorKind;

    use super::*;

    #[test]
    fn reading_statements_pass() {
        for sql in [
            "select 1",
            "with a as (select 1) select * from a;",
            "explain select 1",
            "explain analyze select 1",
            "show tables",
            "describe dim_customer",
            "values (1), (2)",
        ] {
            assert!(parse(sql).is_ok(), "{sql}");
        }
    }

    #[test]
    fn writing_statements_are_refused() {
        for sql in [
            "insert into dim_customer values (1)",
            "update dim_customer set name = 'x'",
            "delete from dim_customer",
            "create table t (a int)",
            "create external table t stored as csv location '/etc/passwd'",
            "create view v as select 1",
            "drop table dim_customer",
            "copy dim_customer to '/tmp/x.csv'",
            "explain insert into t values (1)",
            "set datafusion.execution.batch_size = 1",
            "begin",
            "truncate table dim_customer",
        ] {
            let error = parse(sql).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.to_string().contains("read-only"), "{sql}: {error}");
        }
    }

    #[test]
    fn syntax_errors_say_where() {
        let error = parse("select *\nform dim_customer").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().starts_with("line 2, column "), "{error}");
        assert!(
            parse("select 1; select 2")
                .unwrap_err()
                .to_string()
                .contains("2 statements")
        );
        assert!(
            parse("  ")
                .unwrap_err()
                .to_string()
                .contains("no statement")
        );
        assert!(
            parse("select 'a")
                .unwrap_err()
                .to_string()
                .contains("line 1, column 8")
        );
    }
}
