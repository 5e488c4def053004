//! How the server is asked for a value so that it can be compared with a staged one.

/// How the server shows a value so that it can be compared.
#[derive(Debug, Clone, Copy)]
pub(crate) enum By {
    /// As it prints it.
    Text,
    /// Bytes in hexadecimal.
    Hex,
    /// A float of 32 bits as the double that it is.
    Double,
    /// Days since 1970.
    Days,
    /// Microseconds since 1970.
    Micros,
    /// The microseconds of a span.
    Span,
    /// A number, of bits and years.
    Number,
}

impl By {
    /// The expression that the server is asked for.
    pub(crate) fn expression(self, column: &str) -> String {
        match self {
            Self::Text => format!("cast({column} as char)"),
            Self::Hex => format!("lower(hex({column}))"),
            Self::Double => format!("cast({column} + 0e0 as char)"),
            Self::Days => format!("cast(datediff({column}, '1970-01-01') as char)"),
            Self::Micros => {
                format!("cast(timestampdiff(microsecond, '1970-01-01 00:00:00', {column}) as char)")
            }
            Self::Span => {
                format!("cast(cast(time_to_sec({column}) * 1000000 as decimal(20,0)) as char)")
            }
            Self::Number => format!("cast({column} + 0 as char)"),
        }
    }
}
