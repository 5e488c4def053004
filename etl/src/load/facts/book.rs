//! A fact whose corrections are rows of their own: published rows stay, and rows that take them back are added.

use arrow::array::{BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::{filter_record_batch, not};
use futures::TryStreamExt as _;
use planisphere_schemas::warehouse::PinnedTable;

use crate::error::{Error, Result};
use crate::fact::{
    self, Chains, Rekeyed, Rest, Round, Rules, SOURCE_ROW_ID, Standing, comparable, corrected,
    first_bookings, is_over, reversals,
};
use crate::spool::bytes_of;
use crate::threads;
use crate::warehouse::{Place, changed_columns};

use super::changed::{Changed, Changing};
use super::edits::{OfGroup, in_place_order, short};
use super::{FactLoad, Outcome};

impl FactLoad<'_> {
    /// Looks at the ids of one round.
    pub(super) async fn book(&self, round: Round, outcome: &mut Outcome) -> Result<()> {
        let chains = self.chains(round).await?;
        let mut standing = Standing::new(round, self.ids_of(round));
        self.read_bookings(&mut standing, &chains, outcome).await?;
        let changed = self.meet_bookings(&mut standing, &chains, outcome)?;
        self.groups(&standing, outcome).await?;
        if outcome.is_reshaped {
            self.write_bookings_anew(&standing, outcome).await?;
        } else {
            self.rekey(&standing, outcome).await?;
        }
        for share in 0..changed.shares() {
            self.correct(changed.share(share).map_err(self.doing())?, outcome)
                .await?;
        }
        self.take_back(&standing, outcome).await
    }

    /// What is published of corrections.
    async fn chains(&self, round: Round) -> Result<Chains> {
        let mut chains = Chains::new(round);
        let Some(table) = self.published else {
            return Ok(chains);
        };
        let mut groups = std::pin::pin!(self.scan(table).groups(&[SOURCE_ROW_ID]));
        while let Some(group) = groups.try_next().await? {
            chains.add(&group.rows).map_err(self.doing())?;
        }
        Ok(chains)
    }

    /// No row says anything else yet; those that will are dealt out by where the published ones are.
    fn changed(&self, outcome: &Outcome) -> Changing {
        let files = self.published.map(PinnedTable::files).unwrap_or_default();
        let files = files.iter().map(|file| file.rows);
        let least = self.execution.options.settings.etl.memory_bytes / 16;
        Changing::new(files, self.some(outcome), (&self.execution.memory, least))
    }

    fn doing(&self) -> impl FnOnce(arrow::error::ArrowError) -> Error {
        Error::arrow(format!("booking fact '{}'", self.input.star.name))
    }

    /// Reads what is published; rows that no longer stand stay whatever this load says.
    async fn read_bookings(
        &self,
        standing: &mut Standing,
        chains: &Chains,
        outcome: &mut Outcome,
    ) -> Result<()> {
        let Some(table) = self.published else {
            return Ok(());
        };
        let held = &self.prepared.held;
        let stays = |id: &str| Ok(is_over(id) || held.has(id)?);
        let rules = Rules {
            rekeying: &self.rekeying,
            stays: Some(&stays),
        };
        let mut groups = std::pin::pin!(self.scan(table).groups(&[]));
        while let Some(group) = groups.try_next().await? {
            outcome.widens(&group.rows);
            let (rows, is_reshaped) = self.aligned(&group.rows)?;
            outcome.is_reshaped |= is_reshaped;
            let (rows, living) = comparable(&self.input, &rows, chains).map_err(self.doing())?;
            outcome.tally.standing += living;
            let added = standing.add(&rows, group.first, &rules);
            added.map_err(self.doing())?;
        }
        let tell = |id: &str| {
            standing.keep(id);
            Ok(())
        };
        self.execution
            .each_rejected(self.package, self.fed, tell)
            .await
    }

    /// Lays the fresh rows beside what stands: adds first bookings, returns the rows that say something else.
    fn meet_bookings(
        &self,
        standing: &mut Standing,
        chains: &Chains,
        outcome: &mut Outcome,
    ) -> Result<Changed> {
        let (input, round, seed) = (&self.input, standing.round(), standing.seed());
        let mut changed = self.changed(outcome);
        threads::in_order(
            self.chunks(),
            |rows| fact::chunk(input, rows, round, seed),
            |chunk| {
                outcome.out_of_order += chunk.out_of_order;
                let settled = fact::settle(input, chunk, standing)?;
                let first = first_bookings(&settled.new, chains).map_err(self.doing())?;
                let unbooked = (settled.new.num_rows() - first.num_rows()) as u64;
                self.add_bookings(&first, outcome)?;
                outcome.tally.add(&settled.tally);
                outcome.tally.inserted -= unbooked;
                outcome.tally.loaded -= unbooked;
                outcome.tally.unchanged += unbooked;
                outcome.reject(settled.rejects)?;
                let added = changed.add(&settled.changed, &settled.places);
                added.map_err(self.doing())
            },
        )?;
        changed.finish().map_err(self.doing())
    }

    /// Adds rows, and takes note of their groups.
    fn add_bookings(&self, rows: &RecordBatch, outcome: &mut Outcome) -> Result<()> {
        fact::groups_in(self.input.star, rows, &mut outcome.groups);
        self.add(rows, outcome)
    }

    /// Takes back what was booked and books what the source says now; rows that only take other keys are edited.
    async fn correct(
        &self,
        (new, places): (RecordBatch, Vec<Place>),
        outcome: &mut Outcome,
    ) -> Result<()> {
        let Some(table) = self.published.filter(|_| !places.is_empty()) else {
            return Ok(());
        };
        let (new, places) = in_place_order(&new, &places).map_err(self.doing())?;
        let old = self.scan(table).rows(&places).await?;
        let (published, _) = self.aligned(&old)?;
        let today = self.rekeying.look(&published).map_err(self.doing())?;
        let old = today.rows.clone();
        let columns = fact::new_columns(table.schema(), self.input.star);
        let found = corrected(&self.input, (&old, &new), &columns).map_err(self.doing())?;
        let (reversed, booked) = (found.reversals.num_rows(), found.again.num_rows());
        outcome.tally.inserted += (reversed + booked) as u64;
        // what was counted as updated is booked anew
        outcome.tally.updated -= booked as u64;
        self.add_bookings(&found.reversals, outcome)?;
        self.add_bookings(&found.again, outcome)?;
        fact::groups_in(self.input.star, &found.rekeyed, &mut outcome.groups);
        if outcome.is_reshaped {
            let stays = not(&found.is_same).and_then(|it| filter_record_batch(&old, &it));
            self.add(&stays.map_err(self.doing())?, outcome)?;
            return self.add(&found.rekeyed, outcome);
        }
        let rekeyed = (&published, &found.rekeyed);
        self.edit_in_place(rekeyed, &found.is_same, &places, outcome)?;
        let (new, moves) = self.rekeyed(&today)?;
        let moved = not(&found.is_same).and_then(|it| arrow::compute::and(&it, &moves));
        let moved = moved.map_err(self.doing())?;
        let new = filter_record_batch(&new, &moved).map_err(self.doing())?;
        self.edit_in_place((&published, &new), &moved, &places, outcome)
    }

    /// Edits some of the published rows at these places; where no memory is left, they leave them and are added.
    fn edit_in_place(
        &self,
        (old, new): (&RecordBatch, &RecordBatch),
        is_edited: &BooleanArray,
        places: &[Place],
        outcome: &mut Outcome,
    ) -> Result<()> {
        let at: Vec<u32> = is_edited.values().set_indices().map(short).collect();
        let places = at.iter().map(|at| places[*at as usize]);
        if !outcome.lease.grow(bytes_of(new)) {
            outcome.removed.extend(places);
            return self.add(new, outcome);
        }
        outcome.places.extend(places);
        let columns = changed_columns(old, &UInt32Array::from(at), new);
        outcome.differs(columns.map_err(self.doing())?);
        outcome.edits(new.clone())
    }

    /// Rows under their keys of today, and which of them change by that.
    fn rekeyed(&self, rekeyed: &Rekeyed) -> Result<(RecordBatch, BooleanArray)> {
        let rest = vec![Rest::Checked; rekeyed.moves.len()];
        fact::rewritten(rekeyed, &rest, self.input.audit_key).map_err(self.doing())
    }

    /// Edits the rows that the load does not give and whose keys are others today, those that are about to be taken back too.
    async fn rekey(&self, standing: &Standing, outcome: &mut Outcome) -> Result<()> {
        let Some(table) = self.published else {
            return Ok(());
        };
        let left = standing.rest();
        let left = left.filter(|(_, rest)| matches!(rest, Rest::Gone | Rest::Checked));
        let places = left.map(|(place, _)| place).collect::<Vec<Place>>();
        for places in places.chunks(self.some(outcome)) {
            let old = self.scan(table).rows(places).await?;
            let (old, _) = self.aligned(&old)?;
            let rekeyed = self.rekeying.look(&old).map_err(self.doing())?;
            let (new, moves) = self.rekeyed(&rekeyed)?;
            outcome.tally.updated += moves.true_count() as u64;
            fact::groups_in(self.input.star, &new, &mut outcome.groups);
            let new = filter_record_batch(&new, &moves).map_err(self.doing())?;
            self.edit_in_place((&old, &new), &moves, places, outcome)?;
        }
        Ok(())
    }

    /// Adds the rows that take back what the source no longer has.
    async fn take_back(&self, standing: &Standing, outcome: &mut Outcome) -> Result<()> {
        let Some(table) = self.published else {
            return Ok(());
        };
        let gone = standing.rest().filter(|(_, rest)| *rest == Rest::Gone);
        let gone: Vec<Place> = gone.map(|(place, _)| place).collect();
        outcome.tally.deleted += gone.len() as u64;
        outcome.tally.inserted += gone.len() as u64;
        for places in gone.chunks(self.some(outcome)) {
            let old = self.scan(table).rows(places).await?;
            let (old, _) = self.aligned(&old)?;
            let old = self.rekeying.look(&old).map_err(self.doing())?;
            let reversals = reversals(&self.input, &old.rows).map_err(self.doing())?;
            self.add_bookings(&reversals, outcome)?;
        }
        Ok(())
    }

    /// Adds every published row of which the source says nothing else: the columns of the model are others than those of the
    /// files.
    async fn write_bookings_anew(&self, standing: &Standing, outcome: &mut Outcome) -> Result<()> {
        let Some(table) = self.published else {
            return Ok(());
        };
        let mut rest = standing.rest().peekable();
        let mut groups = std::pin::pin!(self.scan(table).groups(&[]));
        while let Some(group) = groups.try_next().await? {
            let (all, _) = self.aligned(&group.rows)?;
            let OfGroup { given, kept, left } =
                OfGroup::of(&group, &all, &mut rest).map_err(self.doing())?;
            let rekeyed = self.rekeying.look(&left.rows).map_err(self.doing())?;
            let (new, moves) = self.rekeyed(&rekeyed)?;
            outcome.tally.updated += moves.true_count() as u64;
            fact::groups_in(self.input.star, &new, &mut outcome.groups);
            self.add(&given, outcome)?;
            self.add(&kept, outcome)?;
            self.add(&new, outcome)?;
        }
        Ok(())
    }
}
