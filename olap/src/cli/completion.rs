//! Completes names of tables and columns, and keywords.

use rustyline::completion::{Completer, Pair};
use rustyline::{Context, Helper, Highlighter, Hinter, Validator};

const KEYWORDS: [&str; 40] = [
    "select",
    "from",
    "where",
    "group by",
    "order by",
    "having",
    "limit",
    "offset",
    "join",
    "left join",
    "inner join",
    "cross join",
    "on",
    "using",
    "and",
    "or",
    "not",
    "in",
    "between",
    "like",
    "is null",
    "is not null",
    "case when",
    "then",
    "else",
    "end",
    "distinct",
    "union all",
    "with",
    "as",
    "asc",
    "desc",
    "count(",
    "sum(",
    "avg(",
    "min(",
    "max(",
    "over (",
    "explain",
    "describe",
];

/// What the line editor asks while a line is typed.
#[derive(Helper, Highlighter, Hinter, Validator)]
pub(super) struct SqlHelper {
    names: Vec<String>,
}

impl SqlHelper {
    /// Completes these names beside the keywords.
    pub(super) fn new(mut names: Vec<String>) -> Self {
        names.sort();
        names.dedup();
        Self { names }
    }

    /// What the word before the cursor can become, and where it starts.
    fn candidates(&self, line: &str, cursor: usize) -> (usize, Vec<String>) {
        let before = line.get(..cursor).unwrap_or(line);
        let start = before
            .char_indices()
            .rev()
            .find(|(_, c)| !c.is_alphanumeric() && *c != '_')
            .map_or(0, |(at, c)| at + c.len_utf8());
        let word = before.get(start..).unwrap_or_default().to_lowercase();
        if word.is_empty() {
            return (start, Vec::new());
        }
        let keywords = KEYWORDS.iter().map(|keyword| (*keyword).to_owned());
        let all = self.names.iter().cloned().chain(keywords);
        (
            start,
            all.filter(|name| name.to_lowercase().starts_with(&word))
                .collect(),
        )
    }
}

impl Completer for SqlHelper {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        cursor: usize,
        _context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (start, names) = self.candidates(line, cursor);
        let pairs = names.into_iter().map(|name| Pair {
            display: name.clone(),
            replacement: name,
        });
        Ok((start, pairs.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_before_the_cursor_is_completed() {
        let names = ["dim_customer", "dim_date", "customer_key", "dim_date"].map(String::from);
        let helper = SqlHelper::new(names.to_vec());
        for (line, cursor, start, expected) in [
            (
                "select * from dim_",
                18,
                14,
                vec!["dim_customer", "dim_date"],
            ),
            ("select c.cust", 13, 9, vec!["customer_key"]),
            ("SEL", 3, 0, vec!["select"]),
            ("select dim_d from x", 12, 7, vec!["dim_date"]),
            ("select '中文' ", 16, 16, vec![]),
        ] {
            let found = helper.candidates(line, cursor);
            assert_eq!(
                found,
                (start, expected.into_iter().map(String::from).collect()),
                "{line}"
            );
        }
    }
}
