//! On which side of a type a text lies that names something beyond every value of it.

use super::Side;

/// The side of an infinity, of a number beyond all doubles, and of a day before the year 1 or after 9999; `None` for
/// whatever else is written.
pub(crate) fn side_of(text: &str) -> Option<Side> {
    let text = text.trim();
    match text.parse::<f64>() {
        Ok(number) if number.is_infinite() => Some(side(number > 0.0)),
        Ok(_) => None,
        Err(_) => side_of_day(text),
    }
}

fn side(is_high: bool) -> Side {
    match is_high {
        true => Side::High,
        false => Side::Low,
    }
}

/// `-0044-03-15…` and `0044-03-15… BC` lie before, `+12025-01-01…` and `12025-01-01…` after.
fn side_of_day(text: &str) -> Option<Side> {
    let (sign, unsigned) = match text.as_bytes().first()? {
        sign @ (b'-' | b'+') => (Some(*sign), &text[1..]),
        _ => (None, text),
    };
    let (year, rest) = unsigned.split_once('-')?;
    let is_day = rest.split(['-', ' ', 'T']).take(2).all(is_number) && is_number(year);
    match (is_day, sign) {
        (true, Some(b'-')) => Some(Side::Low),
        (true, _) if text.ends_with(" BC") => Some(Side::Low),
        (true, _) if year.trim_start_matches('0').len() > 4 => Some(Side::High),
        _ => None,
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_something_beyond_has_a_side() {
        for high in [
            "Infinity",
            " inf ",
            "1e999",
            "12025-01-31",
            "+12025-01-31 10:00:00+00",
        ] {
            assert_eq!(side_of(high), Some(Side::High), "{high}");
        }
        for low in [
            "-infinity",
            "-1e400",
            "0044-03-15 BC",
            "-0044-03-15T00:00:00",
            "0001-01-01 00:00:00+00 BC",
        ] {
            assert_eq!(side_of(low), Some(Side::Low), "{low}");
        }
        for none in [
            "",
            "-",
            "NaN",
            "12",
            "2024-02-30",
            "0000-00-00",
            "99999-x-01",
            "tomorrow",
            "-a-b-c",
            "1-2",
        ] {
            assert_eq!(side_of(none), None, "{none}");
        }
    }
}
