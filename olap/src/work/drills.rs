//! Drill-down and roll-up: a query derived from a query, and its answer, both from one pinned version.

use super::{Work, request_text};
use crate::error::Result;
use crate::paging::PageToken;
use crate::plan::{drilled_down, rolled_up};
use crate::query::CubeQuery;
use crate::result::QueryResult;
use crate::service::{DrillDown, RollUp};

impl Work<'_> {
    /// Drills down: the derived query with its answer.
    pub(crate) async fn drill_down(self, drill: &DrillDown) -> Result<(CubeQuery, QueryResult)> {
        let (asked, token) = (&drill.query, drill.query.page_token.as_deref());
        let stars = self
            .pin(asked.version.or(PageToken::version_of(token)))
            .await?;
        let cube = self.cube(stars.as_ref(), &drill.query.cube)?;
        let (axis, to) = (drill.axis, drill.to.as_deref());
        let query = drilled_down(&cube.view, &drill.query, axis, &drill.member, to)?;
        let request = request_text(&query)?;
        let page = page_of(token, asked, &request)?;
        let answer = self.answer(stars.as_ref(), &query, page, request).await?;
        Ok((query, answer))
    }

    /// Rolls up: the derived query with its answer.
    pub(crate) async fn roll_up(self, roll_up: &RollUp) -> Result<(CubeQuery, QueryResult)> {
        let (asked, token) = (&roll_up.query, roll_up.query.page_token.as_deref());
        let stars = self
            .pin(asked.version.or(PageToken::version_of(token)))
            .await?;
        let cube = self.cube(stars.as_ref(), &roll_up.query.cube)?;
        let hierarchy = roll_up.hierarchy.as_deref();
        let query = rolled_up(&cube.view, &roll_up.query, &roll_up.dimension, hierarchy)?;
        let request = request_text(&query)?;
        let page = page_of(token, asked, &request)?;
        let answer = self.answer(stars.as_ref(), &query, page, request).await?;
        Ok((query, answer))
    }
}

/// The page of a derived query that a token names. A token of the query that it is derived from names the page that showed the member,
/// and the answer begins with its first page.
fn page_of(token: Option<&str>, asked: &CubeQuery, request: &str) -> Result<Option<PageToken>> {
    let before = request_text(&CubeQuery {
        page_token: None,
        ..asked.clone()
    })?;
    match PageToken::read(token, request) {
        Err(_) if PageToken::read(token, &before).is_ok() => Ok(None),
        found => found,
    }
}
