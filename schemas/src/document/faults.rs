//! Faults with their places, collected so that one does not hide the others.

use std::collections::BTreeSet;
use std::fmt;

use super::node::Place;

/// One thing that is wrong in one place of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where it stands.
    pub place: Place,
    /// What is wrong, in plain words.
    pub message: String,
    /// What to do about it, where we know.
    pub hint: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// Every fault found so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Adds a fault without a hint.
    pub fn add(&mut self, place: &Place, message: impl Into<String>) {
        self.0.push(Fault {
            place: place.clone(),
            message: message.into(),
            hint: None,
        });
    }

    /// Adds a fault with what to do about it.
    pub fn add_with_hint(
        &mut self,
        place: &Place,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        self.0.push(Fault {
            place: place.clone(),
            message: message.into(),
            hint,
        });
    }

    /// Adds "unknown X 'name'" with the nearest known name as hint.
    pub fn unknown<'a>(
        &mut self,
        place: &Place,
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) {
        let mut seen = BTreeSet::new();
        let known: Vec<&str> = known
            .into_iter()
            .filter(|name| seen.insert(*name))
            .collect();
        let hint = match nearest(name, known.iter().copied()) {
            Some(near) => Some(format!("did you mean '{near}'?")),
            None if known.is_empty() => None,
            None => Some(format!("known: {}", known.join(", "))),
        };
        self.add_with_hint(place, format!("unknown {what} '{name}'"), hint);
    }

    /// True if nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The faults in file order.
    pub fn sorted(mut self) -> Self {
        self.0.sort_by(|a, b| a.place.cmp(&b.place));
        self.0.dedup();
        self
    }

    /// Iterates over the faults.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }

    /// Takes over the faults of another collection.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.0.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

/// Returns the known name that is nearest to `name`, if one is near enough to be meant.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(score, _)| *score >= 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
