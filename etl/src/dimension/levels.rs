//! The members above each member, level by level from the top, as a row of so many columns for each time.
//!
//! A member that stands above a level is told there as itself, and one below the last level there as whoever is above it, so that
//! each level has everybody once and no fact is lost whichever is summed by.

use super::closure::Pair;

/// Where a member stands in a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Standing {
    /// The durable key of the member.
    pub(crate) member: i32,
    /// From when.
    pub(crate) from: i64,
    /// Until when, which is not within.
    pub(crate) to: i64,
    /// Its own level, the first of which is 1; it may be deeper than what is told.
    pub(crate) level: i32,
    /// The durable key of the member at each level.
    pub(crate) path: Vec<i32>,
}

/// Where every member stands when, told by so many levels; in the order of the members and of time.
pub(crate) fn standings(pairs: &[Pair], depth: usize) -> Vec<Standing> {
    let mut by_member: Vec<&Pair> = pairs.iter().collect();
    by_member.sort_by_key(|pair| (pair.descendant, pair.depth));
    let mut all: Vec<Standing> = Vec::new();
    for pairs in by_member.chunk_by(|a, b| a.descendant == b.descendant) {
        let edges = pairs.iter().flat_map(|pair| [pair.from, pair.to]);
        let mut edges: Vec<i64> = edges.collect();
        edges.sort_unstable();
        edges.dedup();
        for time in edges.windows(2) {
            let within = |pair: &&&Pair| pair.from <= time[0] && time[1] <= pair.to;
            // from the member up
            let way: Vec<i32> = pairs.iter().filter(within).map(|it| it.ancestor).collect();
            let Some(member) = way.first().copied() else {
                continue;
            };
            let path = (0..depth).map(|level| match way.len().checked_sub(level + 1) {
                Some(from_below) => way[from_below],
                None => member,
            });
            let standing = Standing {
                member,
                from: time[0],
                to: time[1],
                level: i32::try_from(way.len()).unwrap_or(i32::MAX),
                path: path.collect(),
            };
            match all.last_mut() {
                Some(last) if last.goes_on_in(&standing) => last.to = standing.to,
                _ => all.push(standing),
            }
        }
    }
    all
}

impl Standing {
    /// True if another one says the same of the time that follows.
    fn goes_on_in(&self, next: &Self) -> bool {
        (self.member, self.to, self.level) == (next.member, next.from, next.level)
            && self.path == next.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(ancestor: i32, descendant: i32, depth: i32, from: i64, to: i64) -> Pair {
        Pair {
            ancestor,
            descendant,
            depth,
            is_top: false,
            is_leaf: false,
            from,
            to,
        }
    }

    fn standing(member: i32, level: i32, path: &[i32], from: i64, to: i64) -> Standing {
        Standing {
            member,
            from,
            to,
            level,
            path: path.to_vec(),
        }
    }

    #[test]
    fn every_level_has_every_member_once_in_each_time() {
        // 3 is below 2, which comes below 1 at 10
        let pairs = [
            pair(1, 1, 0, 0, 20),
            pair(1, 2, 1, 10, 20),
            pair(1, 3, 2, 10, 20),
            pair(2, 2, 0, 0, 20),
            pair(2, 3, 1, 0, 20),
            pair(3, 3, 0, 0, 5),
            pair(3, 3, 0, 5, 20),
        ];
        let expected = [
            standing(1, 1, &[1, 1], 0, 20),
            standing(2, 1, &[2, 2], 0, 10),
            standing(2, 2, &[1, 2], 10, 20),
            standing(3, 2, &[2, 3], 0, 10),
            standing(3, 3, &[1, 2], 10, 20),
        ];
        assert_eq!(standings(&pairs, 2), expected);
    }
}
