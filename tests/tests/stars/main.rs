//! Calendars and kinds of stars, against computations in SQL on the rows of the source and against published dates.

mod audited;
mod calendar;
mod case;
mod currency;
mod days;
mod factless;
mod milestones;
mod periods;
mod standing;
mod stream;
mod time_of_day;
