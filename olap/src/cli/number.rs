//! Shows numbers for people: rounded half to even by their format, with thousands separators; plain ones to four
//! places, without zeros that say nothing.

use planisphere_schemas::model::Format;

/// The places of a plain number that tables show; CSV and JSON hold all digits.
const PLAIN_PLACES: usize = 4;

/// The text of a number as its format shows it; other texts stay as they are.
pub(super) fn shown(number: &str, format: Format) -> String {
    let Some(parsed) = Digits::parse(number) else {
        return number.to_owned();
    };
    match format {
        Format::Plain => parsed.plain(),
        Format::Integer => parsed.rounded(0).grouped(),
        Format::Money => parsed.rounded(2).grouped(),
        Format::Percent => format!("{}%", parsed.times_100().rounded(1).grouped()),
    }
}

/// A decimal number as digits: `-1234.5` is negative, 1234, 5.
#[derive(Debug, Clone)]
struct Digits {
    negative: bool,
    whole: String,
    fraction: String,
}

impl Digits {
    fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let numeric = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        (!whole.is_empty() && numeric(whole) && numeric(fraction)).then(|| Self {
            negative,
            whole: whole.to_owned(),
            fraction: fraction.to_owned(),
        })
    }

    fn times_100(mut self) -> Self {
        self.fraction.push_str("00");
        let moved: String = self.fraction.drain(..2).collect();
        let whole = format!("{}{moved}", self.whole);
        self.whole = match whole.trim_start_matches('0') {
            "" => "0".to_owned(),
            digits => digits.to_owned(),
        };
        self
    }

    /// Rounded to [`PLAIN_PLACES`], unless nothing would be left of the number.
    fn plain(self) -> String {
        let rounded = self.clone().rounded(PLAIN_PLACES.min(self.fraction.len()));
        match rounded.is_zero() {
            true => self.shortened(),
            false => rounded.shortened(),
        }
    }

    fn is_zero(&self) -> bool {
        let mut digits = self.whole.bytes().chain(self.fraction.bytes());
        digits.all(|digit| digit == b'0')
    }

    /// All digits but the zeros at the end of the fraction.
    fn shortened(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        match self.fraction.trim_end_matches('0') {
            "" => format!("{sign}{}", self.whole),
            fraction => format!("{sign}{}.{fraction}", self.whole),
        }
    }

    /// The number with so many places after the point.
    fn rounded(mut self, places: usize) -> Self {
        while self.fraction.len() < places {
            self.fraction.push('0');
        }
        let cut = self.fraction.split_off(places);
        let odd = self
            .fraction
            .bytes()
            .last()
            .or(self.whole.bytes().last())
            .is_some_and(|d| d % 2 == 1);
        let half = cut
            .strip_prefix('5')
            .is_some_and(|rest| rest.bytes().all(|digit| digit == b'0'));
        let up = if half {
            odd
        } else {
            cut.bytes().next().is_some_and(|digit| digit >= b'5')
        };
        if up {
            self.add_one_at_the_end();
        }
        self.negative &= !self.is_zero();
        self
    }

    fn add_one_at_the_end(&mut self) {
        let places = self.fraction.len();
        let mut digits: Vec<u8> = self.whole.bytes().chain(self.fraction.bytes()).collect();
        for digit in digits.iter_mut().rev() {
            if *digit != b'9' {
                *digit += 1;
                self.take(&digits, places);
                return;
            }
            *digit = b'0';
        }
        digits.insert(0, b'1');
        self.take(&digits, places);
    }

    fn take(&mut self, digits: &[u8], places: usize) {
        let (whole, fraction) = digits.split_at(digits.len() - places);
        self.whole = String::from_utf8_lossy(whole).into_owned();
        self.fraction = String::from_utf8_lossy(fraction).into_owned();
    }

    fn grouped(&self) -> String {
        let mut text = String::new();
        for (i, digit) in self.whole.chars().enumerate() {
            if i > 0 && (self.whole.len() - i).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        let sign = if self.negative { "-" } else { "" };
        match self.fraction.is_empty() {
            true => format!("{sign}{text}"),
            false => format!("{sign}{text}.{}", self.fraction),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_half_to_even_and_grouped() {
        for (number, format, expected) in [
            ("1234567.8900", Format::Money, "1,234,567.89"),
            ("0.005", Format::Money, "0.00"),
            ("0.015", Format::Money, "0.02"),
            ("0.0150001", Format::Money, "0.02"),
            ("999.995", Format::Money, "1,000.00"),
            ("-999.996", Format::Money, "-1,000.00"),
            ("-0.001", Format::Money, "0.00"),
            ("12", Format::Money, "12.00"),
            ("2.5", Format::Integer, "2"),
            ("3.5", Format::Integer, "4"),
            ("1000", Format::Integer, "1,000"),
            ("100", Format::Integer, "100"),
            ("0.1234", Format::Percent, "12.3%"),
            ("1", Format::Percent, "100.0%"),
            ("0.0005", Format::Percent, "0.0%"),
            ("12.3450", Format::Plain, "12.345"),
            ("10387.0000000000", Format::Plain, "10387"),
            ("-1234.5", Format::Plain, "-1234.5"),
            ("24.5668358714", Format::Plain, "24.5668"),
            ("-0.99995", Format::Plain, "-1"),
            ("0.0000012300", Format::Plain, "0.00000123"),
            ("0.0000", Format::Plain, "0"),
            ("100", Format::Plain, "100"),
            ("1e-7", Format::Plain, "1e-7"),
            ("n/a", Format::Money, "n/a"),
        ] {
            assert_eq!(shown(number, format), expected, "{number} {format:?}");
        }
    }
}
