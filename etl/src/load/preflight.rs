//! What is checked before anything is read: the settings of every source, and what the engine makes of the model.

use arrow::compute::can_cast_types;
use arrow::datatypes::DataType as Arrow;
use planisphere_schemas::document::Faults;
use planisphere_schemas::model::{
    Bridge, Currency, DataType, Dimension, DimensionKind, DurationUnit, Milestones, Model, Places,
    Star,
};
use planisphere_schemas::settings::Settings;

use crate::conform::{Types, check, type_name};
use crate::error::{Error, Result};
use crate::source::connect;
use crate::staging::{Package, reach};

use self::ids::Column;

mod ids;

/// Checks settings and model without reading a source; returns what can only be told once the sources were read.
///
/// # Errors
/// The first source that the settings do not say how to reach, then all faults of the model at once.
pub(crate) async fn preflight(
    model: &Model,
    places: &Places,
    settings: &Settings,
) -> Result<Option<String>> {
    for source in &model.sources {
        connect(source, reach(model, settings, source)?)?;
    }
    let later = check_model(model, places, &Package::declared(model), settings).await?;
    Ok((!later.is_empty()).then(|| {
        let later = later.join(", ");
        format!("native columns are known only once the source is read; not checked yet: {later}")
    }))
}

/// Checks what the engine makes of the model over tables with the columns of a package; returns what waits.
///
/// # Errors
/// All faults at once.
pub(super) async fn check_model(
    model: &Model,
    places: &Places,
    package: &Package,
    settings: &Settings,
) -> Result<Vec<String>> {
    let mut faults = Faults::default();
    let (types, later) = check(model, places, package, &settings.etl, &mut faults).await?;
    let mut uses = Uses {
        types: &types,
        model,
        places,
        faults: &mut faults,
    };
    for dimension in &model.dimensions {
        uses.dimension(dimension);
    }
    for star in &model.stars {
        uses.star(star);
    }
    match faults.is_empty() {
        true => Ok(later),
        false => Err(Error::Schemas(planisphere_schemas::Error::Faults {
            faults: faults.sorted(),
        })),
    }
}

/// A kind of file and a path inside it, as [`Places`] has them.
type Spot = (&'static str, String);

/// Checks that the columns of entities can become what dimensions and stars declare.
struct Uses<'a> {
    types: &'a Types,
    model: &'a Model,
    places: &'a Places,
    faults: &'a mut Faults,
}

