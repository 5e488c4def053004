//! Which levels of an answer have members that read alike, as the Januaries of all years, and what the members
//! above them are called.
//!
//! It is asked of the whole level, so that a member is called the same on every page and in every slice.

use std::collections::{BTreeMap, BTreeSet};

use super::backend::{Backend, Captions};
use super::error::CliError;
use super::titles::{ancestors, levels_on_axes};
use crate::query::{CubeQuery, LevelRef, MemberKey};
use crate::result::ResultHeader;
use crate::service::MembersQuery;

/// How many pages of members above are read for their captions; the members behind go by their keys.
const PAGES: usize = 10;

/// Levels by axis and position.
pub(super) type Alike = BTreeMap<(usize, usize), Parents>;

/// What is known of the members above those of a level.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Parents {
    /// True if ordinary members need their parents to be told apart; special ones always do.
    pub(super) needed: bool,
    /// The captions of the members above, by key path.
    pub(super) captions: BTreeMap<Vec<MemberKey>, String>,
}

/// The levels whose captions name one member only together with members above that stand nowhere on the axis.
///
/// A level of more members than one page of a listing counts as such, so that it need not be read whole.
pub(super) async fn alike(
    backend: &mut Backend,
    query: &CubeQuery,
    header: &ResultHeader,
) -> Result<Alike, CliError> {
    let mut found = Alike::new();
    for (axis, position, level) in levels_on_axes(header) {
        let hidden = ancestors(header, axis, position);
        if hidden.is_empty() {
            continue;
        }
        let page = backend.captions(&members_of(query, header, level)).await?;
        let (needed, special) = read_alike(&page, hidden.len());
        let mut parents = Parents {
            needed,
            ..Parents::default()
        };
        if needed || special {
            for above in hidden {
                let above = LevelRef {
                    level: above.to_owned(),
                    ..level.clone()
                };
                let asked = members_of(query, header, &above);
                add_captions(backend, asked, &mut parents.captions).await?;
            }
        }
        found.insert((axis, position), parents);
    }
    Ok(found)
}

fn members_of(query: &CubeQuery, header: &ResultHeader, level: &LevelRef) -> MembersQuery {
    MembersQuery {
        cube: query.cube.clone(),
        level: Some(level.clone()),
        include_deleted: true,
        history: query.history,
        locale: query.locale.clone(),
        version: Some(header.warehouse_version),
        ..MembersQuery::default()
    }
}

/// Whether ordinary members read alike, and whether there are special ones.
fn read_alike(page: &Captions, hidden: usize) -> (bool, bool) {
    let (mut alike, mut special) = (page.next.is_some(), false);
    let mut seen = BTreeSet::new();
    for (path, caption) in &page.members {
        if matches!(path.last(), Some(MemberKey::Special(_))) {
            special = true;
            continue;
        }
        let shown = path.len().saturating_sub(hidden + 1);
        alike |= !seen.insert((path.get(..shown), caption));
    }
    (alike, special)
}

async fn add_captions(
    backend: &mut Backend,
    mut asked: MembersQuery,
    captions: &mut BTreeMap<Vec<MemberKey>, String>,
) -> Result<(), CliError> {
    for _ in 0..PAGES {
        let page = backend.captions(&asked).await?;
        captions.extend(page.members);
        match page.next {
            Some(token) => asked.page_token = Some(token),
            None => break,
        }
    }
    Ok(())
}
