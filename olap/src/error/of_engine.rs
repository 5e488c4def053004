//! What errors of the engine mean.

use datafusion::error::DataFusionError;
use planisphere_schemas::ErrorKind;

/// The text of an arithmetic error inside an engine error, if it is one.
pub(super) fn overflow_text(error: &DataFusionError) -> Option<String> {
    use arrow::error::ArrowError;
    match error.find_root() {
        DataFusionError::ArrowError(inner, _) => match inner.as_ref() {
            ArrowError::ArithmeticOverflow(text)
            | ArrowError::CastError(text)
            | ArrowError::InvalidArgumentError(text)
                if text.contains("verflow")
                    || text.contains("out of range")
                    || text.contains("too large")
                    || text.contains("too small") =>
            {
                Some(text.clone())
            }
            ArrowError::ArithmeticOverflow(text) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// How a complaint about the operator of a member begins.
pub(crate) const UNKNOWN_OPERATOR: &str = "unknown operator";

/// The text of a complaint about an operator, if it is one.
pub(super) fn operator_text(error: &DataFusionError) -> Option<String> {
    match error.find_root() {
        DataFusionError::Execution(text) => {
            text.starts_with(UNKNOWN_OPERATOR).then(|| text.clone())
        }
        _ => None,
    }
}

pub(super) fn engine_kind(error: &DataFusionError) -> ErrorKind {
    match error.find_root() {
        DataFusionError::ResourcesExhausted(_) => ErrorKind::ResourceExhausted,
        DataFusionError::ObjectStore(_) | DataFusionError::IoError(_) => ErrorKind::Unavailable,
        _ => ErrorKind::Internal,
    }
}