impl Uses<'_> {
    fn dimension(&mut self, dimension: &Dimension) {
        let DimensionKind::Entity { entity, key } = &dimension.kind else {
            return;
        };
        let name = &dimension.name;
        let spot = ("dimension", format!("{name}/key/{key}"));
        self.becomes(spot, entity, key, DataType::Text);
        for outrigger in &dimension.outriggers {
            let target = self.model.dimension(&outrigger.dimension);
            let spot = ("dimension", format!("{name}/{}", outrigger.name));
            match target.is_some_and(Dimension::is_calendar) {
                true => self.is_day(spot, entity, &outrigger.column),
                false => {
                    let name = &outrigger.column;
                    self.refers(spot, Column { entity, name }, target);
                }
            }
        }
        if let Some(parent) = &dimension.parent {
            let spot = ("dimension", format!("{name}/parent/{}", parent.column));
            let name = &parent.column;
            self.refers(spot, Column { entity, name }, Some(dimension));
        }
        let fast = dimension.fast.iter().map(|fast| &fast.attribute);
        for attribute in dimension.attributes.iter().chain(fast) {
            let spot = ("dimension", format!("{name}/{}", attribute.name));
            self.becomes(spot, entity, &attribute.column, attribute.data_type);
        }
    }

    fn star(&mut self, star: &Star) {
        let spot = |name: &str| ("star", format!("{}/{name}", star.name));
        for key in star.key.iter().filter(|key| !star.derives(key)) {
            let spot = spot(&format!("key/{key}"));
            self.becomes(spot, &star.entity, key, DataType::Text);
        }
        for role in &star.roles {
            let dimension = self.model.dimension(&role.dimension);
            if let Some(dimension) = dimension.filter(|dimension| dimension.is_combination()) {
                for attribute in &dimension.attributes {
                    let column = role.column_of(&attribute.name);
                    self.becomes(spot(&role.name), &star.entity, column, attribute.data_type);
                }
                continue;
            }
            let milestones = star.milestones.as_ref();
            let milestone = milestones.and_then(|it| it.of_role(&role.name));
            let spot_of_role = spot(milestone.map_or(&role.name, |it| &it.name));
            match dimension {
                Some(found) if found.is_calendar() => {
                    self.is_day(spot_of_role, &star.entity, &role.column);
                }
                Some(found) if found.is_time_of_day() => {
                    self.is_instant(spot_of_role, &star.entity, &role.column);
                }
                _ => {
                    let (entity, name) = (&star.entity, &role.column);
                    self.refers(spot_of_role, Column { entity, name }, dimension);
                }
            }
            if let Some(as_of) = &role.as_of {
                self.is_day(spot(&role.name), &star.entity, as_of);
            }
        }
        for bridge in &star.bridges {
            self.bridge(star, bridge);
        }
        if let Some(milestones) = &star.milestones {
            self.milestones(star, milestones);
        }
        if let Some(periodic) = &star.periodic {
            let edges = [("begins", &periodic.begins), ("ends", &periodic.ends)];
            for (field, column) in edges {
                let Some(column) = column else { continue };
                let spot = ("star", format!("{}/{field}/{column}", star.name));
                self.is_day(spot, &star.entity, column);
            }
        }
        if let Some(currency) = &star.currency {
            self.currency(star, currency);
        }
        let degenerate = star.degenerate.iter();
        let degenerate = degenerate.map(|column| (&column.name, &column.column, column.data_type));
        let measures = star.measures.iter();
        let measures = measures.map(|measure| (&measure.name, &measure.column, measure.data_type));
        let own = degenerate.chain(measures);
        for (name, column, data_type) in own.filter(|(_, column, _)| !star.derives(column)) {
            self.becomes(spot(name), &star.entity, column, data_type);
        }
    }

    fn bridge(&mut self, star: &Star, bridge: &Bridge) {
        let spot = |field: &str, name: &str| {
            let path = format!("{}/{}/{field}/{name}", star.name, bridge.name);
            ("star", path)
        };
        for column in &bridge.by {
            self.becomes(spot("by", column), &star.entity, column, DataType::Text);
        }
        let entity = &bridge.entity;
        for (name, by) in bridge.facts.iter().zip(&bridge.by) {
            self.becomes(spot("facts", name), entity, name, DataType::Text);
            let by = Column {
                entity: &star.entity,
                name: by,
            };
            self.compares(&spot("facts", name), Column { entity, name }, by);
        }
        let name = &bridge.column;
        let members = self.model.dimension(&bridge.dimension);
        self.refers(spot("column", name), Column { entity, name }, members);
        if let Some(as_of) = &bridge.as_of {
            self.is_day(spot("as_of", as_of), &star.entity, as_of);
        }
        let Some(weight) = &bridge.weight else {
            return;
        };
        let found = self.type_of(&bridge.entity, weight).cloned();
        let is_exact = |it: &Arrow| it.is_integer() || matches!(it, Arrow::Decimal128(..));
        if let Some(found) = found.filter(|it| !is_exact(it)) {
            let message = format!(
                "column '{weight}' of entity '{}' is {}; a weight is exact, an integer or a decimal",
                bridge.entity,
                type_name(&found)
            );
            self.fault(&spot("weight", weight), message);
        }
    }

    fn milestones(&mut self, star: &Star, milestones: &Milestones) {
        if let Some(ended) = &milestones.ended {
            let spot = ("star", format!("{}/ended/{ended}", star.name));
            self.is_boolean(&spot, &star.entity, ended);
        }
        if milestones.durations == DurationUnit::Hours {
            for step in &milestones.steps {
                let spot = ("star", format!("{}/{}", star.name, step.name));
                self.is_instant(spot, &star.entity, &step.column);
            }
        }
    }

    fn currency(&mut self, star: &Star, currency: &Currency) {
        let rates = &currency.rates;
        let spot = |field: &str, column: &str| {
            let path = format!("{}/currency/{field}/{column}", star.name);
            ("star", path)
        };
        let own = spot("column", &currency.column);
        self.becomes(own, &star.entity, &currency.column, DataType::Text);
        let code = spot("rates/currency", &rates.currency);
        self.becomes(code, &rates.entity, &rates.currency, DataType::Text);
        let moments = [("event", &currency.event), ("close", &currency.close)];
        for (field, moment) in moments {
            let Some(moment) = moment else { continue };
            self.is_day(spot(field, moment), &star.entity, moment);
        }
        self.is_day(spot("rates/date", &rates.date), &rates.entity, &rates.date);
        let found = self.type_of(&rates.entity, &rates.rate).cloned();
        if let Some(found) =
            found.filter(|it| !it.is_integer() && !matches!(it, Arrow::Decimal128(..)))
        {
            let message = format!(
                "column '{}' of entity '{}' is {}; a rate is exact, an integer or a decimal",
                rates.rate,
                rates.entity,
                type_name(&found)
            );
            self.fault(&spot("rates/rate", &rates.rate), message);
        }
    }

    fn becomes(&mut self, spot: Spot, entity: &str, column: &str, to: DataType) {
        let Some(found) = self.type_of(entity, column) else {
            return;
        };
        if found != &to.arrow() && !can_cast_types(found, &to.arrow()) {
            let found = type_name(found);
            self.fault(
                &spot,
                format!(
                    "column '{column}' of entity '{entity}' is {found}, which cannot become {to}"
                ),
            );
        }
    }

    /// A text or a number that is neither true nor false would be no answer without a word.
    fn is_boolean(&mut self, spot: &Spot, entity: &str, column: &str) {
        let Some(found) = self.type_of(entity, column) else {
            return;
        };
        if !matches!(found, Arrow::Boolean | Arrow::Null) {
            let found = type_name(found);
            let message = format!(
                "column '{column}' of entity '{entity}' is {found}, not true or false; compare it in the entity, as in x = 'closed'"
            );
            self.fault(spot, message);
        }
    }

    /// A text that is no date would become no date without a word.
    fn is_day(&mut self, spot: Spot, entity: &str, column: &str) {
        let Some(found) = self.type_of(entity, column) else {
            return;
        };
        if !matches!(found, Arrow::Date32 | Arrow::Timestamp(..) | Arrow::Null) {
            let found = type_name(found);
            self.fault(
                &spot,
                format!(
                    "column '{column}' of entity '{entity}' is {found}, not a date or an instant"
                ),
            );
        }
    }

    /// A day alone has no time of day.
    fn is_instant(&mut self, spot: Spot, entity: &str, column: &str) {
        let Some(found) = self.type_of(entity, column) else {
            return;
        };
        if !matches!(found, Arrow::Timestamp(..) | Arrow::Null) {
            let found = type_name(found);
            let message = format!(
                "column '{column}' of entity '{entity}' is {found}, not an instant, which has a time of day"
            );
            self.fault(&spot, message);
        }
    }

    fn fault(&mut self, spot: &Spot, message: String) {
        let place = self.places.nearest(spot.0, &spot.1);
        self.faults.add(&place, message);
    }

    fn type_of(&self, entity: &str, column: &str) -> Option<&Arrow> {
        self.types.get(&(entity.to_owned(), column.to_owned()))
    }
}
