//! Plans every view and every expression of the model over tables without rows: what only the engine finds wrong is
//! told with its place, before anything is read.
//!
//! What depends on columns declared `native` can only be planned once the source was read; it is named. Not
//! responsible for the rules between the parts of a model: those are checked when it is read.

use std::collections::{BTreeMap, BTreeSet};

use arrow::datatypes::DataType;
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;
use planisphere_schemas::document::Faults;
use planisphere_schemas::model::{
    Entity, Model, Places, Source, parse_expression, parse_query, referenced_columns,
    referenced_tables,
};
use planisphere_schemas::settings::EtlSettings;

use crate::error::Result;
use crate::staging::Package;

use super::pieces::{Piece, Wanted, pieces};
use super::select::from_clause;
use super::session::open_empty_session;
use super::steady::{Unsteady, unsteady, unsteady_parts};

/// What is known of the columns of entities, by entity and column.
pub(crate) type Types = BTreeMap<(String, String), DataType>;

/// Plans everything; returns the types of the entities' columns and the things that could not be planned yet.
///
/// # Errors
/// If the engine cannot be started; what is wrong with the model is added to the faults.
pub(crate) async fn check(
    model: &Model,
    places: &Places,
    package: &Package,
    settings: &EtlSettings,
    faults: &mut Faults,
) -> Result<(Types, Vec<String>)> {
    let mut types = Types::new();
    let mut later = Vec::new();
    for source in &model.sources {
        let session = open_empty_session(package, source, settings, model.zone()).await?;
        let mut check = Check {
            session,
            source,
            places,
            native: native_columns(package, source),
            unknown: BTreeSet::new(),
            types: &mut types,
            later: &mut later,
            faults,
        };
        check.views().await;
        for entity in &source.entities {
            check.entity(entity).await;
        }
    }
    Ok((types, later))
}

/// The columns of each table whose types are not known yet, those of its versions too.
fn native_columns(package: &Package, source: &Source) -> BTreeMap<String, BTreeSet<String>> {
    let mut native = BTreeMap::new();
    for table in &source.tables {
        let known = package.staged_schema(&source.name, table);
        let names = table.columns.iter().map(|column| column.name.clone());
        let names: BTreeSet<String> = names
            .filter(|name| known.field_with_name(name).is_err())
            .collect();
        if !names.is_empty() {
            native.insert(format!("{}_versions", table.name), names.clone());
            native.insert(table.name.clone(), names);
        }
    }
    native
}

struct Check<'a> {
    session: SessionContext,
    source: &'a Source,
    places: &'a Places,
    /// Columns that are not known yet, by table.
    native: BTreeMap<String, BTreeSet<String>>,
    /// Views that could not be planned.
    unknown: BTreeSet<String>,
    types: &'a mut Types,
    later: &'a mut Vec<String>,
    faults: &'a mut Faults,
}

