//! `every:` of a star, and semi-additive measures.

use crate::document::Fields;
use crate::model::periodic::{Period, Periodic, SemiAdditive, Take};
use crate::model::star::StarKind;

/// How a periodic snapshot is taken; `None` for other kinds of stars.
pub(super) fn periodic(fields: &mut Fields<'_, '_>, kind: StarKind) -> Option<Periodic> {
    let said = [
        fields.optional("every"),
        fields.optional("begins"),
        fields.optional("ends"),
    ];
    if kind != StarKind::Periodic {
        if let Some(node) = said.into_iter().flatten().next() {
            let message = "'every', 'begins' and 'ends' belong to a star of 'kind: periodic'";
            fields.faults().add(&node.place, message);
        }
        return None;
    }
    let periods = [
        ("day", Period::Day),
        ("week", Period::Week),
        ("month", Period::Month),
    ];
    fields.required("every");
    Some(Periodic {
        every: fields.choice("every", &periods).unwrap_or(Period::Month),
        begins: fields.want("begins"),
        ends: fields.want("ends"),
    })
}

/// Whether a measure may be summed, and how a semi-additive one is answered.
pub(super) fn additivity(fields: &mut Fields<'_, '_>) -> (bool, Option<SemiAdditive>) {
    #[derive(Clone, PartialEq)]
    enum Word {
        Additive,
        SemiAdditive,
        NonAdditive,
    }
    let words = [
        ("additive", Word::Additive),
        ("semi_additive", Word::SemiAdditive),
        ("non_additive", Word::NonAdditive),
    ];
    let word = fields.choice("additivity", &words);
    let word = word.unwrap_or(Word::Additive);
    let said = fields.optional("over").or(fields.optional("take"));
    if word != Word::SemiAdditive {
        if let Some(node) = said {
            let message = "'over' and 'take' belong to a measure of 'additivity: semi_additive'";
            fields.faults().add(&node.place, message);
        }
        return (word == Word::Additive, None);
    }
    let takes = [
        ("last", Take::Last),
        ("first", Take::First),
        ("average", Take::Average),
    ];
    let semi = SemiAdditive {
        over: fields.need("over").unwrap_or_default(),
        take: fields.choice("take", &takes).unwrap_or(Take::Last),
    };
    (false, Some(semi))
}
