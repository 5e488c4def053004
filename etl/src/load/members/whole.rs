//! Builds every member of a dimension anew, since the model changed or the tables are of an older form: share by share.

use std::collections::HashMap;

use crate::dimension::{Bulk, DimensionInput, build_dimension};
use crate::error::Result;
use crate::load::nature::audited;

use super::everything::ShareOfAll;
use super::tables::KEYS;
use super::{DimensionLoad, Outcome, Published};

impl DimensionLoad<'_> {
    /// Builds all members; of a dimension that is new over a stream those too of which only packages of earlier loads tell.
    pub(super) async fn whole(&self, published: Option<Published<'_>>) -> Result<Outcome> {
        let dimension = self.origin.dimension;
        let everything = self.everything(published).await?;
        let mut issued = everything.issued;
        // nearly all keys were issued before
        let keys = (2 * self.least() / everything.width.max(1)).clamp(256, KEYS);
        let mut building = self.building(issued.keys, keys);
        for share in 0..everything.number {
            let ShareOfAll {
                rows,
                existing,
                map,
                changes,
                referenced,
            } = self.share_of_all(&everything, share)?;
            let known = existing.as_ref().map(|existing| &existing.rows);
            let rejected_ids = self.rejected_of(&everything.rejected, known, &referenced)?;
            let build = build_dimension(DimensionInput {
                entity: self.origin.of(&rows),
                existing,
                existing_map: map,
                existing_changes: changes,
                issued,
                referenced: &referenced,
                is_seeded: false,
                is_whole: true,
                has_specials: share == 0,
                audited: audited(dimension, self.fed),
                rejected_ids: &rejected_ids,
                audit_key: self.audit_key,
            })?;
            issued = build.issued;
            building.add(build, (&HashMap::new(), &HashMap::new()))?;
        }
        let mut outcome = building.finish(Bulk::nobody(self.origin, self.fed.rows.rows.clone()))?;
        outcome.is_whole = true;
        if let Some(published) = published.filter(|_| !outcome.tally.has_changes()) {
            // the columns changed, of the table or of the key map, or there was no table of changes
            outcome.tally.updated = published.table.files().iter().map(|file| file.rows).sum();
        }
        Ok(outcome)
    }
}
