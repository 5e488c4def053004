//! The users of the operational system: director, managers and the seats of their teams with changing holders.

use super::life::Life;
use crate::demo::catalog::people::person;
use crate::demo::catalog::place::{Culture, Region};
use crate::demo::dice::{Dice, Stream};
use crate::demo::id::{Id, IdKind};
use crate::demo::time::{Day, Stamp};

/// A team of the company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Team {
    /// Sales in China.
    China,
    /// Sales in Europe.
    Europe,
    /// Sales in North America.
    America,
    /// Service for everybody.
    Service,
}

/// Teams with their department, the culture of their people and their number of seats.
const TEAMS: [(Team, &str, Culture, usize); 4] = [
    (Team::China, "Sales China", Culture::Chinese, 5),
    (Team::Europe, "Sales Europe", Culture::German, 4),
    (Team::America, "Sales Americas", Culture::English, 4),
    (Team::Service, "Service", Culture::Chinese, 4),
];

/// Position of the administrator among the users.
pub(crate) const ADMIN: usize = 0;

/// A user.
#[derive(Debug)]
pub(crate) struct User {
    /// Identifier, written out because so many rows repeat it; the administrator's is `1`.
    pub(crate) id: String,
    /// First name.
    pub(crate) first_name: &'static str,
    /// Last name.
    pub(crate) last_name: &'static str,
    /// Job title.
    pub(crate) title: &'static str,
    /// Department.
    pub(crate) department: &'static str,
    /// Position of the superior.
    pub(crate) reports_to: Option<usize>,
    /// When the user was entered.
    pub(crate) life: Life,
    /// When the user left the company.
    pub(crate) left: Option<Stamp>,
}

/// Everybody.
#[derive(Debug)]
pub(crate) struct Staff {
    seed: u64,
    /// Users, the administrator first.
    pub(crate) users: Vec<User>,
    seats: Vec<(Team, Vec<usize>)>,
}

/// A post that somebody is hired for.
#[derive(Clone, Copy)]
struct Post {
    title: &'static str,
    department: &'static str,
    culture: Culture,
    reports_to: Option<usize>,
}

impl Staff {
    /// Hires everybody who works between the start and the horizon.
    pub(crate) fn hire(seed: u64, start: Day, horizon: Day) -> Self {
        let mut staff = Self {
            seed,
            users: Vec::new(),
            seats: Vec::new(),
        };
        let founded = start.plus(-1200).start().plus_seconds(30_000);
        let post = |title, department, culture, reports_to| Post {
            title,
            department,
            culture,
            reports_to,
        };
        let admin = post("Administrator", "IT", Culture::English, None);
        staff.enter(admin, 0, founded);
        let head = post("Sales Director", "Management", Culture::German, None);
        let director = staff.enter(head, 1, founded);
        for (team, department, culture, seats) in TEAMS {
            let manager = post("Team Manager", department, culture, Some(director));
            let manager = staff.enter(manager, 2 + team as u64, founded);
            let rep = post("Sales Representative", department, culture, Some(manager));
            (0..seats).for_each(|_| staff.fill_seat(team, rep, start, horizon));
        }
        staff
    }

    /// Hires one after the other for a seat until somebody stays beyond the horizon.
    fn fill_seat(&mut self, team: Team, post: Post, start: Day, horizon: Day) {
        let seat = self.seats.len() as u64;
        let mut dice = Dice::new(self.seed, Stream::Seat, seat);
        let mut holders = Vec::new();
        let mut hired = start.plus(-dice.between(100, 900));
        while hired <= horizon {
            let title = match (team, dice.chance(0.3)) {
                (Team::Service, _) => "Service Engineer",
                (_, true) => "Senior Sales Representative",
                (_, false) => post.title,
            };
            let key = 100 + seat * 100 + holders.len() as u64;
            let user = self.enter(
                Post { title, ..post },
                key,
                hired.start().plus_seconds(28_800),
            );
            hired = hired.plus(dice.between(700, 3600));
            self.users[user].left = Some(hired.start().plus_seconds(61_200));
            holders.push(user);
        }
        self.seats.push((team, holders));
    }

    /// Enters the user with a number of his own.
    fn enter(&mut self, post: Post, key: u64, at: Stamp) -> usize {
        let position = self.users.len();
        let mut dice = Dice::new(self.seed, Stream::Seat, 1_000_000 + key);
        let (first_name, last_name) = match position {
            ADMIN => ("", "Administrator"),
            _ => person(&mut dice, post.culture),
        };
        self.users.push(User {
            id: match position {
                ADMIN => "1".to_owned(),
                _ => Id::of(self.seed, IdKind::User, key).to_string(),
            },
            first_name,
            last_name,
            title: post.title,
            department: post.department,
            reports_to: post.reports_to,
            life: Life::from(at),
            left: None,
        });
        position
    }

    /// The seats of the team that sells in a region.
    pub(crate) fn seat_for(&self, dice: &mut Dice, region: Region) -> usize {
        let team = match region {
            Region::China => Team::China,
            Region::Europe => Team::Europe,
            Region::America => Team::America,
        };
        self.seat_in(dice, team)
    }

    /// One of the seats of a team.
    pub(crate) fn seat_in(&self, dice: &mut Dice, team: Team) -> usize {
        let seats: Vec<usize> = (0..self.seats.len())
            .filter(|seat| self.seats[*seat].0 == team)
            .collect();
        dice.pick(&seats)
    }

    /// Who holds a seat at an instant.
    pub(crate) fn holder(&self, seat: usize, at: Stamp) -> usize {
        let holders = &self.seats[seat].1;
        holders
            .iter()
            .copied()
            .take_while(|user| self.users[*user].life.entered <= at)
            .last()
            .unwrap_or(holders[0])
    }

    /// When the seat changed hands after an instant and before another, with the new holder.
    pub(crate) fn handovers(
        &self,
        seat: usize,
        after: Stamp,
    ) -> impl Iterator<Item = (Stamp, usize)> {
        self.seats[seat]
            .1
            .iter()
            .map(|user| (self.users[*user].life.entered, *user))
            .filter(move |(at, _)| *at > after)
    }
}
