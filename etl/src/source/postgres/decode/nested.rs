//! Arrays, ranges, row types, and the types that Arrow holds as structures only.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder, ListArray, NullBufferBuilder, StructArray};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType as Arrow, Field, FieldRef, Fields, Int32Type, Int64Type};
use arrow::error::ArrowError;

use super::super::types::PgType;
use super::plain::{Primitives, odd};
use super::{Decode, Decoder, Digits, MALFORMED, Outcome, Rules, exactly, native, time};

/// Takes values apart that hold others, each behind its length.
struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(length)?;
        self.0 = tail;
        Some(head)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|byte| byte[0])
    }

    fn int(&mut self) -> Option<i32> {
        exactly(self.take(4)?).map(i32::from_be_bytes)
    }

    /// A value behind its length; the inner `None` is null.
    fn value(&mut self) -> Option<Option<&'a [u8]>> {
        match self.int()? {
            -1 => Some(None),
            length => Some(Some(self.take(usize::try_from(length).ok()?)?)),
        }
    }
}

fn add(decoder: &mut Decoder, value: Option<&[u8]>) -> Outcome {
    match value {
        Some(raw) => decoder.value(raw),
        None => {
            decoder.null();
            Outcome::Fits
        }
    }
}

/// The worse of two outcomes, the first misfit first.
fn worse(a: Outcome, b: Outcome) -> Outcome {
    match (&a, &b) {
        (Outcome::Misfit(_), _) => a,
        (_, Outcome::Misfit(_)) => b,
        (Outcome::Clamped, _) | (_, Outcome::Clamped) => Outcome::Clamped,
        _ => Outcome::Fits,
    }
}

/// Adds the items of a list to their decoder and says how many there were; `None` if the bytes are malformed.
type Items = fn(&[u8], &mut Decoder, &mut usize) -> Option<Outcome>;

struct List {
    item: Decoder,
    field: FieldRef,
    items: Items,
    offsets: Vec<i32>,
    length: usize,
    valid: NullBufferBuilder,
}

impl List {
    fn of(item: (Arrow, Decoder), items: Items) -> (Arrow, Decoder) {
        let (data_type, decoder) = item;
        let field: FieldRef = Arc::new(Field::new("item", data_type, true));
        let list = Self {
            item: decoder,
            field: Arc::clone(&field),
            items,
            offsets: vec![0],
            length: 0,
            valid: NullBufferBuilder::new(0),
        };
        (Arrow::List(field), Box::new(list))
    }

    fn close(&mut self, valid: bool) {
        // a batch holds far fewer bytes, hence items, than an i32 counts
        self.offsets
            .push(i32::try_from(self.length).unwrap_or(i32::MAX));
        self.valid.append(valid);
    }
}

impl Decode for List {
    fn value(&mut self, raw: &[u8]) -> Outcome {
        let outcome = (self.items)(raw, &mut self.item, &mut self.length);
        let outcome = outcome.unwrap_or_else(|| Outcome::misfit(MALFORMED));
        self.close(!matches!(outcome, Outcome::Misfit(_)));
        outcome
    }

    fn null(&mut self) {
        self.close(false);
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let offsets = std::mem::replace(&mut self.offsets, vec![0]);
        self.length = 0;
        let list = ListArray::try_new(
            Arc::clone(&self.field),
            OffsetBuffer::new(ScalarBuffer::from(offsets)),
            self.item.finish()?,
            self.valid.finish(),
        )?;
        Ok(Arc::new(list))
    }
}

/// One-dimensional arrays whose subscripts start at 1; a list can tell no others.
fn array_items(raw: &[u8], item: &mut Decoder, length: &mut usize) -> Option<Outcome> {
    let mut parts = Parts(raw);
    let (dimensions, _has_nulls, _element) = (parts.int()?, parts.int()?, parts.int()?);
    match dimensions {
        0 => return Some(Outcome::Fits),
        1 => {}
        _ => return Some(Outcome::misfit("an array of more than one dimension")),
    }
    let (count, first) = (parts.int()?, parts.int()?);
    if first != 1 {
        return Some(Outcome::misfit(
            "an array whose subscripts do not start at 1",
        ));
    }
    let mut outcome = Outcome::Fits;
    for _ in 0..count {
        let value = parts.value()?;
        *length += 1;
        outcome = worse(outcome, add(item, value));
    }
    Some(outcome)
}

fn multirange_items(raw: &[u8], item: &mut Decoder, length: &mut usize) -> Option<Outcome> {
    let mut parts = Parts(raw);
    let mut outcome = Outcome::Fits;
    for _ in 0..parts.int()? {
        let value = parts.value()?;
        *length += 1;
        outcome = worse(outcome, add(item, value));
    }
    Some(outcome)
}

/// An array as a list.
pub(super) fn list(item: &PgType, digits: Digits, rules: Rules) -> Option<(Arrow, Decoder)> {
    Some(List::of(native(item, digits, rules)?, array_items))
}

