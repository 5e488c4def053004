//! What retained packages of earlier loads know of columns that are new in a star, for rows that this load does not show.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array, ArrayRef, AsArray as _, RecordBatch};
use arrow::compute::interleave;
use arrow::datatypes::FieldRef;
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use planisphere_schemas::model::Star;
use planisphere_schemas::warehouse::PinnedTable;

use crate::dimension::{MemberIndex, Nature};
use crate::error::{Error, Result};
use crate::fact::{self, DealtLinks, FactInput, Kept, Round, ShareRoom, Shares, prepare};
use crate::load::backfill::{Knowing, Wanted};
use crate::load::build::Fed;
use crate::load::execute::Execution;
use crate::load::nature::nature;
use crate::pile::Pile;
use crate::register::Register;
use crate::spool::{Spool, Spooled};

use crate::load::facts::FactLoad;

/// The column with the ids of rows.
const ID: &str = "source_row_id";

/// Values of new columns, by the ids of rows.
pub(super) struct Retained {
    /// How rows of the new columns are written as bytes.
    converter: RowConverter,
    /// The new columns, in the order of the converter.
    fields: Vec<FieldRef>,
    rows: Pile,
    /// How many rows lie there, and their bytes.
    told: (usize, usize),
    /// Bytes of rows that are looked at together.
    least: usize,
    /// For each new column where the latest values of a row lie.
    places: Vec<Register>,
}

impl Retained {
    /// Nothing is known of these columns.
    fn new(fields: Vec<FieldRef>, room: &ShareRoom) -> Result<Self, ArrowError> {
        let types = fields.iter();
        let types = types.map(|field| SortField::new(field.data_type().clone()));
        let places = fields.iter();
        let places = places.map(|_| Register::new(&room.memory, room.least));
        Ok(Self {
            converter: RowConverter::new(types.collect())?,
            rows: Pile::new(&room.memory, room.least),
            told: (0, 0),
            least: room.least,
            places: places.collect(),
            fields,
        })
    }

    /// Takes in rows, of which later ones count for nothing where earlier ones speak of the same.
    fn learn(&mut self, rows: &RecordBatch, known: &Knowing) -> Result<(), ArrowError> {
        let Some(ids) = rows.column_by_name(ID).map(|it| it.as_string::<i32>()) else {
            return Ok(());
        };
        let columns = self
            .fields
            .iter()
            .map(|field| rows.column_by_name(field.name()).cloned());
        let Some(columns) = columns.collect::<Option<Vec<_>>>() else {
            return Ok(());
        };
        let told = self.converter.convert_columns(&columns)?;
        for (id, told) in ids.iter().zip(told.iter()) {
            let Some(id) = id else { continue };
            let mut place = None;
            for (field, places) in self.fields.iter().zip(&mut self.places) {
                let key = places.key(id);
                if !known.columns.contains(field.name()) || places.get(key)?.is_some() {
                    continue;
                }
                let at = match place {
                    Some(at) => at,
                    None => {
                        self.told = (self.told.0 + 1, self.told.1 + told.as_ref().len());
                        *place.insert(self.rows.push(told)?)
                    }
                };
                places.put(key, at)?;
            }
        }
        Ok(())
    }

    /// How many rows are filled together.
    pub(super) fn rows_at_once(&self) -> usize {
        let (rows, bytes) = self.told;
        (self.least / bytes.div_ceil(rows.max(1)).max(1)).max(1)
    }

    /// Published rows with what is known of the new columns.
    pub(super) fn filled(&self, rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let Some(ids) = rows.column_by_name(ID).map(|it| it.as_string::<i32>()) else {
            return Ok(rows.clone());
        };
        let schema = rows.schema();
        let mut columns = rows.columns().to_vec();
        let mut told = Told::default();
        let mut from = Vec::with_capacity(self.places.len());
        for places in &self.places {
            let place = |id: Option<&str>| places.get(places.key(id.unwrap_or_default()));
            let of_rows = ids
                .iter()
                .map(|id| Ok(place(id)?.map(|it| told.number(it))));
            from.push(of_rows.collect::<Result<Vec<_>, ArrowError>>()?);
        }
        let known = told.rows(self)?;
        for ((field, known), from) in self.fields.iter().zip(known).zip(from) {
            let at = schema.index_of(field.name())?;
            let places = from.iter().enumerate();
            let places = places.map(|(row, from)| from.map_or((0, row), |known| (1, known)));
            let both: [&dyn Array; 2] = [columns[at].as_ref(), known.as_ref()];
            columns[at] = interleave(&both, &places.collect::<Vec<_>>())?;
        }
        RecordBatch::try_new(schema, columns)
    }
}

/// The rows that some published rows are filled from, each of them once.
#[derive(Default)]
struct Told {
    numbers: HashMap<u64, usize>,
    places: Vec<u64>,
}

impl Told {
    /// The number of the row at a place.
    fn number(&mut self, place: u64) -> usize {
        let places = &mut self.places;
        *self.numbers.entry(place).or_insert_with(|| {
            places.push(place);
            places.len() - 1
        })
    }

    /// The columns of the rows in the order of their numbers.
    fn rows(&self, retained: &Retained) -> Result<Vec<ArrayRef>, ArrowError> {
        let rows = self.places.iter().map(|place| retained.rows.bytes(*place));
        let rows = rows.collect::<std::io::Result<Vec<_>>>()?;
        let parser = retained.converter.parser();
        let rows = rows.iter().map(|row| parser.parse(row));
        retained.converter.convert_rows(rows)
    }
}

