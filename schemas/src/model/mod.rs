//! The model of a warehouse as plain, serialisable types: sources, conformed dimensions, stars, cubes.
//!
//! [`read_model`] reads the YAML files of a folder, decodes and validates all of them and reports every
//! fault at once. The whole model is kept in each manifest, so that an old version stays readable.
//! Not responsible for executing anything.

mod bridge;
mod calendar;
mod corrections;
mod cube;
mod cube_expression;
mod currency;
mod decode;
mod dimension;
mod file_format;
mod generated;
mod holidays;
mod link;
mod member_attribute;
mod members;
mod milestones;
mod periodic;
mod places;
mod read;
mod source;
mod sql;
mod star;
mod time_of_day;
mod tree;
mod types;
mod validate;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use bridge::Bridge;
pub use corrections::{BOOKED, BOOKED_BY, BOOKED_ON, Corrections};
pub use cube::{
    Aggregate, Aggregation, Cube, CubeDimension, CubePart, CubeRole, DrillThrough, Format, Kpi,
    Measure, MeasureKind, NamedSet,
};
pub use cube_expression::{ContextCall, ContextFunction, CubeExpression, parse_cube_expression};
pub use currency::{Converted, Currency, Moment, Rates};
pub use dimension::{
    Attribute, Dimension, DimensionKind, FastAttribute, Hierarchy, Level, Outrigger, Parent, Scd,
};
pub use file_format::{Compression, FileFormat, FileKind};
pub use generated::{
    CalendarSpec, HolidaySpec, NamedAfter, RetailEnd, RetailSpec, TimeGrain, TimeOfDaySpec,
};
pub use holidays::Holidays;
pub use link::{PARENT_ID, current_id_column, current_key_column};
pub use member_attribute::MemberAttribute;
pub use members::{
    CALENDAR_ORIGIN, DurableKey, OPEN_FROM, OPEN_TO, SpecialMember, SurrogateKey, date_of_key,
    key_of_date,
};
pub use milestones::{DurationUnit, LAST_MILESTONE, Milestone, Milestones};
pub use periodic::{PERIOD_END, Period, Periodic, SemiAdditive, Take};
pub use places::Places;
pub use read::{read_model, read_model_with_places};
pub use source::{
    Changes, Column, Entity, EntityColumn, History, InvalidValue, Join, Rule, Source, Table, View,
};
pub use sql::{
    parse_expression, parse_query, referenced_columns, referenced_tables, rename_qualifier,
};
pub use star::{DegenerateColumn, FactMeasure, Role, Star, StarKind};
pub use tree::{AttributeAbove, Tree};
pub use types::{Caption, DataType, Tag};

/// Everything that the YAML files of a model folder say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The id of the model.
    pub name: String,
    /// What people read.
    pub caption: Caption,
    /// The warehouse time zone (IANA name); it decides every date key.
    pub time_zone: String,
    /// The operational systems.
    pub sources: Vec<Source>,
    /// The conformed dimensions.
    pub dimensions: Vec<Dimension>,
    /// The stars (facts).
    pub stars: Vec<Star>,
    /// The cubes that analysts see.
    pub cubes: Vec<Cube>,
}

impl Model {
    /// The conformed dimension of that name.
    pub fn dimension(&self, name: &str) -> Option<&Dimension> {
        self.dimensions
            .iter()
            .find(|dimension| dimension.name == name)
    }

    /// The star of that name.
    pub fn star(&self, name: &str) -> Option<&Star> {
        self.stars.iter().find(|star| star.name == name)
    }

    /// The cube of that name.
    pub fn cube(&self, name: &str) -> Option<&Cube> {
        self.cubes.iter().find(|cube| cube.name == name)
    }

    /// The entity of that name with the source that feeds it.
    pub fn entity(&self, name: &str) -> Option<(&Source, &Entity)> {
        self.sources.iter().find_map(|source| {
            source
                .entities
                .iter()
                .find(|entity| entity.name == name)
                .map(|entity| (source, entity))
        })
    }

    /// The warehouse time zone; the validator has checked the name.
    pub fn zone(&self) -> chrono_tz::Tz {
        self.time_zone.parse().unwrap_or(chrono_tz::UTC)
    }

    /// SHA-256 of the model in hexadecimal: equal models have equal hashes.
    pub fn hash(&self) -> String {
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}
