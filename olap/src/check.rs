//! Checks a model before it is published: its files and rules, then every cube by planning questions to it over tables without rows.
//!
//! What only the engine knows, such as functions that do not exist and types that do not fit, is told with its place as the rest is.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType as Arrow, Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;
use planisphere_schemas::document::Faults;
use planisphere_schemas::model::{
    Bridge, Cube, DataType, Dimension, Model, NamedSet, Places, Star, Tree, read_model_with_places,
};
use serde::Serialize;

use crate::error::{OlapError, Result};
use crate::exec::{Engine, Limits};
use crate::plan::{CubeOf, Page, Planner, find_cube, plan_answer, resolve};
use crate::principal::{Policy, Principal};
use crate::query::{Axis, CubeQuery, History, LevelRef};
use crate::stars::MemoryStars;

/// What a model holds, all of it sound.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CheckedModel {
    /// How many cubes.
    pub cubes: usize,
    /// How many measures in all cubes that can be asked.
    pub measures: usize,
    /// How many levels in all cubes.
    pub levels: usize,
}

/// Checks the model in a folder.
///
/// # Errors
/// [`OlapError::Warehouse`] with every fault of all files, each with file, line and column.
pub fn check_model(folder: &Path) -> Result<CheckedModel> {
    let unreadable = |source| OlapError::Warehouse { source };
    let (model, places) = read_model_with_places(folder).map_err(unreadable)?;
    let engine = Engine::new(Limits::default())?;
    let session = engine.session();
    let tables = tables(&model)?;
    let stars = MemoryStars::new(0, model.clone(), tables);
    let mut faults = Faults::default();
    let mut checked = CheckedModel::default();
    for cube in &model.cubes {
        let planner = Planner {
            stars: &stars,
            state: session.state(),
        };
        let (measures, levels) =
            check_cube(&planner, (&model, cube), &session, (&places, &mut faults))?;
        checked.cubes += 1;
        checked.measures += measures;
        checked.levels += levels;
    }
    match faults.is_empty() {
        true => Ok(checked),
        false => Err(unreadable(planisphere_schemas::Error::Faults { faults })),
    }
}

/// Plans a question for each measure and each level; returns how many there are.
fn check_cube(
    planner: &Planner<'_>,
    (model, cube): (&Model, &Cube),
    session: &SessionContext,
    (places, faults): (&Places, &mut Faults),
) -> Result<(usize, usize)> {
    let of = find_cube(model, &cube.name, Policy::default(), &Principal::default())?;
    let levels: Vec<LevelRef> = of
        .view
        .dimensions
        .iter()
        .flat_map(|dimension| {
            let hierarchies = dimension.hierarchies.iter();
            hierarchies.flat_map(|hierarchy| {
                hierarchy.levels.iter().map(|level| LevelRef {
                    dimension: dimension.name.clone(),
                    hierarchy: Some(hierarchy.name.clone()),
                    level: level.name.clone(),
                })
            })
        })
        .collect();
    let asked = cube.measures.iter().filter(|measure| !measure.hidden);
    let names: Vec<&str> = asked.map(|measure| measure.name.as_str()).collect();
    let mut told = BTreeSet::new();
    for name in &names {
        let shared = levels.iter().find(|level| all_have(cube, level));
        let axes = shared.map(|level| Axis::of([level.clone()]).with_subtotals());
        let query = question(cube, name, axes);
        if let Err(error) = plan(planner, &of, &query, session) {
            let said = said(&error);
            // what is calculated from a wrong measure is wrong in the same way
            if told.insert(said.clone()) {
                let place = places.nearest("cube", &format!("{}/{name}", cube.name));
                faults.add_with_hint(&place, format!("measure '{name}': {said}"), None);
            }
        }
    }
    for set in &cube.sets {
        if let Err(error) = check_set(planner, &of, (set, &names), session) {
            let place = places.nearest("cube", &format!("{}/sets/{}", cube.name, set.name));
            let said = said(&error);
            faults.add_with_hint(&place, format!("set '{}': {said}", set.name), None);
        }
    }
    for level in &levels {
        let of_measure = |name: &&str| {
            plan(planner, &of, &question(cube, name, None), session).ok()?;
            let query = question(cube, name, Some(Axis::of([level.clone()])));
            Some(plan(planner, &of, &query, session))
        };
        // across cubes some measures do not have the dimension
        let mut planned = names.iter().filter_map(of_measure);
        let first = planned.next();
        let another_will_do = |first: &Result<()>| first.is_err() && !all_have(cube, level);
        let is_sound = first.as_ref().is_some_and(another_will_do) && planned.any(|it| it.is_ok());
        if let Some(Err(error)) = first.filter(|_| !is_sound) {
            let place = places.nearest("cube", &format!("{}/{}", cube.name, level.dimension));
            faults.add_with_hint(&place, format!("level '{level}': {}", said(&error)), None);
        }
    }
    Ok((names.len(), levels.len()))
}

/// Plans a question narrowed to a set: across cubes not every measure has its dimensions, and another one will do.
fn check_set(
    planner: &Planner<'_>,
    of: &CubeOf<'_>,
    (set, measures): (&NamedSet, &[&str]),
    session: &SessionContext,
) -> Result<()> {
    let mut planned = measures.iter().map(|name| {
        let mut query = question(of.cube, name, None);
        query.sets.push(set.name.clone());
        plan(planner, of, &query, session)
    });
    match planned.next() {
        Some(Err(first)) if !planned.any(|it| it.is_ok()) => Err(first),
        _ => Ok(()),
    }
}

