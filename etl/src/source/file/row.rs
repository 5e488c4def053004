//! One row of texts on its way into cells of the declared columns.

use planisphere_schemas::model::{DataType, FileFormat, Table};

use crate::source::Cell;

/// What a column of the row holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    /// No value.
    Null,
    /// A range of the record's text.
    Text(usize, usize),
    /// A range of it that is known not to fit the column.
    Unfit(usize, usize),
    /// The column's own text.
    Own,
}

/// The values of one row, used again for the next.
pub(super) struct Row {
    slots: Vec<Slot>,
    own: Vec<String>,
    types: Vec<Option<DataType>>,
    nulls: Vec<String>,
    marks: Option<Marks>,
}

/// How numbers are written, where it is not the usual way.
#[derive(Debug, Clone, Copy)]
struct Marks {
    decimal: char,
    thousands: Option<char>,
}

impl Row {
    /// A row of a table.
    pub(super) fn new(table: &Table, format: &FileFormat) -> Self {
        let columns = table.columns.len();
        let usual = format.decimal == '.' && format.thousands.is_none();
        Self {
            slots: vec![Slot::Null; columns],
            own: vec![String::new(); columns],
            types: table
                .columns
                .iter()
                .map(|column| column.data_type)
                .collect(),
            nulls: format.nulls.clone(),
            marks: (!usual).then_some(Marks {
                decimal: format.decimal,
                thousands: format.thousands,
            }),
        }
    }

    /// The declared type of a column.
    pub(super) fn data_type(&self, column: usize) -> Option<DataType> {
        self.types[column]
    }

    /// No column has a value.
    pub(super) fn clear(&mut self) {
        self.slots.fill(Slot::Null);
    }

    /// A text as it stands in a range of the base.
    pub(super) fn text(&mut self, column: usize, base: &str, from: usize, to: usize) {
        let text = &base[from..to];
        let data_type = self.types[column];
        self.slots[column] = match data_type {
            _ if self.is_null(text) => Slot::Null,
            Some(DataType::Double) if !self.is_finite(column, text) => Slot::Unfit(from, to),
            Some(data_type) if data_type.is_number() => match self.marks {
                None => Slot::Text(from, to),
                Some(marks) if marks.plain(text, &mut self.own[column]) => Slot::Own,
                Some(_) => Slot::Unfit(from, to),
            },
            _ => Slot::Text(from, to),
        };
    }

    /// A range of the base that does not fit the column, whatever it reads as.
    pub(super) fn unfit(&mut self, column: usize, from: usize, to: usize) {
        self.slots[column] = Slot::Unfit(from, to);
    }

    /// A text of its own, or a spelling of null.
    pub(super) fn own(&mut self, column: usize, text: String) {
        self.slots[column] = match self.is_null(&text) {
            true => Slot::Null,
            false => Slot::Own,
        };
        self.own[column] = text;
    }

    /// The cells, whose texts stand in the base.
    pub(super) fn cells<'a>(&'a self, base: &'a str) -> Vec<Cell<'a>> {
        let slots = self.slots.iter().zip(&self.own);
        let cell = |(slot, own): (&Slot, &'a String)| match *slot {
            Slot::Null => Cell::Null,
            Slot::Text(from, to) => Cell::Text(&base[from..to]),
            Slot::Unfit(from, to) => Cell::Unfit(&base[from..to]),
            Slot::Own => Cell::Text(own),
        };
        slots.map(cell).collect()
    }

    fn is_null(&self, text: &str) -> bool {
        self.nulls.iter().any(|null| null == text)
    }

    /// True unless a text is a double beyond all numbers, or none: the type has them, a table of figures has not.
    fn is_finite(&mut self, column: usize, text: &str) -> bool {
        // digits, signs and a few exponents cannot be but numbers
        const CERTAIN: usize = 300;
        let own = &mut self.own[column];
        let text = match self.marks {
            Some(marks) if marks.plain(text, own) => own.as_str(),
            _ => text,
        };
        let letters = text.bytes().any(|byte| byte.is_ascii_alphabetic());
        !(letters || text.len() > CERTAIN) || text.parse().is_ok_and(f64::is_finite)
    }
}

impl Marks {
    /// Writes a number the usual way; false if it is none.
    fn plain(self, text: &str, plain: &mut String) -> bool {
        plain.clear();
        let (number, exponent) = match text.find(['e', 'E']) {
            Some(at) => text.split_at(at),
            None => (text, ""),
        };
        let unsigned = number.strip_prefix(['+', '-']).unwrap_or(number);
        plain.push_str(&number[..number.len() - unsigned.len()]);
        let (whole, fraction) = match unsigned.split_once(self.decimal) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (unsigned, None),
        };
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !self.push_whole(whole, plain) {
            return false;
        }
        if let Some(fraction) = fraction {
            if !digits(fraction) || whole.is_empty() && fraction.is_empty() {
                return false;
            }
            plain.push('.');
            plain.push_str(fraction);
        }
        plain.push_str(exponent);
        fraction.is_some() || !whole.is_empty()
    }

    /// Digits, or groups of three of them behind one of one to three.
    fn push_whole(self, whole: &str, plain: &mut String) -> bool {
        let grouped = self.thousands.filter(|mark| whole.contains(*mark));
        let mut groups = whole.split(|c| Some(c) == grouped);
        let first = groups.next().unwrap_or_default();
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let good_first = grouped.is_none() || (1..=3).contains(&first.len());
        plain.push_str(first);
        let mut good = good_first && digits(first);
        for group in groups {
            good &= group.len() == 3 && digits(group);
            plain.push_str(group);
        }
        good
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(decimal: char, thousands: Option<char>, text: &str) -> Option<String> {
        let mut plain = String::new();
        let marks = Marks { decimal, thousands };
        marks.plain(text, &mut plain).then_some(plain)
    }

    #[test]
    fn numbers_of_other_places_are_read_or_refused_but_never_something_else() {
        let good = [
            ("1,5", "1.5"),
            ("-1.234.567,80", "-1234567.80"),
            ("1234,5", "1234.5"),
            ("12", "12"),
            ("+7", "+7"),
            (",5", ".5"),
            ("5,", "5."),
            ("1.234", "1234"),
            ("1,5e-3", "1.5e-3"),
        ];
        for (text, expected) in good {
            assert_eq!(
                plain(',', Some('.'), text).as_deref(),
                Some(expected),
                "{text}"
            );
        }
        for bad in [
            "1.5", "12.34", "1234.567", "1.2345", ".123", "1..234", "1,2,3", "1,234.5", "", "-",
            ",", "a", "1.23a", "1 234",
        ] {
            assert_eq!(plain(',', Some('.'), bad), None, "{bad}");
        }
        assert_eq!(plain(',', None, "1.234"), None);
        assert_eq!(plain('.', Some(','), "1,234.5").as_deref(), Some("1234.5"));
        assert_eq!(
            plain(',', Some('\u{202f}'), "1\u{202f}234,5").as_deref(),
            Some("1234.5")
        );
        assert_eq!(plain('.', Some('\''), "1'234.5").as_deref(), Some("1234.5"));
    }
}
