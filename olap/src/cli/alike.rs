//! Which levels of an answer have members that read alike, as the Januaries of all years.
//!
//! It is asked of the whole level, so that a member is called the same on every page and in every slice.

use std::collections::BTreeSet;

use super::backend::Backend;
use super::error::CliError;
use super::titles::{ancestors, levels_on_axes};
use crate::grpc::path_of_wire;
use crate::query::{CubeQuery, LevelRef, MemberKey};
use crate::result::ResultHeader;
use crate::service::MembersQuery;

/// Levels by axis and position.
pub(super) type Alike = BTreeSet<(usize, usize)>;

/// The levels whose captions name one member only together with keys above that stand nowhere on the axis.
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
        if hidden > 0 && read_alike(backend, query, header, level, hidden).await? {
            found.insert((axis, position));
        }
    }
    Ok(found)
}

async fn read_alike(
    backend: &mut Backend,
    query: &CubeQuery,
    header: &ResultHeader,
    level: &LevelRef,
    hidden: usize,
) -> Result<bool, CliError> {
    let asked = MembersQuery {
        cube: query.cube.clone(),
        level: Some(level.clone()),
        include_deleted: true,
        history: query.history,
        locale: query.locale.clone(),
        version: Some(header.warehouse_version),
        ..MembersQuery::default()
    };
    let page = backend.members(&asked).await?;
    let mut seen = BTreeSet::new();
    for member in &page.members {
        let path = member.member.as_ref().and_then(path_of_wire);
        let mut path = path.unwrap_or_default().0;
        // special members are named with their parents in any case
        if !matches!(path.last(), Some(MemberKey::Special(_))) {
            path.truncate(path.len().saturating_sub(hidden + 1));
            if !seen.insert((path, &member.caption)) {
                return Ok(true);
            }
        }
    }
    Ok(!page.next_page_token.is_empty())
}
