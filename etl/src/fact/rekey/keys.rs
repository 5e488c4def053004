//! The keys of today in the place of published ones: of members, of combinations that they had, and of groups of them.

use arrow::error::ArrowError;
use planisphere_schemas::model::{Bridge, Role};

use crate::dimension::{ByKey, MemberIndex, MiniIndex};
use crate::fact::FactInput;
use crate::fact::bridge::Bridging;

use super::when::{Moment, When};

/// Whether the key of today is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sure {
    Yes,
    /// If these versions are not new and have lost no time.
    Unless(Vec<Version>),
    No,
}

/// The key of a published version and its end today; `None` if it was retired.
pub(crate) type Version = (i32, Option<i64>);

/// The role of a dimension whose keys may be others today.
pub(super) struct RoleKeys<'a> {
    pub(super) role: &'a Role,
    pub(super) column: String,
    pub(super) when: When,
    members: Option<ByKey<'a>>,
    pub(super) mini: Option<MiniKeys<'a>>,
}

/// The role of a mini-dimension: its owner has a role in the star, whose keys tell the members.
pub(super) struct MiniKeys<'a> {
    index: &'a MiniIndex,
    pub(super) owner_column: String,
    /// `None` if no key of the owner can be another today.
    owner: Option<ByKey<'a>>,
}

impl<'a> RoleKeys<'a> {
    /// `None` if no key of the role can be another today.
    pub(super) fn of(input: &FactInput<'a>, role: &'a Role, when: When) -> Option<Self> {
        let members = input.members.get(&role.dimension)?.by_key();
        let mini = MiniKeys::of(input, role);
        (members.is_some() || mini.is_some()).then(|| Self {
            role,
            column: role.key_column(),
            members,
            mini,
            when,
        })
    }

    /// The key that a published one is today, and whether that is sure; of a mini-dimension with the key of the owner.
    pub(super) fn key(&self, key: i32, owner: Option<i32>, moment: Moment) -> (i32, Sure) {
        if key <= 0 {
            return (key, Sure::Yes);
        }
        match (&self.mini, owner.filter(|owner| *owner > 0)) {
            (Some(mini), Some(owner)) => mini.key(self.heir(key), owner, moment),
            (None, _) => member_key(self.members.as_ref(), key, moment),
            _ => (self.heir(key), Sure::Yes),
        }
    }

    fn heir(&self, key: i32) -> i32 {
        self.members.as_ref().map_or(key, |it| it.heir(key))
    }
}

/// The key that that of a member is today, and whether that is sure.
fn member_key(members: Option<&ByKey<'_>>, key: i32, moment: Moment) -> (i32, Sure) {
    let Some(members) = members.filter(|_| key > 0) else {
        return (key, Sure::Yes);
    };
    let today = |at| members.version(key, at).unwrap_or(key);
    let (today, sure) = match moment {
        Moment::At(at) => (today(at), Sure::Yes),
        Moment::Between(from, to) if members.is_one_version(key, (from, to)) => {
            (today(Some(from)), Sure::Yes)
        }
        Moment::Between(..) => {
            let version = (key, members.end(key));
            (members.heir(key), Sure::Unless(vec![version]))
        }
    };
    match members.is_parted(key) {
        true => (today, Sure::No),
        false => (today, sure),
    }
}

impl<'a> MiniKeys<'a> {
    fn of(input: &FactInput<'a>, role: &Role) -> Option<Self> {
        let index = input.minis.get(&role.dimension)?;
        let mut owners = input.dimensions.iter();
        let owner = owners.find(|owner| owner.minis().contains(&role.dimension.as_str()))?;
        let mut roles = input.star.roles.iter();
        let beside = roles.find(|it| it.dimension == owner.name && it.column == role.column)?;
        Some(Self {
            index,
            owner_column: beside.key_column(),
            owner: input.members.get(&owner.name)?.by_key(),
        })
    }

    /// The combination that the member of a key of the owner had; in doubt the published one, if the member had it then.
    fn key(&self, key: i32, owner: i32, moment: Moment) -> (i32, Sure) {
        let is_parted = self.owner.as_ref().is_some_and(|it| it.is_parted(owner));
        let owner = self.owner.as_ref().map_or(owner, |it| it.heir(owner));
        match moment {
            _ if is_parted => (key, Sure::No),
            Moment::At(at) => (self.index.of_owner(owner, at).unwrap_or(key), Sure::Yes),
            Moment::Between(from, to) => {
                let had = self.index.all_of_owner(owner, (from, to));
                match had.combinations.as_slice() {
                    [one] => (*one, Sure::Yes),
                    [] => (key, Sure::Yes),
                    all if all.contains(&key) && !had.has_retired => {
                        let versions = had.versions.into_iter();
                        let versions = versions.map(|(version, end, _)| (version, Some(end)));
                        (key, Sure::Unless(versions.collect()))
                    }
                    _ => (key, Sure::No),
                }
            }
        }
    }
}

/// A bridge whose groups may be others today.
pub(super) struct GroupKeys<'a> {
    pub(super) column: String,
    pub(super) when: When,
    members: Option<ByKey<'a>>,
    pub(super) bridging: &'a Bridging<'a>,
}

impl<'a> GroupKeys<'a> {
    pub(super) fn of(
        input: &FactInput<'a>,
        bridging: &'a Bridging<'a>,
        when: impl Fn(&Bridge) -> When,
    ) -> Self {
        let bridge = bridging.bridge();
        let members = input.members.get(&bridge.dimension);
        Self {
            column: bridge.group_column(),
            when: when(bridge),
            members: members.and_then(MemberIndex::by_key),
            bridging,
        }
    }

    /// The group in the place of a published one at a moment, and whether that is sure of all members.
    pub(super) fn key(&self, key: i32, moment: Moment) -> Result<(i32, Sure), ArrowError> {
        let Some(members) = self.members.as_ref().filter(|_| key > 0) else {
            return Ok((key, Sure::Yes));
        };
        let heir = |member| member_key(Some(members), member, moment).0;
        let heir = self.bridging.replaced(key, heir)?;
        let mut doubtful = Vec::new();
        for member in self.bridging.members(key)? {
            match member_key(Some(members), member, moment).1 {
                Sure::Yes => {}
                Sure::Unless(versions) => doubtful.extend(versions),
                Sure::No => return Ok((heir, Sure::No)),
            }
        }
        Ok(match doubtful.is_empty() {
            true => (heir, Sure::Yes),
            false => (heir, Sure::Unless(doubtful)),
        })
    }
}
