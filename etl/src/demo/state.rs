//! What a demo database remembers of its making, in the side table `planisphere_demo`.

use super::error::DemoError;
use super::time::Day;
use super::world::Params;

/// Name of the side table.
pub(crate) const STATE_TABLE: &str = "planisphere_demo";

/// The generator: goes up whenever the same seed begins to give another database.
pub(crate) const GENERATOR: i64 = 1;

/// The statement that creates the side table, the same for every database.
pub(crate) const CREATE_STATE: &str = "CREATE TABLE planisphere_demo (\
    generator integer NOT NULL, seed varchar(20) NOT NULL, customers integer NOT NULL, \
    months integer NOT NULL, until varchar(10) NOT NULL, today varchar(10) NOT NULL, \
    advances integer NOT NULL)";

/// The statement that reads the side table, every column as text.
pub(crate) const READ_STATE: &str = "SELECT CAST(generator AS varchar(20)), seed, \
    CAST(customers AS varchar(20)), CAST(months AS varchar(20)), until, today, \
    CAST(advances AS varchar(20)) FROM planisphere_demo";

/// How a demo database came about and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State {
    /// What decides it.
    pub(crate) params: Params,
    /// Its last simulated day.
    pub(crate) today: Day,
    /// Its last simulated day before it was moved forward just now.
    pub(crate) advanced_from: Option<Day>,
    /// How often it was moved forward.
    pub(crate) advances: u32,
}

impl State {
    /// A database that has just been made.
    pub(crate) fn new(params: Params) -> Self {
        Self {
            params,
            today: params.until,
            advanced_from: None,
            advances: 0,
        }
    }

    /// The same database so many days later.
    pub(crate) fn advanced(self, days: u32) -> Self {
        Self {
            today: self.today.plus(days.cast_signed()),
            advanced_from: Some(self.today),
            advances: self.advances + 1,
            ..self
        }
    }

    /// The statements that write the side table anew. Every value is a number or a date of ours.
    pub(crate) fn write_sql(&self) -> String {
        let Params {
            seed,
            customers,
            months,
            until,
        } = self.params;
        format!(
            "DELETE FROM {STATE_TABLE}; INSERT INTO {STATE_TABLE} VALUES \
             ({GENERATOR}, '{seed}', {customers}, {months}, '{}', '{}', {})",
            until.date(),
            self.today.date(),
            self.advances
        )
    }

    /// Reads the columns of [`READ_STATE`].
    pub(crate) fn read(url: &str, columns: &[String]) -> Result<Self, DemoError> {
        let not_demo = || DemoError::NotDemo {
            url: url.to_owned(),
            found: format!("table {STATE_TABLE} cannot be understood"),
        };
        let text = |index: usize| columns.get(index).map_or("", String::as_str);
        let number = |index| text(index).parse::<u32>().map_err(|_| not_demo());
        let day = |index| text(index).parse().map(Day::of).map_err(|_| not_demo());
        let made_by: i64 = text(0).parse().map_err(|_| not_demo())?;
        if made_by != GENERATOR {
            return Err(DemoError::OtherGenerator {
                url: url.to_owned(),
                made_by,
                have: GENERATOR,
            });
        }
        Ok(Self {
            params: Params {
                seed: text(1).parse().map_err(|_| not_demo())?,
                customers: number(2)?,
                months: number(3)?,
                until: day(4)?,
            },
            today: day(5)?,
            advanced_from: None,
            advances: number(6)?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn columns(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_state_reads_what_it_wrote_and_nothing_else() {
        let good = State::read(
            "u",
            &columns("1 18446744073709551615 9 2 2026-10-31 2026-11-02 1"),
        );
        let state = good.unwrap();
        assert_eq!(state.params.seed, u64::MAX);
        assert_eq!(state.advanced(3).today.date().to_string(), "2026-11-05");
        assert!(state.write_sql().contains("'2026-10-31', '2026-11-02', 1)"));
        for bad in [
            "",
            "x 1 1 1 2026-10-31 2026-10-31 0",
            "1 1 1 1 2026-10-31 2026-13-31 0",
        ] {
            assert!(matches!(
                State::read("u", &columns(bad)),
                Err(DemoError::NotDemo { .. })
            ));
        }
        let newer = State::read("u", &columns("2 1 1 1 2026-10-31 2026-10-31 0"));
        assert!(matches!(
            newer,
            Err(DemoError::OtherGenerator { made_by: 2, .. })
        ));
    }
}
