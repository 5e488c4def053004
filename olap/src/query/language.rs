//! The languages of captions, and which of them a locale asks for.

use std::str::FromStr;

use planisphere_schemas::model::Caption;

/// A language that every model has captions in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    /// `en`
    #[default]
    English,
    /// `zh`
    Chinese,
}

impl FromStr for Language {
    type Err = String;

    /// Reads a locale as a BCP 47 tag: its language decides, so `zh-CN` is `zh`; empty is English.
    fn from_str(locale: &str) -> Result<Self, String> {
        let language = locale.split(['-', '_']).next().unwrap_or_default();
        match language.to_ascii_lowercase().as_str() {
            "zh" => Ok(Self::Chinese),
            "en" => Ok(Self::English),
            "" if locale.is_empty() => Ok(Self::English),
            _ => Err(format!(
                "there are no captions in locale '{locale}': write en or zh"
            )),
        }
    }
}

impl Language {
    /// The text of a caption.
    pub fn of_caption(self, caption: &Caption) -> &str {
        match self {
            Self::English => &caption.en,
            Self::Chinese => &caption.zh,
        }
    }

    /// A thing with what it belongs to in front: `Order date: Year`.
    pub fn labelled(self, of: &str, what: &str) -> String {
        match self {
            Self::English => format!("{of}: {what}"),
            Self::Chinese => format!("{of}：{what}"),
        }
    }

    /// The caption of a row that is summed over a level.
    pub fn total(self) -> &'static str {
        match self {
            Self::English => "Total",
            Self::Chinese => "合计",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_of_a_locale_decides() {
        for (locale, expected) in [
            ("", Some(Language::English)),
            ("en", Some(Language::English)),
            ("en-GB", Some(Language::English)),
            ("zh", Some(Language::Chinese)),
            ("zh-CN", Some(Language::Chinese)),
            ("ZH_hant_TW", Some(Language::Chinese)),
            ("xx", None),
            ("zhx", None),
            ("english", None),
            ("-zh", None),
            (" ", None),
        ] {
            assert_eq!(locale.parse().ok(), expected, "{locale:?}");
        }
    }
}