impl Check<'_> {
    async fn views(&mut self) {
        for view in &self.source.views {
            let path = format!("{}/{}", self.source.name, view.name);
            let tables = parse_query(&view.sql).map(|query| referenced_tables(&query));
            let tables = tables.unwrap_or_default();
            if tables.iter().any(|table| self.native.contains_key(table)) {
                self.later.push(format!("view '{}'", view.name));
                self.unknown.insert(view.name.clone());
                continue;
            }
            // the fault of the view below is told already
            if tables.iter().any(|table| self.unknown.contains(table)) {
                self.unknown.insert(view.name.clone());
                continue;
            }
            if let Err(unfit) = self.view(&view.name, &view.sql).await {
                let message = unfit.of(&format!("view '{}'", view.name));
                self.fault(&path, message);
                self.unknown.insert(view.name.clone());
            }
        }
    }

    async fn view(&self, name: &str, sql: &str) -> Result<(), Unfit> {
        let frame = self.session.sql(sql).await?;
        if let Some(found) = unsteady(frame.logical_plan())? {
            return Err(Unfit::Unsteady(found));
        }
        frame.clone().create_physical_plan().await?;
        self.session.register_table(name, frame.into_view())?;
        Ok(())
    }

    async fn entity(&mut self, entity: &Entity) {
        let joined = entity.joins.iter().map(|join| &join.table);
        let mut relations = std::iter::once(&entity.from).chain(joined);
        let path = format!("{}/{}", self.source.name, entity.name);
        let waits = entity.joins.iter().any(|join| self.waits(entity, &join.on));
        if waits || relations.any(|relation| self.unknown.contains(relation)) {
            self.later.push(format!("entity '{}'", entity.name));
            return;
        }
        let from = from_clause(self.source, entity);
        if let Err(unfit) = self.types_of(&["1"], &from).await {
            self.joins(entity, &path, &unfit).await;
            return;
        }
        let (waiting, pieces): (Vec<_>, Vec<_>) = pieces(entity, &path)
            .into_iter()
            .partition(|piece| self.waits(entity, piece.sql));
        let waiting = waiting.iter().map(|piece| piece.name);
        self.later
            .extend(waiting.map(|name| format!("'{name}' of entity '{}'", entity.name)));
        let all: Vec<&str> = pieces.iter().map(|piece| piece.sql).collect();
        let types = self.types_of(&all, &from).await;
        for (at, piece) in pieces.iter().enumerate() {
            let found = match &types {
                Ok(types) => Ok(types[at].clone()),
                // one of them is wrong: which?
                Err(_) => self
                    .types_of(&[piece.sql], &from)
                    .await
                    .map(|mut types| types.remove(0)),
            };
            self.piece(entity, piece, found);
        }
    }

    /// Finds the join that cannot be planned.
    async fn joins(&mut self, entity: &Entity, path: &str, unfit: &Unfit) {
        let mut part = entity.clone();
        part.joins.clear();
        for join in &entity.joins {
            part.joins.push(join.clone());
            let from = from_clause(self.source, &part);
            if let Err(unfit) = self.types_of(&["1"], &from).await {
                let message = unfit.of(&format!("'{}'", join.on));
                self.fault(&format!("{path}/joins/{}", join.on), message);
                return;
            }
        }
        let message = unfit.of(&format!("entity '{}'", entity.name));
        self.fault(path, message);
    }

    fn piece(&mut self, entity: &Entity, piece: &Piece<'_>, found: Result<DataType, Unfit>) {
        let found = match found {
            Ok(found) => found,
            Err(unfit) => {
                let message = unfit.of(&format!("'{}'", piece.sql));
                return self.fault(&piece.path, message);
            }
        };
        if !piece.wanted.takes(&found) {
            let wanted = piece.wanted.name();
            let message = format!("'{}' is {}, not {wanted}", piece.sql, type_name(&found));
            self.fault(&piece.path, message);
        }
        if piece.wanted == Wanted::Value {
            let column = (entity.name.clone(), piece.name.to_owned());
            self.types.insert(column, found);
        }
    }

    /// The types of scalars over tables, as the engine plans them.
    async fn types_of(&self, scalars: &[&str], from: &str) -> Result<Vec<DataType>, Unfit> {
        let scalars = scalars.iter().enumerate();
        let scalars: Vec<String> = scalars
            .map(|(at, sql)| format!("({sql}) AS \"{at}\""))
            .collect();
        let select = format!("SELECT {} {from}", scalars.join(", "));
        let frame = self.session.sql(&select).await?;
        if let Some(found) = unsteady_parts(frame.logical_plan())? {
            return Err(Unfit::Unsteady(found));
        }
        let plan = frame.create_physical_plan().await?;
        let schema = plan.schema();
        Ok(schema
            .fields()
            .iter()
            .map(|field| field.data_type().clone())
            .collect())
    }

    /// True if an expression uses a column that is not known yet.
    fn waits(&self, entity: &Entity, sql: &str) -> bool {
        let joins = entity.joins.iter().map(|join| (&join.alias, &join.table));
        let aliases: Vec<_> = std::iter::once((&entity.alias, &entity.from))
            .chain(joins)
            .collect();
        let Ok(expression) = parse_expression(sql) else {
            return false;
        };
        referenced_columns(&expression)
            .iter()
            .any(|(qualifier, name)| {
                let meant = aliases.iter().filter(|(alias, _)| {
                    qualifier
                        .as_ref()
                        .is_none_or(|qualifier| qualifier == *alias)
                });
                let mut native = meant.filter_map(|(_, table)| self.native.get(*table));
                native.any(|columns| columns.contains(name))
            })
    }

    fn fault(&mut self, path: &str, message: String) {
        let place = self.places.nearest("source", path);
        self.faults.add(&place, message);
    }
}

/// Why something of the model cannot be used.
enum Unfit {
    /// The engine cannot plan it.
    Engine(DataFusionError),
    /// It would not give one value a row, the same at each load.
    Unsteady(Unsteady),
}

impl From<DataFusionError> for Unfit {
    fn from(error: DataFusionError) -> Self {
        Self::Engine(error)
    }
}

impl Unfit {
    /// What is said of the thing that it was found in.
    fn of(&self, thing: &str) -> String {
        match self {
            Self::Engine(error) => format!("{thing} cannot be planned: {}", said(error)),
            Self::Unsteady(found) => format!("{thing} {found}"),
        }
    }
}

/// What the engine says, in one line and without its own headings.
fn said(error: &DataFusionError) -> String {
    let text = match error.find_root() {
        DataFusionError::Plan(text) | DataFusionError::Execution(text) => text.clone(),
        other => other.strip_backtrace(),
    };
    // where no signature fits, the engine reports its search before what it found
    let found = text.find("No function matches").unwrap_or(0);
    let lines: Vec<&str> = text[found..].lines().map(str::trim).collect();
    lines.join(" ")
}

/// A type of the engine in the words of the model language, where it has one.
pub(crate) fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".into(),
        DataType::Int32 => "integer".into(),
        DataType::Int64 => "bigint".into(),
        DataType::Float64 => "double".into(),
        DataType::Boolean => "boolean".into(),
        DataType::Date32 => "date".into(),
        DataType::Timestamp(..) => "timestamp".into(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
        other => other.to_string(),
    }
}
