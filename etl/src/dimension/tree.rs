//! A tree of members, in little memory: who is above whom, from when to when, and who is below whom.
//!
//! Nothing here calls itself: trees may be as deep as they like.

use std::ops::Range;

use super::{Aliases, IdIndex, OPEN_FROM, OPEN_TO};

/// No member.
pub(super) const NOBODY: u32 = u32::MAX;

/// A time in which something is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Time<T> {
    pub(super) from: i64,
    /// Until when, which is not within.
    pub(super) to: i64,
    pub(super) what: T,
}

/// The times of each member, in the order in which they begin.
#[derive(Debug)]
pub(super) struct Times<T> {
    all: Vec<Time<T>>,
    /// Where those of each member end.
    ends: Vec<usize>,
    /// True if of each member one ends before the next begins.
    in_turn: bool,
}

/// Gathers what versions say of parents.
pub(crate) struct Sayings<'a> {
    aliases: &'a Aliases,
    /// The ids of members and of parents.
    ids: IdIndex,
    /// For each id the durable key of its member, the least number for that of a stranger.
    members: Vec<i32>,
    said: Vec<Said>,
}

/// A member and whom it says to be above it.
struct Said {
    member: i32,
    from: i64,
    to: i64,
    /// The number of the parent's id.
    parent: u32,
}

/// A tree of members. Who names a parent that nobody knows, or is its own ancestor, stands at the top for that time.
#[derive(Debug)]
pub(crate) struct Tree {
    /// The durable keys, in order.
    pub(super) members: Vec<i32>,
    /// Who is above each member, [`NOBODY`] at the top.
    pub(super) above: Times<u32>,
    /// Who is below each member.
    pub(super) below: Times<u32>,
    /// Whether nobody is below each member.
    pub(super) leaves: Times<bool>,
    /// How many members name a parent that nobody knows.
    pub(crate) orphans: usize,
    /// How many members are above themselves, in a circle.
    pub(crate) circular: usize,
}

impl<T> Times<T> {
    /// Room for so many times of which, of each member, one ends before the next begins.
    fn with_capacity(times: usize) -> Self {
        Self {
            all: Vec::with_capacity(times),
            ends: Vec::new(),
            in_turn: true,
        }
    }

    fn places(&self, member: usize) -> Range<usize> {
        let begin = member.checked_sub(1).map_or(0, |before| self.ends[before]);
        begin..self.ends[member]
    }

    /// Those of a member.
    pub(super) fn of(&self, member: usize) -> &[Time<T>] {
        &self.all[self.places(member)]
    }

    /// Those of a member between two instants, if one ends before the next begins.
    pub(super) fn between(
        &self,
        member: usize,
        (from, to): (i64, i64),
    ) -> impl Iterator<Item = &Time<T>> {
        let times = self.of(member);
        let first = times.partition_point(|time| time.to <= from);
        times[first..].iter().take_while(move |time| time.from < to)
    }

    /// No more comes for the member that is the last so far.
    fn close(&mut self) {
        self.ends.push(self.all.len());
    }
}

impl<T: PartialEq> Times<T> {
    /// Adds a time of the member that is the last so far, as one with that before it if nothing changes.
    fn push(&mut self, (from, to): (i64, i64), what: T) {
        if from >= to {
            return;
        }
        let first = self.ends.last().copied().unwrap_or(0);
        match self.all[first..].last_mut() {
            Some(last) if last.to == from && last.what == what => last.to = to,
            _ => self.all.push(Time { from, to, what }),
        }
    }
}

impl<'a> Sayings<'a> {
    /// Nobody has said anything yet; there is room for so many versions.
    pub(crate) fn new(aliases: &'a Aliases, versions: usize) -> Self {
        Self {
            aliases,
            ids: IdIndex::default(),
            members: Vec::new(),
            said: Vec::with_capacity(versions),
        }
    }