/// A multirange as a list of ranges.
pub(super) fn multirange(range: &PgType, digits: Digits, rules: Rules) -> Option<(Arrow, Decoder)> {
    Some(List::of(native(range, digits, rules)?, multirange_items))
}

/// Adds one value to each of the columns of a structure; `None` if the bytes are malformed.
type Spread = fn(&[u8], &mut [Decoder], &mut usize) -> Option<Outcome>;

struct Structure {
    fields: Fields,
    columns: Vec<Decoder>,
    spread: Spread,
    valid: NullBufferBuilder,
}

impl Structure {
    fn of(columns: Vec<(&str, (Arrow, Decoder))>, spread: Spread) -> (Arrow, Decoder) {
        let (fields, columns): (Vec<Field>, Vec<Decoder>) = columns
            .into_iter()
            .map(|(name, (data_type, decoder))| (Field::new(name, data_type, true), decoder))
            .unzip();
        let fields = Fields::from(fields);
        let structure = Self {
            fields: fields.clone(),
            columns,
            spread,
            valid: NullBufferBuilder::new(0),
        };
        (Arrow::Struct(fields), Box::new(structure))
    }
}

impl Decode for Structure {
    fn value(&mut self, raw: &[u8]) -> Outcome {
        let mut done = 0;
        let outcome = (self.spread)(raw, &mut self.columns, &mut done);
        for column in &mut self.columns[done..] {
            column.null();
        }
        let outcome = outcome.unwrap_or_else(|| Outcome::misfit(MALFORMED));
        self.valid.append(!matches!(outcome, Outcome::Misfit(_)));
        outcome
    }

    fn null(&mut self) {
        self.columns.iter_mut().for_each(|column| column.null());
        self.valid.append(false);
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let columns = self.columns.iter_mut().map(|column| column.finish());
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let structure = StructArray::try_new(self.fields.clone(), columns, self.valid.finish())?;
        Ok(Arc::new(structure))
    }
}

/// A row type as a structure; one without fields is printed, since Parquet has no such structures.
pub(super) fn composite(
    fields: &[(String, PgType)],
    digits: Digits,
    rules: Rules,
) -> Option<(Arrow, Decoder)> {
    if fields.is_empty() {
        return None;
    }
    let columns = fields
        .iter()
        .map(|(name, field)| Some((name.as_str(), native(field, digits, rules)?)))
        .collect::<Option<Vec<_>>>()?;
    Some(Structure::of(columns, |raw, columns, done| {
        let mut parts = Parts(raw);
        if usize::try_from(parts.int()?).ok()? != columns.len() {
            return None;
        }
        let mut outcome = Outcome::Fits;
        for column in columns {
            let _type = parts.int()?;
            let value = parts.value()?;
            *done += 1;
            outcome = worse(outcome, add(column, value));
        }
        Some(outcome)
    }))
}

const EMPTY: u8 = 0x01;
const LOWER_INCLUSIVE: u8 = 0x02;
const UPPER_INCLUSIVE: u8 = 0x04;
const LOWER_INFINITE: u8 = 0x08;
const UPPER_INFINITE: u8 = 0x10;

/// A range as `{lower, upper, lower_inclusive, upper_inclusive, empty}`; an open end is null.
pub(super) fn range(over: &PgType, digits: Digits, rules: Rules) -> Option<(Arrow, Decoder)> {
    let flag = || -> (Arrow, Decoder) { (Arrow::Boolean, Box::new(Flags::default())) };
    let columns = vec![
        ("lower", native(over, digits, rules)?),
        ("upper", native(over, digits, rules)?),
        ("lower_inclusive", flag()),
        ("upper_inclusive", flag()),
        ("empty", flag()),
    ];
    Some(Structure::of(columns, |raw, columns, done| {
        let mut parts = Parts(raw);
        let flags = parts.byte()?;
        let mut outcome = Outcome::Fits;
        for (at, open) in [LOWER_INFINITE, UPPER_INFINITE].into_iter().enumerate() {
            let value = match flags & (EMPTY | open) {
                0 => parts.value()?,
                _ => None,
            };
            outcome = worse(outcome, add(&mut columns[at], value));
            *done += 1;
        }
        for (at, flag) in [LOWER_INCLUSIVE, UPPER_INCLUSIVE, EMPTY]
            .into_iter()
            .enumerate()
        {
            outcome = worse(outcome, columns[2 + at].value(&[flags & flag]));
            *done += 1;
        }
        Some(outcome)
    }))
}

/// Booleans, any byte but zero being true.
#[derive(Default)]
struct Flags(BooleanBuilder);

impl Decode for Flags {
    fn value(&mut self, raw: &[u8]) -> Outcome {
        self.0.append_value(raw.iter().any(|byte| *byte != 0));
        Outcome::Fits
    }

    fn null(&mut self) {
        self.0.append_null();
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(Arc::new(self.0.finish()))
    }
}

