//! Takes the fields of a mapping one by one and reports what is missing, wrong or unknown.

use std::collections::BTreeSet;

use super::faults::Faults;
use super::node::{Node, Place, Value};

/// Something that can be decoded from a [`Node`]; faults go to the collection, never to a panic.
pub trait Decoder: Sized {
    /// Decodes the value; `None` means that at least one fault was added.
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self>;
}

/// The fields of one mapping. Call [`Fields::finish`] last: it reports unknown fields.
pub struct Fields<'n, 'f> {
    place: Place,
    what: &'static str,
    entries: &'n [(Node, Node)],
    asked: BTreeSet<&'static str>,
    faults: &'f mut Faults,
}

impl<'n, 'f> Fields<'n, 'f> {
    /// Opens a mapping; `what` names it in messages ("a level", `section [olap]`).
    pub fn of(node: &'n Node, what: &'static str, faults: &'f mut Faults) -> Option<Self> {
        match &node.value {
            Value::Mapping(entries) => Some(Self {
                place: node.place.clone(),
                what,
                entries,
                asked: BTreeSet::new(),
                faults,
            }),
            _ => {
                faults.add(
                    &node.place,
                    format!("{what} must be a mapping, not {}", node.kind()),
                );
                None
            }
        }
    }

    /// Where the mapping starts.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The collection of faults, for nested values.
    pub fn faults(&mut self) -> &mut Faults {
        self.faults
    }

    /// The node of a field that may be absent; an explicit null counts as absent.
    pub fn optional(&mut self, key: &'static str) -> Option<&'n Node> {
        self.asked.insert(key);
        self.entries
            .iter()
            .find(|(name, _)| matches!(&name.value, Value::Text(text) if text == key))
            .map(|(_, value)| value)
            .filter(|node| node.value != Value::Null)
    }

    /// The node of a field that must be there, and not as an empty text.
    pub fn required(&mut self, key: &'static str) -> Option<&'n Node> {
        let node = self.optional(key);
        let is_given = |node: &&Node| node.scalar_text().is_none_or(|text| !text.is_empty());
        let given = node.filter(is_given);
        if given.is_none() {
            let message = format!("{} lacks '{key}'", self.what);
            let place = node.map_or(&self.place, |empty| &empty.place);
            self.faults.add(place, message);
        }
        given
    }

    /// A field of a decodable type that must be there.
    pub fn need<T: Decoder>(&mut self, key: &'static str) -> Option<T> {
        self.required(key)
            .and_then(|node| T::decode(node, self.faults))
    }

    /// A field of a decodable type that may be absent.
    pub fn want<T: Decoder>(&mut self, key: &'static str) -> Option<T> {
        self.optional(key)
            .and_then(|node| T::decode(node, self.faults))
    }

    /// A field that may be absent, with what then stands.
    pub fn or<T: Decoder>(&mut self, key: &'static str, default: T) -> T {
        self.want(key).unwrap_or(default)
    }

    /// A list of decodable values; absent means empty.
    pub fn list<T: Decoder>(&mut self, key: &'static str) -> Vec<T> {
        let Some(node) = self.optional(key) else {
            return Vec::new();
        };
        match &node.value {
            Value::Sequence(items) => items
                .iter()
                .filter_map(|item| T::decode(item, self.faults))
                .collect(),
            _ => {
                let message = format!("'{key}' must be a list, not {}", node.kind());
                self.faults.add(&node.place, message);
                Vec::new()
            }
        }
    }

    /// True if a key is there; it does not count as read by that.
    pub fn has(&self, key: &str) -> bool {
        let is_it = |name: &Node| matches!(&name.value, Value::Text(text) if text == key);
        self.entries.iter().any(|(name, _)| is_it(name))
    }

    /// A mapping from names to decodable values in file order; absent means empty.
    ///
    /// `build` gets the name and its node.
    pub fn named<T>(
        &mut self,
        key: &'static str,
        mut build: impl FnMut(&str, &'n Node, &Place, &mut Faults) -> Option<T>,
    ) -> Vec<T> {
        let Some(node) = self.optional(key) else {
            return Vec::new();
        };
        let Value::Mapping(entries) = &node.value else {
            let message = format!("'{key}' must be a mapping from names, not {}", node.kind());
            self.faults.add(&node.place, message);
            return Vec::new();
        };
        entries
            .iter()
            .filter_map(|(name, value)| {
                build(&name.scalar_text()?, value, &name.place, self.faults)
            })
            .collect()
    }

    /// A word out of a closed list.
    pub fn choice<T: Clone>(&mut self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let node = self.optional(key)?;
        let word = node.scalar_text().unwrap_or_default();
        match words.iter().find(|(name, _)| *name == word) {
            Some((_, value)) => Some(value.clone()),
            None => {
                let what = format!("value of '{key}'");
                self.faults.unknown(
                    &node.place,
                    &what,
                    &word,
                    words.iter().map(|(name, _)| *name),
                );
                None
            }
        }
    }

    /// Reports fields that nobody asked for, with the nearest known name.
    pub fn finish(self) {
        for (name, _) in self.entries {
            let text = name.scalar_text().unwrap_or_default();
            if !self.asked.contains(text.as_str()) {
                let what = format!("field of {}", self.what);
                self.faults
                    .unknown(&name.place, &what, &text, self.asked.iter().copied());
            }
        }
    }
}

impl Decoder for String {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let text = node.scalar_text();
        if text.is_none() {
            faults.add(
                &node.place,
                format!("a text is expected here, not {}", node.kind()),
            );
        }
        text
    }
}

impl Decoder for bool {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        match node.value {
            Value::Boolean(flag) => Some(flag),
            _ => {
                faults.add(
                    &node.place,
                    format!("true or false is expected, not {}", node.kind()),
                );
                None
            }
        }
    }
}

impl Decoder for i64 {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        match node.value {
            Value::Integer(number) => Some(number),
            _ => {
                let message = format!("a whole number is expected here, not {}", node.kind());
                faults.add(&node.place, message);
                None
            }
        }
    }
}

impl Decoder for u64 {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let number = i64::decode(node, faults)?;
        let positive = Self::try_from(number).ok();
        if positive.is_none() {
            faults.add(&node.place, format!("{number} must not be negative"));
        }
        positive
    }
}
