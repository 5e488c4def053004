//! Captions, data types and tags.

use std::fmt;

use arrow::datatypes::{DataType as Arrow, TimeUnit};
use serde::{Deserialize, Serialize};

use crate::document::{Decoder, Faults, Fields, Node, Value};

/// A text in English and Chinese.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caption {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

impl Caption {
    /// The text in the language of a locale such as `zh-CN`; English for all others.
    pub fn locale(&self, locale: &str) -> &str {
        match locale.get(..2) {
            Some("zh") => &self.zh,
            _ => &self.en,
        }
    }

    /// A caption made from an id: `order_date` becomes "Order date" in both languages.
    pub fn of_id(id: &str) -> Self {
        let mut text = id.replace('_', " ");
        if let Some(first) = text.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Self {
            en: text.clone(),
            zh: text,
        }
    }
}

impl Decoder for Caption {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        if let Value::Text(text) = &node.value {
            return Some(Self {
                en: text.clone(),
                zh: text.clone(),
            });
        }
        let mut fields = Fields::of(node, "a caption", faults)?;
        let en = fields.need::<String>("en");
        let zh = fields.want::<String>("zh");
        fields.finish();
        let en = en?;
        Some(Self {
            zh: zh.unwrap_or_else(|| en.clone()),
            en,
        })
    }
}

/// The types that sources and stars declare, written as `text`, `integer`, `bigint`, `decimal(p,s)`,
/// `money` (= `decimal(18,4)`), `double`, `boolean`, `date`, `timestamp`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum DataType {
    /// UTF-8 text.
    Text,
    /// 32-bit integer.
    Integer,
    /// 64-bit integer.
    Bigint,
    /// Exact decimal with precision and scale (at most 38 digits).
    Decimal(u8, i8),
    /// 64-bit float.
    Double,
    /// True or false.
    Boolean,
    /// A calendar day.
    Date,
    /// An instant, microseconds, UTC.
    Timestamp,
}

impl DataType {
    /// The type in Arrow, in staging and in the star tables alike.
    pub fn arrow(self) -> Arrow {
        match self {
            Self::Text => Arrow::Utf8,
            Self::Integer => Arrow::Int32,
            Self::Bigint => Arrow::Int64,
            Self::Decimal(precision, scale) => Arrow::Decimal128(precision, scale),
            Self::Double => Arrow::Float64,
            Self::Boolean => Arrow::Boolean,
            Self::Date => Arrow::Date32,
            Self::Timestamp => Arrow::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        }
    }

    /// True for types that can be summed.
    pub fn is_number(self) -> bool {
        matches!(
            self,
            Self::Integer | Self::Bigint | Self::Decimal(..) | Self::Double
        )
    }

    /// Reads the written form.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "integer" => Ok(Self::Integer),
            "bigint" => Ok(Self::Bigint),
            "money" => Ok(Self::Decimal(18, 4)),
            "double" => Ok(Self::Double),
            "boolean" => Ok(Self::Boolean),
            "date" => Ok(Self::Date),
            "timestamp" => Ok(Self::Timestamp),
            _ => parse_decimal(text).ok_or_else(|| format!("unknown type '{text}'")),
        }
    }
}

fn parse_decimal(text: &str) -> Option<DataType> {
    let inner = text.strip_prefix("decimal(")?.strip_suffix(')')?;
    let (precision, scale) = inner.split_once(',')?;
    let (precision, scale) = (
        precision.trim().parse::<u8>().ok()?,
        scale.trim().parse::<i8>().ok()?,
    );
    let fits = (1..=38).contains(&precision) && scale >= 0 && scale.unsigned_abs() <= precision;
    fits.then_some(DataType::Decimal(precision, scale))
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => write!(f, "text"),
            Self::Integer => write!(f, "integer"),
            Self::Bigint => write!(f, "bigint"),
            Self::Decimal(precision, scale) => write!(f, "decimal({precision},{scale})"),
            Self::Double => write!(f, "double"),
            Self::Boolean => write!(f, "boolean"),
            Self::Date => write!(f, "date"),
            Self::Timestamp => write!(f, "timestamp"),
        }
    }
}

impl From<DataType> for String {
    fn from(value: DataType) -> Self {
        value.to_string()
    }
}

impl TryFrom<String> for DataType {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl Decoder for DataType {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let text = String::decode(node, faults)?;
        match Self::parse(&text) {
            Ok(parsed) => Some(parsed),
            Err(message) => {
                let hint = "types: text, integer, bigint, money, 'decimal(p,s)' up to 38 digits (quoted inside braces), double, boolean, date, timestamp";
                faults.add_with_hint(&node.place, message, Some(hint.into()));
                None
            }
        }
    }
}

/// What a column holds, for rules about its use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tag {
    /// Data about a person: name, address, contact.
    Personal,
    /// A secret that must never leave the source unmasked.
    Secret,
}

impl Decoder for Tag {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        match String::decode(node, faults)?.as_str() {
            "personal" => Some(Self::Personal),
            "secret" => Some(Self::Secret),
            other => {
                faults.unknown(&node.place, "tag", other, ["personal", "secret"]);
                None
            }
        }
    }
}
