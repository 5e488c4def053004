//! Business keys are compared as texts: columns that name the same member have to write it alike.

use arrow::datatypes::DataType as Arrow;
use planisphere_schemas::model::{DataType, Dimension, DimensionKind, Model};

use crate::conform::type_name;

use super::{Spot, Uses};

/// A column of an entity.
#[derive(Clone, Copy)]
pub(super) struct Column<'a> {
    pub(super) entity: &'a str,
    pub(super) name: &'a str,
}

impl Uses<'_> {
    /// A column with the business keys of a dimension's members.
    pub(super) fn refers(&mut self, spot: Spot, column: Column<'_>, to: Option<&Dimension>) {
        let key = to.and_then(|dimension| business_key(self.model, dimension));
        self.becomes(spot.clone(), column.entity, column.name, DataType::Text);
        if let Some(key) = key {
            self.compares(&spot, column, key);
        }
    }

    /// Two columns that are compared as texts.
    pub(super) fn compares(&mut self, spot: &Spot, column: Column<'_>, with: Column<'_>) {
        let types = (
            self.type_of(column.entity, column.name),
            self.type_of(with.entity, with.name),
        );
        let (Some(found), Some(other)) = types else {
            return;
        };
        if are_written_alike(found, other) {
            return;
        }
        let message = format!(
            "column '{}' of entity '{}' is {}, but column '{}' of entity '{}', with which it is compared, is {}; ids are compared as they are written, and 1.0 \
             is not 1: cast one of them in its entity",
            column.name,
            column.entity,
            type_name(found),
            with.name,
            with.entity,
            type_name(other)
        );
        self.fault(spot, message);
    }
}

/// The column that says who a member of a dimension is; that of a mini-dimension's owner is its own.
fn business_key<'a>(model: &'a Model, dimension: &'a Dimension) -> Option<Column<'a>> {
    match &dimension.kind {
        DimensionKind::Entity { entity, key } => Some(Column { entity, name: key }),
        DimensionKind::Mini { of } => business_key(model, model.dimension(of)?),
        _ => None,
    }
}

/// True if equal values of two types are equal as texts; texts may be so.
fn are_written_alike(a: &Arrow, b: &Arrow) -> bool {
    let is_whole = |it: &Arrow| it.is_integer() || matches!(it, Arrow::Decimal128(_, 0));
    let has_places = |it: &Arrow| it.is_floating() || matches!(it, Arrow::Decimal128(_, 1..));
    match (a, b) {
        (Arrow::Null, _) | (_, Arrow::Null) => true,
        (a, b) if a == b || is_whole(a) && is_whole(b) => true,
        (Arrow::Decimal128(_, a), Arrow::Decimal128(_, b)) => a == b,
        (a, b) if a.is_string() => b.is_string() || !has_places(b),
        (a, b) if b.is_string() => !has_places(a),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_and_texts_are_written_alike_and_numbers_with_places_only_among_themselves() {
        let money = Arrow::Decimal128(18, 4);
        let whole = Arrow::Decimal128(20, 0);
        for (a, b, alike) in [
            (&Arrow::Int32, &Arrow::Int64, true),
            (&Arrow::Int64, &whole, true),
            (&Arrow::Utf8, &Arrow::Int64, true),
            (&Arrow::Utf8, &Arrow::Utf8View, true),
            (&Arrow::Utf8, &Arrow::Date32, true),
            (&money, &Arrow::Decimal128(9, 4), true),
            (&Arrow::Null, &Arrow::Float64, true),
            (&money, &Arrow::Decimal128(9, 2), false),
            (&Arrow::Float64, &Arrow::Int64, false),
            (&Arrow::Float64, &Arrow::Utf8, false),
            (&money, &Arrow::Int64, false),
            (&money, &Arrow::Utf8, false),
            (&Arrow::Boolean, &Arrow::Int64, false),
            (&Arrow::Date32, &Arrow::Int64, false),
        ] {
            assert_eq!(are_written_alike(a, b), alike, "{a} and {b}");
            assert_eq!(are_written_alike(b, a), alike, "{b} and {a}");
        }
    }
}
