//! What a case of a type is, and how the server is asked for a value so that it can be compared with a staged one.

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

/// A type.
pub(crate) struct Case {
    /// As it is declared.
    pub(crate) declared: &'static str,
    /// What it becomes.
    pub(crate) arrow: &'static str,
    /// How it is compared.
    pub(crate) by: By,
    /// Values, as SQL.
    pub(crate) values: &'static [&'static str],
    /// An expression for random values.
    pub(crate) random: &'static str,
    /// Whether a column of texts holds just what the server prints.
    pub(crate) is_printed: bool,
}

/// A type whose text the server prints, unless it is bytes, bits, a float of 32 bits or an instant.
pub(crate) const fn case(
    declared: &'static str,
    arrow: &'static str,
    by: By,
    values: &'static [&'static str],
    random: &'static str,
) -> Case {
    let is_printed = !matches!(by, By::Hex | By::Double)
        && !matches!(
            declared.as_bytes(),
            [b'b', b'i', b't', ..] | [b't', b'i', b'm', b'e', b's', ..]
        );
    Case {
        declared,
        arrow,
        by,
        values,
        random,
        is_printed,
    }
}
