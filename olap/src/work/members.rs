//! Whether the members that a request names exist, asked of the warehouse itself.

use super::{Resolved, Work};
use crate::error::{QueryFaults, Result};
use crate::plan::{
    ResolvedFilter, check_found, find_members, nearby_members, paths_of, report_unknown,
};

impl Work<'_> {
    /// Looks up the members that filters name; every one that does not exist is reported.
    pub(super) async fn check_members(
        &self,
        resolved: &Resolved<'_>,
        filters: &[ResolvedFilter],
    ) -> Result<()> {
        let mut faults = QueryFaults::default();
        for filter in filters {
            self.check_filter(resolved, filter, &mut faults).await?;
        }
        faults.or(())
    }

    async fn check_filter(
        &self,
        resolved: &Resolved<'_>,
        filter: &ResolvedFilter,
        faults: &mut QueryFaults,
    ) -> Result<()> {
        let (level, place) = (&filter.level, filter.place.as_str());
        let fact = resolved.query.star.table();
        let of = (fact.as_str(), resolved.query.history);
        let paths = filter.condition.members();
        let Some(plan) = find_members(&resolved.planner, level, of, &paths)? else {
            return Ok(());
        };
        let rows = self.rows(&resolved.session, plan).await?;
        let found = paths_of(&rows, level.path.len())?;
        let unknown = check_found(level, &paths, &found, place, faults);
        if !unknown.is_empty() {
            let nearby = nearby_members(&resolved.planner, level, of)?;
            let nearby = self.rows(&resolved.session, nearby).await?;
            report_unknown(level, &unknown, &nearby, place, faults)?;
        }
        Ok(())
    }
}
