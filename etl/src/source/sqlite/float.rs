//! Floats as texts.

/// A float as SQLite prints it, with the fewest digits that say this number and no other; SQLite has a 17th now and then
/// that it could do without.
pub(super) fn printed(value: f64) -> String {
    if value == 0.0 {
        return "0.0".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Inf" } else { "-Inf" }.into();
    }
    let written = format!("{value:e}");
    let (digits, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let point = if digits.contains('.') { "" } else { ".0" };
    match exponent {
        16 => format!("{value:.1}"),
        -4..16 => format!("{value:?}"),
        17.. => format!("{digits}{point}e+{exponent:02}"),
        _ => format!("{digits}{point}e-{:02}", -exponent),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;
    use rusqlite::Connection;

    #[test]
    fn floats_are_printed_as_sqlite_prints_them() {
        let connection = Connection::open_in_memory().unwrap();
        let sqlite = |value: f64| -> String {
            let sql = "select cast(? as text)";
            connection
                .query_row(sql, [value], |row| row.get(0))
                .unwrap()
        };
        let edges = [
            0.0,
            -0.0,
            1.0,
            -2.5,
            0.1,
            1e14,
            999_999_999_999_999.0,
            1e15,
            1e16,
            123_456_789_012_345_680.0,
            1e-4,
            1e-5,
            0.000_12,
            1e308,
            f64::MIN,
            f64::MIN_POSITIVE,
            0.1 + 0.2,
            f64::INFINITY,
            f64::NEG_INFINITY,
        ];
        for value in edges {
            let (ours, theirs) = (printed(value), sqlite(value));
            assert_eq!(ours, theirs);
            assert_eq!(ours.parse(), Ok(value));
        }
    }

    proptest! {
        #[test]
        fn every_float_keeps_its_value(bits: u64, tens in 1_u64..100_000_000_000_000_000, cents in -10_000_000_000_i64..10_000_000_000) {
            for value in [f64::from_bits(bits), cents as f64 / 100.0, tens as f64] {
                prop_assume!(value.is_finite());
                prop_assert_eq!(printed(value).parse::<f64>().unwrap(), value);
            }
        }
    }
}
