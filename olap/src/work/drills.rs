//! Drill-down and roll-up: a query derived from a query, and its answer, both from one pinned version.

use super::{Work, request_text};
use crate::error::Result;
use crate::plan::{drilled_down, rolled_up};
use crate::query::CubeQuery;
use crate::result::QueryResult;
use crate::service::{DrillDown, RollUp};

impl Work<'_> {
    /// Drills down: the derived query with its answer.
    pub(crate) async fn drill_down(self, drill: &DrillDown) -> Result<(CubeQuery, QueryResult)> {
        let stars = self.pin(drill.query.version).await?;
        let cube = self.cube(stars.as_ref(), &drill.query.cube)?;
        let (axis, to) = (drill.axis, drill.to.as_deref());
        let query = drilled_down(&cube.view, &drill.query, axis, &drill.member, to)?;
        let request = request_text(&query)?;
        let answer = self.answer(stars.as_ref(), &query, None, request).await?;
        Ok((query, answer))
    }

    /// Rolls up: the derived query with its answer.
    pub(crate) async fn roll_up(self, roll_up: &RollUp) -> Result<(CubeQuery, QueryResult)> {
        let stars = self.pin(roll_up.query.version).await?;
        let cube = self.cube(stars.as_ref(), &roll_up.query.cube)?;
        let hierarchy = roll_up.hierarchy.as_deref();
        let query = rolled_up(&cube.view, &roll_up.query, &roll_up.dimension, hierarchy)?;
        let request = request_text(&query)?;
        let answer = self.answer(stars.as_ref(), &query, None, request).await?;
        Ok((query, answer))
    }
}
