//! PostgreSQL's types as the catalog declares them: what an OID and its modifier stand for.

use std::collections::BTreeMap;

/// A type, resolved down to what the server sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PgType {
    /// `bool`.
    Bool,
    /// `int2`.
    Int2,
    /// `int4`.
    Int4,
    /// `int8`.
    Int8,
    /// `oid`.
    Oid,
    /// `float4`.
    Float4,
    /// `float8`.
    Float8,
    /// `numeric`, with precision and scale where they are constrained.
    Numeric(Option<(u16, i16)>),
    /// Everything that is sent as its text: `text`, `varchar`, `name`, `citext`, `json`, enums.
    Text,
    /// `xml`: sent without a plain declaration, so that only its text is whole.
    Xml,
    /// `char(n)`: padded on the wire, printed without the padding.
    PaddedText,
    /// `jsonb`: a version byte, then text.
    Jsonb,
    /// `bytea`.
    Bytea,
    /// `uuid`.
    Uuid,
    /// `date`.
    Date,
    /// `time`.
    Time,
    /// `timetz`.
    TimeTz,
    /// `timestamp`.
    Timestamp,
    /// `timestamptz`.
    TimestampTz,
    /// `interval`.
    Interval,
    /// `inet` and `cidr`.
    Inet,
    /// `macaddr` and `macaddr8`.
    MacAddr,
    /// `money`, with the decimals of the server's currency.
    Money(u8),
    /// `bit` and `varbit`.
    Bits,
    /// An array.
    Array(Box<PgType>),
    /// A range.
    Range(Box<PgType>),
    /// A set of ranges.
    Multirange(Box<PgType>),
    /// A row type with its fields.
    Composite(Vec<(String, PgType)>),
    /// A type whose binary form is its own affair: the server prints it.
    Other,
}

/// One row of the server's type catalog.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TypeRow {
    /// The name.
    pub(super) name: String,
    /// `b` base, `c` composite, `d` domain, `e` enum, `r` range, `m` multirange.
    pub(super) kind: char,
    /// The element of an array; 0 for other types.
    pub(super) element: u32,
    /// The type below a domain; 0 for other types.
    pub(super) base: u32,
    /// The modifier that a domain gives its base.
    pub(super) base_modifier: i32,
    /// What a range is over; for multiranges the range; 0 for other types.
    pub(super) over: u32,
    /// The fields of a composite: name, type, modifier.
    pub(super) fields: Vec<(String, u32, i32)>,
}

impl TypeRow {
    /// The types that this one is made of.
    pub(super) fn parts(&self) -> impl Iterator<Item = u32> + '_ {
        let fields = self.fields.iter().map(|(_, oid, _)| *oid);
        [self.element, self.base, self.over]
            .into_iter()
            .chain(fields)
            .filter(|oid| *oid != 0)
    }
}

/// The server's types, as far as they are needed.
#[derive(Debug, Clone, Default)]
pub(super) struct Types {
    /// By OID.
    pub(super) rows: BTreeMap<u32, TypeRow>,
    /// The decimals of `money`.
    pub(super) money_decimals: u8,
}

impl Types {
    /// What a type and its modifier stand for.
    pub(super) fn resolve(&self, oid: u32, modifier: i32) -> PgType {
        let Some(row) = self.rows.get(&oid) else {
            return PgType::Other;
        };
        let inner = |oid: u32, modifier: i32| Box::new(self.resolve(oid, modifier));
        match row.kind {
            'e' => PgType::Text,
            'd' => self.resolve(row.base, row.base_modifier),
            'r' => PgType::Range(inner(row.over, -1)),
            'm' => PgType::Multirange(inner(row.over, -1)),
            'c' => PgType::Composite(
                row.fields
                    .iter()
                    .map(|(name, oid, modifier)| (name.clone(), self.resolve(*oid, *modifier)))
                    .collect(),
            ),
            _ if row.element != 0 => PgType::Array(inner(row.element, modifier)),
            _ => self.base(&row.name, modifier),
        }
    }

    fn base(&self, name: &str, modifier: i32) -> PgType {
        match name {
            "bool" => PgType::Bool,
            "int2" => PgType::Int2,
            "int4" => PgType::Int4,
            "int8" => PgType::Int8,
            "oid" => PgType::Oid,
            "float4" => PgType::Float4,
            "float8" => PgType::Float8,
            "numeric" => PgType::Numeric(numeric_modifier(modifier)),
            "text" | "varchar" | "name" | "citext" | "json" => PgType::Text,
            "xml" => PgType::Xml,
            "bpchar" => PgType::PaddedText,
            "jsonb" => PgType::Jsonb,
            "bytea" => PgType::Bytea,
            "uuid" => PgType::Uuid,
            "date" => PgType::Date,
            "time" => PgType::Time,
            "timetz" => PgType::TimeTz,
            "timestamp" => PgType::Timestamp,
            "timestamptz" => PgType::TimestampTz,
            "interval" => PgType::Interval,
            "inet" | "cidr" => PgType::Inet,
            "macaddr" | "macaddr8" => PgType::MacAddr,
            "money" => PgType::Money(self.money_decimals),
            "bit" | "varbit" => PgType::Bits,
            _ => PgType::Other,
        }
    }
}

/// Precision and scale of a numeric; the scale may be negative since PostgreSQL 15.
fn numeric_modifier(modifier: i32) -> Option<(u16, i16)> {
    let packed = u32::try_from(modifier.checked_sub(4)?).ok()?;
    let precision = u16::try_from(packed >> 16).ok()?;
    let scale = i16::try_from(packed & 0x7ff).ok()?;
    Some((precision, (scale ^ 0x400) - 0x400))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modifiers_are_unpacked() {
        assert_eq!(numeric_modifier(-1), None);
        assert_eq!(numeric_modifier((12 << 16 | 2) + 4), Some((12, 2)));
        assert_eq!(numeric_modifier((5 << 16 | 0x7fe) + 4), Some((5, -2)));
    }

    #[test]
    fn domains_and_arrays_end_in_base_types() {
        let row = |name: &str, kind| TypeRow {
            name: name.into(),
            kind,
            ..TypeRow::default()
        };
        let mut types = Types::default();
        types.rows.insert(1, row("numeric", 'b'));
        let price = TypeRow {
            base: 1,
            base_modifier: (9 << 16 | 3) + 4,
            ..row("price", 'd')
        };
        types.rows.insert(2, price);
        let prices = TypeRow {
            element: 2,
            ..row("_price", 'b')
        };
        types.rows.insert(3, prices);
        types.rows.insert(4, row("tsvector", 'b'));
        let price = PgType::Numeric(Some((9, 3)));
        assert_eq!(types.resolve(3, -1), PgType::Array(Box::new(price)));
        assert_eq!(types.resolve(4, -1), PgType::Other);
        assert_eq!(types.resolve(99, -1), PgType::Other);
    }
}