    /// A member, by its durable key and business id, has said whom it is below in some time; `None` or an empty id at the top.
    pub(crate) fn say(
        &mut self,
        (member, id): (i32, &str),
        parent: Option<&str>,
        (from, to): (i64, i64),
    ) {
        let number = self.number(id);
        let known = &mut self.members[number as usize];
        *known = member.max(*known);
        let parent = parent.filter(|id| !id.is_empty());
        let parent = parent.map(|id| self.aliases.of(id).unwrap_or(id));
        let parent = parent.map_or(NOBODY, |id| self.number(id));
        self.said.push(Said {
            member,
            from,
            to,
            parent,
        });
    }

    fn number(&mut self, id: &str) -> u32 {
        let number = self.ids.add(id);
        if number as usize == self.members.len() {
            self.members.push(i32::MIN);
        }
        number
    }

    /// The tree of all that was said.
    pub(crate) fn tree(self) -> Tree {
        let Self {
            ids,
            members: of_ids,
            mut said,
            ..
        } = self;
        drop(ids);
        said.sort_unstable_by_key(|it| (it.member, it.from, it.to));
        let mut members: Vec<i32> = said.iter().map(|it| it.member).collect();
        members.dedup();
        let place = |member: &i32| members.binary_search(member).ok();
        let place = |member| place(member).and_then(|at| u32::try_from(at).ok());
        let places: Vec<u32> = of_ids
            .iter()
            .map(|it| place(it).unwrap_or(NOBODY))
            .collect();
        let mut above = Times::with_capacity(said.len());
        let mut orphans = 0;
        for said in said.chunk_by(|a, b| a.member == b.member) {
            let mut is_orphan = false;
            for it in said {
                let parent = places.get(it.parent as usize).copied().unwrap_or(NOBODY);
                is_orphan |= it.parent != NOBODY && parent == NOBODY;
                above.push((it.from, it.to), parent);
            }
            above.close();
            orphans += usize::from(is_orphan);
        }
        drop((said, places));
        let (above, circular) = without_circles(above);
        let below = below(&above);
        Tree {
            leaves: leaves(&below),
            members,
            above,
            below,
            orphans,
            circular,
        }
    }
}

/// Follows all ways through a tree, up or down, each as far as it leads.
#[derive(Debug)]
pub(super) struct Walker {
    way: Vec<Step>,
    on_the_way: Vec<bool>,
}

/// A member on the way, in the time in which it is on the way.
#[derive(Debug)]
struct Step {
    at: usize,
    from: i64,
    to: i64,
    /// The place of the time that is followed next.
    next: usize,
}

impl Walker {
    /// For a tree of so many members.
    pub(super) fn new(members: usize) -> Self {
        Self {
            way: Vec::new(),
            on_the_way: vec![false; members],
        }
    }

    /// Goes all ways from a member; `seen` is told of every step: the member, the depth and the time. A way that leads back to the
    /// member ends there.
    pub(super) fn walk(
        &mut self,
        ways: &Times<u32>,
        start: usize,
        mut seen: impl FnMut(usize, i32, (i64, i64)),
    ) {
        seen(start, 0, (OPEN_FROM, OPEN_TO));
        self.enter(ways, start, (OPEN_FROM, OPEN_TO));
        while let Some(step) = self.way.last_mut() {
            let next = ways.all[..ways.ends[step.at]].get(step.next).copied();
            let Some(next) = next.filter(|next| next.from < step.to) else {
                self.on_the_way[step.at] = false;
                self.way.pop();
                continue;
            };
            step.next += 1;
            let time = (step.from.max(next.from), step.to.min(next.to));
            if next.what == NOBODY || time.0 >= time.1 {
                continue;
            }
            let (at, depth) = (next.what as usize, self.way.len());
            if at != start && self.on_the_way[at] {
                continue;
            }
            seen(at, i32::try_from(depth).unwrap_or(i32::MAX), time);
            if at != start {
                self.enter(ways, at, time);
            }
        }
    }

    fn enter(&mut self, ways: &Times<u32>, at: usize, (from, to): (i64, i64)) {
        let places = ways.places(at);
        let skipped = match ways.in_turn {
            true => ways.of(at).partition_point(|time| time.to <= from),
            false => 0,
        };
        self.on_the_way[at] = true;
        self.way.push(Step {
            at,
            from,
            to,
            next: places.start + skipped,
        });
    }
}

