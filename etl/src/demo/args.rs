//! The flags of `planisphere-etl demo-source`.

use super::time::Day;
use super::world::Params;
use chrono::NaiveDate;

/// The flags of `demo-source`: makes an operational CRM database with simulated customers, or moves one forward.
///
/// The database has the tables of SuiteCRM 7: accounts, contacts, leads, opportunities with their stage history,
/// products, quotes, invoices, cases, activities, campaigns, surveys. It is dirty on purpose, at documented rates.
/// The same flags give the same database on every machine and day.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  planisphere-etl demo-source --url sqlite:demo/crm.db
  planisphere-etl demo-source --url sqlite:small.db --customers 200 --months 6 --seed 1
  planisphere-etl demo-source --url postgres://crm:secret@localhost:5432/crm
  planisphere-etl demo-source --url sqlite:demo/crm.db --advance-days 1")]
pub struct DemoSourceArgs {
    /// Where to write: `sqlite:PATH` or `postgres://user[:password]@host:port/database`
    ///
    /// A demo database that stands there already is replaced; a database of somebody else is never touched.
    #[arg(long, value_name = "URL")]
    pub url: String,

    /// Customers at the end of the span; about half of them were there before it
    #[arg(long, value_name = "N", default_value_t = 5000, value_parser = clap::value_parser!(u32).range(1..=200_000))]
    pub customers: u32,

    /// Months to simulate
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=120))]
    pub months: u32,

    /// Seed of all randomness
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub seed: u64,

    /// Last simulated day; fixed by default, so that a seed gives the same database on any day
    #[arg(long, value_name = "DATE", default_value_t = default_until(), value_parser = parse_until)]
    pub until: NaiveDate,

    /// Instead of creating, move an existing demo database so many days forward
    ///
    /// Adds new rows, changes rows, marks rows as deleted and really deletes some. The database remembers its own
    /// parameters.
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=3650),
        conflicts_with_all = ["customers", "months", "seed", "until"]
    )]
    pub advance_days: Option<u32>,
}

impl DemoSourceArgs {
    /// The default demo database at a URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            customers: 5000,
            months: 24,
            seed: 7,
            until: default_until(),
            advance_days: None,
        }
    }

    /// What decides the database.
    pub(crate) fn params(&self) -> Params {
        Params {
            seed: self.seed,
            customers: self.customers,
            months: self.months,
            until: Day::of(self.until),
        }
    }
}

/// 2026-10-31.
fn default_until() -> NaiveDate {
    Day(20_757).date()
}

/// A day between 1990 and 2100.
fn parse_until(text: &str) -> Result<NaiveDate, String> {
    let date: NaiveDate = text
        .parse()
        .map_err(|_| "expected a date like 2026-10-31".to_owned())?;
    let years = Day(7_305).date()..=Day(47_481).date();
    if years.contains(&date) {
        Ok(date)
    } else {
        Err("expected a date between 1990 and 2099".to_owned())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        args: DemoSourceArgs,
    }

    fn parse(flags: &[&str]) -> Result<DemoSourceArgs, clap::Error> {
        let flags = ["x", "--url", "sqlite:x.db"].iter().chain(flags);
        Cli::try_parse_from(flags).map(|cli| cli.args)
    }

    #[test]
    fn defaults_are_the_documented_ones() {
        let args = parse(&[]).unwrap();
        let expected = DemoSourceArgs::new("sqlite:x.db");
        assert_eq!(args.params(), expected.params());
        assert_eq!(args.until.to_string(), "2026-10-31");
        assert_eq!(args.params().start().date().to_string(), "2024-11-01");
    }

    #[test]
    fn flags_out_of_range_or_at_odds_are_refused() {
        for flags in [
            &["--customers", "0"][..],
            &["--months", "121"],
            &["--until", "2026-02-30"],
            &["--until", "1812-01-01"],
            &["--advance-days", "0"],
            &["--advance-days", "1", "--seed", "3"],
        ] {
            assert!(parse(flags).is_err(), "{flags:?}");
        }
        assert_eq!(
            parse(&["--advance-days", "3"]).unwrap().advance_days,
            Some(3)
        );
    }
}