/// True if every cube that a cube is across has the dimension of a level.
fn all_have(cube: &Cube, level: &LevelRef) -> bool {
    let mut parts = cube.across.iter();
    parts.all(|part| part.dimensions.contains_key(&level.dimension))
}

fn question(cube: &Cube, measure: &str, axis: Option<Axis>) -> CubeQuery {
    CubeQuery {
        cube: cube.name.clone(),
        measures: vec![measure.to_owned()],
        axes: axis.into_iter().collect(),
        // which trees with a history can be asked in too
        history: History::AsIs,
        ..CubeQuery::default()
    }
}

/// Plans a question as far as the engine does before it reads.
fn plan(
    planner: &Planner<'_>,
    of: &CubeOf<'_>,
    query: &CubeQuery,
    session: &SessionContext,
) -> Result<()> {
    let resolved = resolve(of, query)?;
    let (plan, _) = plan_answer(planner, &resolved, Page::default())?;
    let optimized = session.state().optimize(&plan);
    optimized.map_err(Planner::failed).map(|_| ())
}

/// An error with its causes, in one line.
fn said(error: &OlapError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

type Tables = Vec<(String, Arc<dyn TableProvider>)>;

/// The tables that a model will have, without rows.
fn tables(model: &Model) -> Result<Tables> {
    let dimensions = model.dimensions.iter();
    let dimensions = dimensions.map(|it| (it.table(), dimension_schema(it)));
    let stars = model.stars.iter().map(|it| (it.table(), fact_schema(it)));
    let bridges = model.stars.iter().flat_map(|it| &it.bridges);
    let bridges = bridges.map(|it| (it.table(), bridge_schema(it)));
    let trees = model.dimensions.iter().flat_map(|dimension| {
        let trees = dimension.trees.iter();
        trees.map(|tree| (dimension.tree_table(tree), tree_schema(dimension, tree)))
    });
    let parents = model.dimensions.iter().filter(|it| it.parent.is_some());
    let closures = parents.map(|it| (it.closure_table(), closure_schema()));
    let tables = dimensions
        .chain(trees)
        .chain(closures)
        .chain(stars)
        .chain(bridges)
        .map(|(name, schema)| {
            let table = MemTable::try_new(schema, vec![vec![]]).map_err(Planner::failed)?;
            Ok((name, Arc::new(table) as Arc<dyn TableProvider>))
        });
    tables.collect()
}

fn dimension_schema(dimension: &Dimension) -> SchemaRef {
    let instant = DataType::Timestamp.arrow();
    let mut fields = vec![
        Field::new(dimension.key_column(), Arrow::Int32, false),
        Field::new(dimension.durable_key_column(), Arrow::Int32, false),
        Field::new(dimension.id_column(), Arrow::Utf8, false),
        Field::new("valid_from", instant.clone(), false),
        Field::new("valid_to", instant, false),
        Field::new("valid_from_basis", Arrow::Utf8, false),
        Field::new("is_current", Arrow::Boolean, false),
        Field::new("deleted_at_source", Arrow::Boolean, false),
    ];
    for attribute in &dimension.attributes {
        fields.push(Field::new(
            &attribute.name,
            attribute.data_type.arrow(),
            true,
        ));
    }
    Arc::new(Schema::new(fields))
}

fn closure_schema() -> SchemaRef {
    let key = |name: &str| Field::new(name, Arrow::Int32, false);
    let instant = |name: &str| Field::new(name, DataType::Timestamp.arrow(), false);
    Arc::new(Schema::new(vec![
        key("ancestor_durable_key"),
        key("descendant_durable_key"),
        key("depth"),
        instant("valid_from"),
        instant("valid_to"),
    ]))
}

fn tree_schema(dimension: &Dimension, tree: &Tree) -> SchemaRef {
    let key = |name: String| Field::new(name, Arrow::Int32, false);
    let mut fields = vec![key(dimension.durable_key_column()), key("level".into())];
    fields.extend((1..=tree.depth).map(|level| key(tree.level_column(level))));
    for name in ["valid_from", "valid_to"] {
        fields.push(Field::new(name, DataType::Timestamp.arrow(), false));
    }
    Arc::new(Schema::new(fields))
}

fn bridge_schema(bridge: &Bridge) -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new(bridge.group_column(), Arrow::Int32, false),
        Field::new(bridge.key_column(), Arrow::Int32, false),
        Field::new("weight", Arrow::Decimal128(11, 10), false),
    ]))
}

fn fact_schema(star: &Star) -> SchemaRef {
    let mut fields = vec![
        Field::new("source_row_id", Arrow::Utf8, false),
        Field::new("deleted_at_source", Arrow::Boolean, false),
    ];
    let keys = star.roles.iter();
    fields.extend(keys.map(|role| Field::new(role.key_column(), Arrow::Int32, false)));
    let groups = star.bridges.iter();
    fields.extend(groups.map(|it| Field::new(it.group_column(), Arrow::Int32, false)));
    let columns = star.degenerate.iter().map(|it| (&it.name, it.data_type));
    let measures = star.measures.iter().map(|it| (&it.name, it.data_type));
    let columns = columns.chain(measures);
    fields.extend(columns.map(|(name, kind)| Field::new(name, kind.arrow(), true)));
    Arc::new(Schema::new(fields))
}