/// The same with nobody above a member in the times in which it is above itself, and how many members are.
fn without_circles(above: Times<u32>) -> (Times<u32>, usize) {
    let mut walker = Walker::new(above.ends.len());
    let mut circles: Vec<(usize, i64, i64)> = Vec::new();
    for at in may_be_circular(&above) {
        walker.walk(&above, at, |member, depth, (from, to)| {
            if member == at && depth > 0 {
                circles.push((at, from, to));
            }
        });
    }
    if circles.is_empty() {
        return (above, 0);
    }
    circles.sort_unstable();
    let mut cut = Times::with_capacity(above.all.len());
    let (mut rest, mut circular) = (circles.as_slice(), 0);
    for at in 0..above.ends.len() {
        let own = rest.partition_point(|(member, ..)| *member <= at);
        circular += usize::from(own > 0);
        cut_out(above.of(at), &rest[..own], &mut cut);
        rest = &rest[own..];
    }
    (cut, circular)
}

/// Adds a member with its times, but with nobody above it in some, which are in order and do not overlap.
fn cut_out(times: &[Time<u32>], circles: &[(usize, i64, i64)], cut: &mut Times<u32>) {
    for time in times {
        let mut from = time.from;
        for (_, begin, end) in circles {
            let (begin, end) = ((*begin).max(from), (*end).min(time.to));
            if begin < end {
                cut.push((from, begin), time.what);
                cut.push((begin, end), NOBODY);
                from = end;
            }
        }
        cut.push((from, time.to), time.what);
    }
    cut.close();
}

/// The members that are left when, again and again, all are taken away that are above nobody who is left: all that are in circles
/// are among them, whatever the times.
fn may_be_circular(above: &Times<u32>) -> impl Iterator<Item = usize> + use<> {
    let parents = |at: usize| above.of(at).iter().map(|time| time.what as usize);
    let mut below = vec![0_usize; above.ends.len()];
    for time in &above.all {
        if let Some(below) = below.get_mut(time.what as usize) {
            *below += 1;
        }
    }
    let mut free: Vec<usize> = (0..below.len()).filter(|at| below[*at] == 0).collect();
    while let Some(at) = free.pop() {
        for parent in parents(at).filter(|parent| *parent < above.ends.len()) {
            below[parent] -= 1;
            if below[parent] == 0 {
                free.push(parent);
            }
        }
    }
    let below = below.into_iter().enumerate();
    below.filter(|(_, below)| *below > 0).map(|(at, _)| at)
}

/// Who is below each member.
fn below(above: &Times<u32>) -> Times<u32> {
    let members = above.ends.len();
    let named = |time: &&Time<u32>| time.what != NOBODY;
    let mut ends = vec![0; members];
    for time in above.all.iter().filter(named) {
        ends[time.what as usize] += 1;
    }
    let mut next = 0;
    for end in &mut ends {
        // where they begin, at first
        (*end, next) = (next, next + *end);
    }
    let nobody = Time {
        from: 0,
        to: 0,
        what: NOBODY,
    };
    let mut all = vec![nobody; next];
    for (at, child) in (0..members).zip(0_u32..) {
        for time in above.of(at).iter().filter(named) {
            let place = &mut ends[time.what as usize];
            all[*place] = Time {
                what: child,
                ..*time
            };
            *place += 1;
        }
    }
    let mut begin = 0;
    for end in &ends {
        all[begin..*end].sort_unstable();
        begin = *end;
    }
    Times {
        all,
        ends,
        in_turn: false,
    }
}

/// Whether nobody is below each member.
fn leaves(below: &Times<u32>) -> Times<bool> {
    let mut leaves = Times::with_capacity(below.ends.len());
    for at in 0..below.ends.len() {
        let mut until = OPEN_FROM;
        for time in below.of(at) {
            leaves.push((until, time.from), true);
            leaves.push((until.max(time.from), time.to), false);
            until = until.max(time.to);
        }
        leaves.push((until, OPEN_TO), true);
        leaves.close();
    }
    leaves
}
