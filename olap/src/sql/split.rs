//! Cuts a text into statements at its semicolons, and says whether a text typed so far is complete.

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

/// The statements of a text. Each is padded so that places in it are places in the whole text.
///
/// A text that cannot be cut, as for a quote that is never closed, is returned whole.
pub fn split_statements(text: &str) -> Vec<String> {
    let Some(tokens) = tokens(text) else {
        return vec![text.to_owned()];
    };
    let mut statements = Vec::new();
    let mut first: Option<Location> = None;
    for token in &tokens {
        match &token.token {
            Token::Whitespace(_) => {}
            Token::SemiColon => {
                statements.extend(
                    first
                        .take()
                        .map(|from| cut(text, from, Some(token.span.start))),
                );
            }
            _ => first = first.or(Some(token.span.start)),
        }
    }
    statements.extend(first.map(|from| cut(text, from, None)));
    statements
}

/// True if the text ends with a semicolon that ends a statement, or holds no statement.
pub fn is_complete(text: &str) -> bool {
    let Some(tokens) = tokens(text) else {
        return false;
    };
    let mut meaningful = tokens
        .iter()
        .filter(|token| !matches!(token.token, Token::Whitespace(_)));
    meaningful
        .next_back()
        .is_none_or(|last| last.token == Token::SemiColon)
}

fn tokens(text: &str) -> Option<Vec<TokenWithSpan>> {
    Tokenizer::new(&GenericDialect {}, text)
        .tokenize_with_location()
        .ok()
}

/// The text between two places, after as many line ends and spaces as stand before it.
fn cut(text: &str, from: Location, to: Option<Location>) -> String {
    let start = offset(text, from);
    let end = to.map_or(text.len(), |to| offset(text, to));
    let lines = "\n".repeat(usize::try_from(from.line.saturating_sub(1)).unwrap_or(0));
    let spaces = " ".repeat(usize::try_from(from.column.saturating_sub(1)).unwrap_or(0));
    format!(
        "{lines}{spaces}{}",
        text.get(start..end).unwrap_or_default().trim_end()
    )
}

/// The byte at a place, whose line and column count from 1 and whose columns are characters.
fn offset(text: &str, at: Location) -> usize {
    let line = usize::try_from(at.line.saturating_sub(1)).unwrap_or(0);
    let column = usize::try_from(at.column.saturating_sub(1)).unwrap_or(0);
    let start = match line {
        0 => 0,
        line => text
            .match_indices('\n')
            .nth(line - 1)
            .map_or(text.len(), |(at, _)| at + 1),
    };
    let rest = text.get(start..).unwrap_or_default();
    start
        + rest
            .char_indices()
            .nth(column)
            .map_or(rest.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_cut_at_their_ends() {
        let text = "select '第;一', 1; -- a; b\nselect \"x;\" -- c\n from t;\n ;";
        let statements = split_statements(text);
        assert_eq!(statements.len(), 2);
        assert_eq!(statements[0], "select '第;一', 1");
        assert_eq!(statements[1], "\nselect \"x;\" -- c\n from t");
        assert_eq!(
            split_statements("select 1; select 2")[1],
            format!("{}select 2", " ".repeat(10))
        );
        assert_eq!(split_statements(" -- nothing\n"), Vec::<String>::new());
        assert_eq!(split_statements("select 'open"), vec!["select 'open"]);
    }

    #[test]
    fn a_semicolon_completes_a_statement() {
        for (text, complete) in [
            ("select 1;", true),
            ("select 1; -- done\n", true),
            ("", true),
            ("select 1", false),
            ("select ';", false),
            ("/* open;", false),
        ] {
            assert_eq!(is_complete(text), complete, "{text}");
        }
    }
}
