//! The special members of every dimension, the keys of the calendar and the ends of valid time.

use chrono::{Days, NaiveDate};

use super::types::Caption;

/// 0001-01-01T00:00:00Z in microseconds: the open beginning of valid time.
pub const OPEN_FROM: i64 = -62_135_596_800_000_000;
/// 9999-12-31T00:00:00Z in microseconds: the open end of valid time.
pub const OPEN_TO: i64 = 253_402_214_400_000_000;

/// The key of one version of one member; it means one (durable key, valid_from) for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SurrogateKey(pub i32);

/// The key of one member through all its versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DurableKey(pub i32);

/// Members that stand for "no ordinary member", at fixed surrogate keys in every dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpecialMember {
    /// The source gives no value.
    NotGiven,
    /// A value makes no sense here.
    NotApplicable,
    /// The source gives a code that cannot be understood.
    InvalidCode,
    /// The source gives a code whose member has not arrived.
    NotYetArrived,
}

impl SpecialMember {
    /// All of them, from -1 downwards.
    pub const ALL: [Self; 4] = [
        Self::NotGiven,
        Self::NotApplicable,
        Self::InvalidCode,
        Self::NotYetArrived,
    ];

    /// The fixed surrogate key.
    pub fn key(self) -> i32 {
        match self {
            Self::NotGiven => -1,
            Self::NotApplicable => -2,
            Self::InvalidCode => -3,
            Self::NotYetArrived => -4,
        }
    }

    /// The stable id that stands in the business key: `not_given` and so on.
    pub fn id(self) -> &'static str {
        match self {
            Self::NotGiven => "not_given",
            Self::NotApplicable => "not_applicable",
            Self::InvalidCode => "invalid_code",
            Self::NotYetArrived => "not_yet_arrived",
        }
    }

    /// The special member of a surrogate key.
    pub fn of_key(key: i64) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|special| i64::from(special.key()) == key)
    }

    /// What people read.
    pub fn caption(self) -> Caption {
        let (en, zh) = match self {
            Self::NotGiven => ("(not given)", "（未填写）"),
            Self::NotApplicable => ("(not applicable)", "（不适用）"),
            Self::InvalidCode => ("(invalid code)", "（无效代码）"),
            Self::NotYetArrived => ("(not yet arrived)", "（尚未到达）"),
        };
        Caption {
            en: en.into(),
            zh: zh.into(),
        }
    }
}

/// The day before date key 1; date keys are days since then, so 1900-01-01 has key 1.
pub const CALENDAR_ORIGIN: NaiveDate = match NaiveDate::from_ymd_opt(1899, 12, 31) {
    Some(date) => date,
    None => NaiveDate::MIN,
};

/// The date key of a day: days since [`CALENDAR_ORIGIN`]; `None` on or before it.
pub fn key_of_date(date: NaiveDate) -> Option<i32> {
    let days = date.signed_duration_since(CALENDAR_ORIGIN).num_days();
    i32::try_from(days).ok().filter(|key| *key > 0)
}

/// The day of a date key; `None` for special members.
pub fn date_of_key(key: i32) -> Option<NaiveDate> {
    let days = u64::try_from(key).ok().filter(|days| *days > 0)?;
    CALENDAR_ORIGIN.checked_add_days(Days::new(days))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn date_keys_are_dense_and_positive() {
        let first = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap();
        assert_eq!(key_of_date(first), Some(1));
        assert_eq!(date_of_key(1), Some(first));
        let day = NaiveDate::from_ymd_opt(2024, 2, 29).unwrap();
        assert_eq!(date_of_key(key_of_date(day).unwrap()), Some(day));
        assert_eq!(key_of_date(CALENDAR_ORIGIN), None);
        assert_eq!(date_of_key(-1), None);
    }
}
