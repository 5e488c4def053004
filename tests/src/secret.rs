//! Searching for a secret in whatever a program said and wrote.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::lab::Said;

/// A password in all the forms in which it might come out.
#[derive(Debug)]
pub struct Secret {
    forms: Vec<String>,
}

impl Secret {
    /// The forms of a password: as it is, percent-encoded, and as parts of texts that escape.
    pub fn new(password: &str) -> Self {
        let encoded: String = password.bytes().map(percent).collect();
        let lower =
            encoded
                .split('%')
                .enumerate()
                .map(|(at, part)| match (at, part.split_at_checked(2)) {
                    (1.., Some((digits, rest))) => format!("%{}{rest}", digits.to_lowercase()),
                    _ => part.to_owned(),
                });
        let lower = lower.collect();
        let quoted = serde_json::Value::from(password).to_string();
        let debug = format!("{password:?}");
        let forms = vec![
            password.to_owned(),
            encoded,
            lower,
            quoted.trim_matches('"').to_owned(),
            debug.trim_matches('"').to_owned(),
        ];
        Self { forms }
    }

    /// The password as it stands in a URL.
    pub fn in_url(&self) -> &str {
        &self.forms[1]
    }

    /// Demands that it stands neither in what a program said nor in any file of a folder; returns how many files there
    /// are.
    ///
    /// # Errors
    /// With the place where it stands.
    pub fn is_nowhere(&self, said: &Said, folder: &Path) -> Result<usize> {
        for form in &self.forms {
            ensure!(!said.out.contains(form), "'{form}' in: {}", said.out);
            ensure!(!said.err.contains(form), "'{form}' in: {}", said.err);
        }
        self.is_not_below(folder)
    }

    fn is_not_below(&self, folder: &Path) -> Result<usize> {
        let mut files = 0;
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                files += self.is_not_below(&path)?;
                continue;
            }
            let bytes = std::fs::read(&path)?;
            for form in &self.forms {
                let found = bytes.windows(form.len()).any(|at| at == form.as_bytes());
                ensure!(!found, "'{form}' in {}", path.display());
            }
            files += 1;
        }
        Ok(files)
    }
}

/// A byte as it stands in a URL.
fn percent(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    }
}
