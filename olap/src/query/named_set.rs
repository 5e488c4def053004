//! What a named set of a cube is made of: conditions on members and rankings, as queries write them.

use super::cube_query::{Filter, Top};
use super::parse::{ParseError, parse_filter, parse_top};

/// One step that narrows a question.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Narrowing {
    /// A condition on members.
    Members(Filter),
    /// A ranking, or a condition on members by a measure.
    Ranking(Top),
}

/// Reads one: `customer.segment in A, B`, `5 product.product by net_amount`, `customer.customer where net_amount > 1000`.
pub(crate) fn parse_narrowing(text: &str) -> Result<Narrowing, ParseError> {
    let mut words = text.split_whitespace();
    let first = words.next().unwrap_or_default();
    let is_ranking = first.parse::<u64>().is_ok()
        || ["top", "bottom"].contains(&first)
        || words.next() == Some("where");
    match is_ranking {
        true => parse_top(text).map(Narrowing::Ranking),
        false => parse_filter(text).map(Narrowing::Members),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn rankings_are_told_from_conditions_on_members() {
        for ranking in [
            "5 a.b by n",
            "bottom 2 a.b by n",
            "top 3 a.b by n",
            "a.b where n > 1",
        ] {
            let read = parse_narrowing(ranking).unwrap();
            assert!(matches!(read, Narrowing::Ranking(_)), "{ranking}");
        }
        for members in [
            "a.b = 5",
            "a.h.b in 1, 2",
            "a.b contains where",
            "a.b=where",
        ] {
            let read = parse_narrowing(members).unwrap();
            assert!(matches!(read, Narrowing::Members(_)), "{members}");
        }
        assert!(parse_narrowing("5 a.b").is_err());
    }
}