fn integers32() -> (Arrow, Decoder) {
    let read = |raw: &[u8]| exactly(raw).map(i32::from_be_bytes).ok_or(odd(MALFORMED));
    (
        Arrow::Int32,
        Primitives::<Int32Type, _>::decoder(Arrow::Int32, None, read),
    )
}

fn integers64() -> (Arrow, Decoder) {
    let read = |raw: &[u8]| exactly(raw).map(i64::from_be_bytes).ok_or(odd(MALFORMED));
    (
        Arrow::Int64,
        Primitives::<Int64Type, _>::decoder(Arrow::Int64, None, read),
    )
}

/// `interval` as `{months, days, microseconds}`, which have no fixed ratio.
pub(super) fn interval() -> (Arrow, Decoder) {
    let columns = vec![
        ("months", integers32()),
        ("days", integers32()),
        ("microseconds", integers64()),
    ];
    Structure::of(columns, |raw, columns, done| {
        let mut parts = Parts(raw);
        let (micros, days, months) = (parts.take(8)?, parts.take(4)?, parts.take(4)?);
        let ends = [(i64::MAX, i32::MAX), (i64::MIN, i32::MIN)];
        let infinite = ends.iter().any(|(long, short)| {
            *micros == long.to_be_bytes()
                && *days == short.to_be_bytes()
                && *months == short.to_be_bytes()
        });
        if infinite {
            return Some(Outcome::misfit("infinite"));
        }
        let mut outcome = Outcome::Fits;
        for (column, part) in columns.iter_mut().zip([months, days, micros]) {
            outcome = worse(outcome, column.value(part));
            *done += 1;
        }
        Some(outcome)
    })
}

/// `timetz` as `{time, seconds_east}`: a time of day and its offset from UTC.
pub(super) fn time_with_zone(rules: Rules) -> (Arrow, Decoder) {
    let columns = vec![
        ("time", (time::TIME, time::times(rules))),
        ("seconds_east", integers32()),
    ];
    Structure::of(columns, |raw, columns, done| {
        let mut parts = Parts(raw);
        let (time, west) = (parts.take(8)?, parts.int()?);
        let outcome = columns[0].value(time);
        *done = 2;
        Some(worse(outcome, columns[1].value(&(-west).to_be_bytes())))
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use arrow::util::display::array_value_to_string;

    const RULES: Rules = Rules {
        careful: false,
        zone: chrono_tz::UTC,
        clamp: false,
    };
    const DIGITS: Digits = Digits {
        precision: 38,
        scale: 10,
    };

    fn int4(value: i32) -> Vec<u8> {
        [4_i32.to_be_bytes(), value.to_be_bytes()].concat()
    }

    fn array(first: i32, items: &[i32]) -> Vec<u8> {
        let count = i32::try_from(items.len()).unwrap();
        let head = [1, 0, 23, count, first].map(i32::to_be_bytes).concat();
        [head, items.iter().flat_map(|item| int4(*item)).collect()].concat()
    }

    #[test]
    fn a_refused_list_leaves_the_others_whole() {
        let (_, mut lists) = list(&PgType::Int4, DIGITS, RULES).unwrap();
        assert_eq!(lists.value(&array(1, &[1, 2])), Outcome::Fits);
        assert!(matches!(lists.value(&array(0, &[3])), Outcome::Misfit(_)));
        assert!(matches!(
            lists.value(&array(1, &[4])[..22]),
            Outcome::Misfit(_)
        ));
        lists.null();
        assert_eq!(lists.value(&array(1, &[5])), Outcome::Fits);
        let array = lists.finish().unwrap();
        let shown = |at| array_value_to_string(&array, at).unwrap();
        assert_eq!((shown(0), shown(4)), ("[1, 2]".into(), "[5]".into()));
        assert_eq!(array.null_count(), 3);
        assert_eq!(lists.finish().unwrap().len(), 0);
    }

    #[test]
    fn a_range_knows_its_ends() {
        let (_, mut ranges) = range(&PgType::Int4, DIGITS, RULES).unwrap();
        let half_open = [vec![LOWER_INCLUSIVE | UPPER_INFINITE], int4(7)].concat();
        assert_eq!(ranges.value(&half_open), Outcome::Fits);
        assert_eq!(ranges.value(&[EMPTY]), Outcome::Fits);
        assert!(matches!(
            ranges.value(&[LOWER_INCLUSIVE]),
            Outcome::Misfit(_)
        ));
        let array = ranges.finish().unwrap();
        let shown = |at| array_value_to_string(&array, at).unwrap();
        assert_eq!(
            shown(0),
            "{lower: 7, upper: , lower_inclusive: true, upper_inclusive: false, empty: false}"
        );
        assert_eq!(
            shown(1),
            "{lower: , upper: , lower_inclusive: false, upper_inclusive: false, empty: true}"
        );
        assert!(array.is_null(2));
    }
}
