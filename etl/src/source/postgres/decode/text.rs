//! Texts, and types that are best read as the text which the server prints for them.

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use arrow::array::{ArrayRef, StringBuilder};
use arrow::error::ArrowError;

use crate::source::values::Texts;

use super::{Decode, Decoder, MALFORMED, Outcome, Rules, exactly};

/// A column of texts that a function finds in the binary form.
struct Found {
    values: Texts,
    inside: Inside,
    careful: bool,
}

/// Finds the text inside the binary form, without its wrapping.
type Inside = for<'a> fn(&'a [u8]) -> Option<&'a [u8]>;

impl Decode for Found {
    #[inline]
    fn value(&mut self, raw: &[u8]) -> Outcome {
        let Some(bytes) = (self.inside)(raw) else {
            self.values.push_null();
            return Outcome::misfit(MALFORMED);
        };
        if self.careful && std::str::from_utf8(bytes).is_err() {
            self.values.push_null();
            return Outcome::misfit("bytes that are not UTF-8 text");
        }
        self.values.push(bytes);
        Outcome::Fits
    }

    fn null(&mut self) {
        self.values.push_null();
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        self.values.finish()
    }
}

/// Writes the text that the server prints.
type Print = fn(&[u8], &mut String) -> Option<()>;

struct Printed {
    values: StringBuilder,
    print: Print,
    text: String,
}

impl Decode for Printed {
    fn value(&mut self, raw: &[u8]) -> Outcome {
        self.text.clear();
        match (self.print)(raw, &mut self.text) {
            Some(()) => {
                self.values.append_value(&self.text);
                Outcome::Fits
            }
            None => {
                self.values.append_null();
                Outcome::misfit(MALFORMED)
            }
        }
    }

    fn null(&mut self) {
        self.values.append_null();
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(Arc::new(self.values.finish()))
    }
}

fn inside(rules: Rules, inside: Inside) -> Decoder {
    Box::new(Found {
        values: Texts::new(),
        inside,
        careful: rules.careful,
    })
}

fn printed(print: Print) -> Decoder {
    Box::new(Printed {
        values: StringBuilder::new(),
        print,
        text: String::new(),
    })
}

/// Types that are sent as their text.
pub(super) fn texts(rules: Rules) -> Decoder {
    inside(rules, |raw| Some(raw))
}

/// `char(n)`: the server prints it without its padding.
pub(super) fn padded_texts(rules: Rules) -> Decoder {
    inside(rules, |raw| {
        let kept = raw.iter().rposition(|byte| *byte != b' ');
        Some(&raw[..kept.map_or(0, |last| last + 1)])
    })
}

/// `jsonb` in its first, and so far only, binary version.
pub(super) fn jsonb(rules: Rules) -> Decoder {
    inside(rules, |raw| match raw {
        [1, text @ ..] => Some(text),
        _ => None,
    })
}

/// `uuid` in lower case with hyphens.
pub(super) fn uuids() -> Decoder {
    printed(|raw, text| {
        let id = uuid::Uuid::from_bytes(exactly(raw)?);
        write!(text, "{id}").ok()
    })
}

/// `inet` and `cidr`, with the length of the network even for one host, as the server's cast to text prints them.
pub(super) fn networks() -> Decoder {
    printed(|raw, text| {
        let [_family, bits, _is_cidr, length, address @ ..] = raw else {
            return None;
        };
        match length {
            4 => write!(text, "{}", Ipv4Addr::from(exactly::<4>(address)?)).ok()?,
            16 => write_v6(exactly(address)?, text)?,
            _ => return None,
        }
        write!(text, "/{bits}").ok()
    })
}

/// The server ends `::1.2.3.4` in an IPv4 address.
fn write_v6(bytes: [u8; 16], text: &mut String) -> Option<()> {
    let address = Ipv6Addr::from(bytes);
    match address.segments() {
        [0, 0, 0, 0, 0, 0, high, _] if high != 0 => {
            let [.., a, b, c, d] = bytes;
            write!(text, "::{}", Ipv4Addr::new(a, b, c, d)).ok()
        }
        _ => write!(text, "{address}").ok(),
    }
}

/// `macaddr` and `macaddr8`.
pub(super) fn mac_addresses() -> Decoder {
    printed(|raw, text| {
        for (at, byte) in raw.iter().enumerate() {
            let colon = if at == 0 { "" } else { ":" };
            write!(text, "{colon}{byte:02x}").ok()?;
        }
        matches!(raw.len(), 6 | 8).then_some(())
    })
}

/// `bit` and `varbit` as zeros and ones.
pub(super) fn bits() -> Decoder {
    printed(|raw, text| {
        let (length, bytes) = raw.split_at_checked(4)?;
        let length = usize::try_from(i32::from_be_bytes(exactly(length)?)).ok()?;
        if bytes.len() != length.div_ceil(8) {
            return None;
        }
        let one = |at: usize| bytes[at / 8] >> (7 - at % 8) & 1 == 1;
        text.extend((0..length).map(|at| if one(at) { '1' } else { '0' }));
        Some(())
    })
}