impl FactLoad<'_> {
    /// What packages of earlier loads know of the columns that the published table lacks, the latest word first.
    pub(super) async fn retained_values(&self, table: &PinnedTable) -> Result<Retained> {
        let (star, model) = (self.input.star, self.execution.model);
        let is_new = |name: &str| table.schema().index_of(name).is_err();
        let new = self.schema.fields().iter();
        let new = new.filter(|field| is_new(field.name())).cloned();
        let doing = || format!("reading the past of fact '{}'", star.name);
        let retained = Retained::new(new.collect(), &self.execution.share_room());
        let mut retained = retained.map_err(Error::arrow(doing()))?;
        // what a stream has shown is kept
        if nature(self.fed.entity) == Nature::Changes {
            return Ok(retained);
        }
        let Some(wanted) = Wanted::of_star(model, star, is_new) else {
            return Ok(retained);
        };
        for known in self.execution.knowing(&wanted).await?.iter().rev() {
            self.then(known, |rows| retained.learn(rows, known)).await?;
        }
        Ok(retained)
    }

    /// Tells the rows of the star as an earlier load would have made them under today's model and members.
    pub(in crate::load::facts) async fn then(
        &self,
        known: &Knowing,
        mut each: impl FnMut(&RecordBatch) -> Result<(), ArrowError>,
    ) -> Result<()> {
        let star = self.input.star;
        let doing = || Error::arrow(format!("reading the past of fact '{}'", star.name));
        let rates = star.currency.iter().map(|it| it.rates.entity.as_str());
        let mut conformed = BTreeMap::new();
        for entity in std::iter::once(star.entity.as_str()).chain(rates) {
            let rows = self.execution.conformed_then(&known.package, entity);
            conformed.insert(entity.to_owned(), rows.await?);
        }
        let mut links = Vec::with_capacity(self.bridges.len());
        for bridging in self.bridges {
            let entity = &bridging.bridge().entity;
            let rows = self.execution.conformed_then(&known.package, entity);
            let rows = rows.await?.rows;
            let members = self.input.members.get(&bridging.bridge().dimension);
            let read = bridging.links(&rows, members.unwrap_or(&MemberIndex::empty()));
            links.push(read.map_err(doing())?);
        }
        let Some(fed) = self.execution.fed(&star.entity, &conformed) else {
            return Ok(());
        };
        let audit_key = self.input.audit_key;
        let preparation = self
            .execution
            .preparation(star, &fed, &conformed, None, audit_key);
        let Some(mut preparation) = preparation.await? else {
            return Ok(());
        };
        preparation.business_date = known.record.business_date;
        let prepared = prepare(&preparation, &fed.rows.rows)?;
        let input = FactInput {
            prepare: &preparation,
            ..self.input
        };
        let all = Round { number: 0, of: 1 };
        for batch in prepared.rows.batches() {
            let rows = self.with_groups_by(&links, batch.map_err(doing())?);
            let chunk = fact::chunk(&input, rows.map_err(doing())?, all, None)?;
            each(&chunk.good().map_err(doing())?).map_err(doing())?;
        }
        Ok(())
    }

    /// Rows of the star with the groups that they have by these rows of the bridges' entities.
    fn with_groups_by(
        &self,
        links: &[DealtLinks],
        rows: RecordBatch,
    ) -> Result<RecordBatch, ArrowError> {
        let none = MemberIndex::empty();
        let columns = self.bridges.iter().zip(links).map(|(bridging, links)| {
            let bridge = bridging.bridge();
            let members = self.input.members.get(&bridge.dimension);
            let (members, zone) = (members.unwrap_or(&none), self.input.zone);
            Ok((bridge, bridging.keys_by(links, &rows, members, zone)?))
        });
        fact::with_groups(&rows, columns.collect::<Result<_, ArrowError>>()?)
    }
}

impl Execution<'_> {
    /// What a stream has shown, with what packages of earlier loads tell of columns that were not kept before behind it.
    pub(in crate::load) async fn with_retained_of_stream(
        &self,
        star: &Star,
        fed: &Fed<'_>,
        kept: Kept,
    ) -> Result<Kept> {
        let schema = kept.rows.schema();
        let fields = schema.fields().iter().zip(&kept.is_new);
        let new = fields.filter(|(field, is_new)| **is_new && !field.name().starts_with('_'));
        let new: Vec<String> = new.map(|(field, _)| field.name().clone()).collect();
        if new.is_empty() {
            return Ok(kept);
        }
        let wanted = Wanted::of_stream(star, new.into_iter());
        let columns = star.kept_columns(&self.model.dimensions);
        let doing = || Error::arrow(format!("reading the past of star '{}'", star.name));
        let mut rows = kept.rows.clone();
        let packages = match kept.is_new.contains(&false) {
            true => self.knowing(&wanted).await?,
            // a part of what rows said then would stand beside all of it
            false => self.knowing_all(&wanted).await?,
        };
        for known in packages {
            let then = self
                .conformed_then(&known.package, &fed.entity.name)
                .await?;
            let shares = Shares::of(star, &[&then.rows, &rows], &self.share_room());
            let shares = shares.map_err(doing())?;
            let mut new = Spool::new(schema.clone(), &self.memory);
            let mut learn = |share: usize| {
                let (good, _) = fact::problems(star, &shares.rows(0, share)?)?;
                let before = shares.rows(1, share)?;
                let audit_key = known.record.audit_key;
                let shown = fact::stream(star, &columns, &good, Some(&before), audit_key)?;
                new.push(RecordBatch::try_new(
                    schema.clone(),
                    shown.new.columns().to_vec(),
                )?)
            };
            (0..shares.len())
                .try_for_each(&mut learn)
                .map_err(doing())?;
            rows = Spooled::chain(schema.clone(), vec![rows, new.finish().map_err(doing())?]);
        }
        Ok(Kept { rows, ..kept })
    }
}
