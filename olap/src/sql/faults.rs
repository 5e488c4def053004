//! What is wrong with a statement, in words with its place: syntax, writes, unknown names, values.

use arrow::error::ArrowError;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use planisphere_schemas::ErrorKind;

use crate::error::{OlapError, QueryFaults};

/// The statement writes or sets something.
pub(super) fn read_only(what: &str) -> OlapError {
    let hint =
        "ask with SELECT, WITH, VALUES, SHOW, DESCRIBE or EXPLAIN; only loads change a warehouse";
    invalid(
        "sql",
        format!("the warehouse is read-only: {what} is refused"),
        Some(hint.into()),
    )
}

/// The parser's error.
pub(super) fn syntax(error: DataFusionError) -> OlapError {
    let text = match error.find_root() {
        DataFusionError::SQL(parser, _) => parser.to_string(),
        other => other.strip_backtrace(),
    };
    let text = text.trim_start_matches("sql parser error: ");
    match split_place(text) {
        Some((message, place)) => invalid(place, format!("syntax error: {message}"), None),
        None => invalid("sql", format!("syntax error: {text}"), None),
    }
}

/// Splits `… at Line: 2, Column: 6` into the message and `line 2, column 6`.
fn split_place(text: &str) -> Option<(&str, String)> {
    let (message, place) = text.rsplit_once(" at Line: ")?;
    let (line, column) = place.split_once(", Column: ")?;
    let digits = |text: &str| {
        text.chars()
            .take_while(char::is_ascii_digit)
            .collect::<String>()
    };
    Some((
        message,
        format!("line {}, column {}", digits(line), digits(column)),
    ))
}

/// The planner's errors, all of them.
pub(super) fn planning(error: &DataFusionError) -> OlapError {
    let mut faults = QueryFaults::default();
    error
        .iter()
        .for_each(|error| add_planning(&mut faults, error));
    OlapError::Faults { faults }
}

fn add_planning(faults: &mut QueryFaults, error: &DataFusionError) {
    let span = error.diagnostic().and_then(|diagnostic| diagnostic.span);
    let place = span.map_or("sql".into(), |span| {
        format!("line {}, column {}", span.start.line, span.start.column)
    });
    match error.find_root() {
        DataFusionError::SchemaError(schema, _) => add_schema(faults, place, schema),
        DataFusionError::Diagnostic(_, inner) => {
            faults.invalid(place, plain(&inner.strip_backtrace()), None);
        }
        other => faults.invalid(place, plain(&other.strip_backtrace()), None),
    }
}

fn add_schema(faults: &mut QueryFaults, place: String, error: &SchemaError) {
    match error {
        SchemaError::FieldNotFound {
            field,
            valid_fields,
        } => {
            let of_table = valid_fields
                .iter()
                .filter(|valid| field.relation.is_none() || valid.relation == field.relation);
            let known: Vec<&str> = of_table.map(|valid| valid.name.as_str()).collect();
            faults.unknown(place, "column", &field.name, known);
        }
        SchemaError::AmbiguousReference { field } => {
            let message = format!("column '{}' stands in several tables", field.name);
            faults.invalid(place, message, Some("write table.column".into()));
        }
        other => faults.invalid(place, other.to_string(), None),
    }
}

/// The planner's text without its labels.
fn plain(text: &str) -> String {
    let labels = [
        "Error during planning: ",
        "This feature is not implemented: ",
        "Execution error: ",
    ];
    let mut text = text;
    while let Some(rest) = labels.iter().find_map(|label| text.strip_prefix(label)) {
        text = rest;
    }
    let mut text = text.trim_end_matches('.').to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    text
}

/// Of an error while rows come, says whether the statement's own values are the cause.
pub(super) fn running(error: OlapError) -> OlapError {
    let OlapError::Engine { doing, source } = error else {
        return error;
    };
    match source.find_root() {
        DataFusionError::Plan(text)
        | DataFusionError::NotImplemented(text)
        | DataFusionError::Execution(text) => invalid("sql", plain(text), None),
        DataFusionError::ArrowError(arrow, _) if is_of_values(arrow) => {
            invalid("sql", plain(&arrow.to_string()), None)
        }
        DataFusionError::SchemaError(..) => planning(&source),
        _ => OlapError::Engine { doing, source },
    }
}

fn is_of_values(error: &ArrowError) -> bool {
    matches!(
        error,
        ArrowError::CastError(_)
            | ArrowError::ParseError(_)
            | ArrowError::DivideByZero
            | ArrowError::ComputeError(_)
            | ArrowError::InvalidArgumentError(_)
    )
}

fn invalid(place: impl Into<String>, message: String, hint: Option<String>) -> OlapError {
    let mut faults = QueryFaults::default();
    faults.invalid(place, message, hint);
    debug_assert_eq!(
        faults.iter().next().map(|fault| fault.kind),
        Some(ErrorKind::Invalid)
    );
    OlapError::Faults { faults }
}
