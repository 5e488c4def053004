//! All rules between the parts of a model. Every fault is reported, none stops the search.

use std::collections::BTreeSet;

use crate::document::{Faults, Place};

use super::Model;
use super::places::Places;
use super::source::{Entity, Source};
use super::sql::parse_expression;

mod cube;
mod dimension;
mod hierarchy;
mod mini;
mod outrigger;
mod source;
mod star;
mod star_bridge;
mod star_corrections;
mod star_currency;
mod star_kind;

/// Adds a fault for every rule that the model breaks.
///
/// `unread` are the kinds of files of which one could not be read: its names are not known.
pub(super) fn validate(
    model: &Model,
    places: &Places,
    unread: &BTreeSet<&'static str>,
    faults: &mut Faults,
) {
    let mut check = Check {
        model,
        places,
        unread,
        faults,
    };
    check.time_zone(&model.time_zone, ("model", String::new()));
    check.entities_are_unique();
    for source in &model.sources {
        source::check(&mut check, source);
    }
    for dimension in &model.dimensions {
        dimension::check(&mut check, dimension);
    }
    for star in &model.stars {
        star::check(&mut check, star);
    }
    for cube in &model.cubes {
        cube::check(&mut check, cube);
    }
}

type Spot = (&'static str, String);

/// The spot of a text in a field of a thing, such as one entry of a list.
fn within(spot: &Spot, field: &str, text: &str) -> Spot {
    (spot.0, format!("{}/{field}/{text}", spot.1))
}

struct Check<'a> {
    model: &'a Model,
    places: &'a Places,
    unread: &'a BTreeSet<&'static str>,
    faults: &'a mut Faults,
}

impl Check<'_> {
    /// The place of a thing, or of the nearest thing around it that has one.
    fn place(&self, spot: &Spot) -> Place {
        self.places.nearest(spot.0, &spot.1)
    }

    fn fault(&mut self, spot: &Spot, message: String) {
        let place = self.place(spot);
        self.faults.add(&place, message);
    }

    fn unknown<'n>(
        &mut self,
        spot: &Spot,
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'n str>,
    ) {
        let place = self.place(spot);
        self.faults.unknown(&place, what, name, known);
    }

    /// Checks that a name is among the known ones.
    fn known<'n>(
        &mut self,
        spot: &Spot,
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'n str> + Clone,
    ) -> bool {
        let found = known.clone().into_iter().any(|candidate| candidate == name);
        // entities stand in the files of sources
        let kind = if what == "entity" { "source" } else { what };
        if !found && !self.unread.contains(kind) {
            self.unknown(spot, what, name, known);
        }
        found
    }

    /// Checks that a name that a file has to give is among the known ones. Of a name that it lacks nothing is said: that was told
    /// when the file was read.
    fn given<'n>(
        &mut self,
        spot: &Spot,
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'n str> + Clone,
    ) -> bool {
        !name.is_empty() && self.known(spot, what, name, known)
    }

    fn time_zone(&mut self, name: &str, spot: Spot) {
        if name.parse::<chrono_tz::Tz>().is_err() {
            let spot = within(&spot, "time_zone", name);
            self.fault(
                &spot,
                format!("unknown time zone '{name}'; use an IANA name"),
            );
        }
    }

    fn expression(
        &mut self,
        spot: &Spot,
        text: &str,
    ) -> Option<datafusion::sql::sqlparser::ast::Expr> {
        match parse_expression(text) {
            Ok(expression) => Some(expression),
            Err(message) => {
                self.fault(spot, format!("'{text}' is not a SQL expression: {message}"));
                None
            }
        }
    }

    fn entity(&mut self, spot: &Spot, name: &str) -> Option<(&Source, &Entity)> {
        let model = self.model;
        let names: Vec<&str> = entity_names(model).collect();
        self.given(&within(spot, "entity", name), "entity", name, names);
        model.entity(name)
    }

    fn entities_are_unique(&mut self) {
        let mut seen = BTreeSet::new();
        let model = self.model;
        for source in &model.sources {
            for entity in &source.entities {
                if !seen.insert(&entity.name) {
                    let spot = ("source", format!("{}/{}", source.name, entity.name));
                    self.fault(&spot, format!("entity '{}' is declared twice", entity.name));
                }
            }
        }
    }

    /// Reports names that occur twice in a list.
    fn unique<'n>(&mut self, spot: &Spot, what: &str, names: impl IntoIterator<Item = &'n str>) {
        let mut seen = BTreeSet::new();
        for name in names {
            if !seen.insert(name) {
                let spot = (spot.0, format!("{}/{name}", spot.1));
                self.fault(&spot, format!("{what} '{name}' is declared twice"));
            }
        }
    }
}

fn entity_names(model: &Model) -> impl Iterator<Item = &str> {
    model
        .sources
        .iter()
        .flat_map(|source| &source.entities)
        .map(|entity| entity.name.as_str())
}
