//! The one door behind all doors: every protocol translates into these calls.
//!
//! Each call pins a warehouse version, resolves names against its model, plans and runs. Not responsible
//! for wire formats, authentication or showing answers.

use std::sync::Arc;

use planisphere_schemas::model::DataType;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::error::Result;
use crate::exec::Engine;
use crate::model::{CubeSummary, CubeView};
use crate::plan::find_cube;
use crate::principal::{Policy, Principal};
use crate::query::{CubeQuery, History, LevelRef, MemberPath, MemberRef};
use crate::result::{Exactness, QueryResult};
use crate::stars::{Stars, StarsSource};
use crate::work::Work;

/// Who calls, and how the call may be ended early.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// Who asks.
    pub principal: Principal,
    /// What they may see.
    pub policy: Policy,
    /// Cancelled when the caller goes away or the server shuts down.
    pub cancel: CancellationToken,
}

/// The cubes of a version.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CubeList {
    /// The warehouse version.
    pub warehouse_version: u64,
    /// The hash of its model.
    pub model_hash: String,
    /// The cubes in the order of the model.
    pub cubes: Vec<CubeSummary>,
}

/// A cube of a version.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CubeDetail {
    /// The warehouse version.
    pub warehouse_version: u64,
    /// The hash of its model.
    pub model_hash: String,
    /// The cube.
    pub cube: CubeView,
}

/// Asks for members of one level.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct MembersQuery {
    /// The cube.
    pub cube: String,
    /// The level.
    pub level: Option<LevelRef>,
    /// Only members below this one: a path of fewer keys than the level's own.
    pub parent: Option<MemberPath>,
    /// Only members whose key or caption in any language contains this text, whatever the case.
    pub search: Option<String>,
    /// True lists members too that the source has deleted.
    pub include_deleted: bool,
    /// Which versions of members are listed.
    pub history: History,
    /// The language of captions, as in [`CubeQuery::locale`].
    pub locale: String,
    /// The warehouse version.
    pub version: Option<u64>,
    /// The model hash on which the request was built.
    pub model_hash: Option<String>,
    /// The greatest number of members of one page; 1,000 by default.
    pub page_size: Option<u64>,
    /// Where the page before ended.
    pub page_token: Option<String>,
}

/// Members of one level, ordered as on an axis.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MembersPage {
    /// The warehouse version.
    pub warehouse_version: u64,
    /// The hash of its model.
    pub model_hash: String,
    /// The level by its full name.
    pub level: LevelRef,
    /// The members.
    pub members: Vec<Member>,
    /// Where the next page starts; none on the last page.
    pub next_page_token: Option<String>,
}

/// A member of a level.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Member {
    /// The keys from the top level down.
    pub path: MemberPath,
    /// What people read.
    pub caption: String,
    /// True if every row of the member is deleted at the source.
    pub deleted: bool,
}

/// Goes from a member to the members below it.
#[derive(Debug, Clone, PartialEq)]
pub struct DrillDown {
    /// The query whose answer shows the member.
    pub query: CubeQuery,
    /// The axis on which its level stands; found by the level if left out.
    pub axis: Option<usize>,
    /// The member.
    pub member: MemberRef,
    /// The level to go to in the same hierarchy; the next finer one by default.
    pub to: Option<String>,
}

/// Goes from a level to the one above it; takes away what drilling down added.
#[derive(Debug, Clone, PartialEq)]
pub struct RollUp {
    /// The query.
    pub query: CubeQuery,
    /// The dimension to roll up in.
    pub dimension: String,
    /// The hierarchy, where several stand on the axes.
    pub hierarchy: Option<String>,
}

/// Asks for the fact rows of one cell.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct DetailQuery {
    /// The query whose answer shows the cell.
    pub query: CubeQuery,
    /// The members that name the cell; levels left out are summed over.
    pub cell: Vec<MemberRef>,
    /// The greatest number of rows of one page.
    pub limit: Option<u64>,
    /// Where the page before ended.
    pub page_token: Option<String>,
}

/// The fact rows of one cell.
pub struct DetailResult {
    /// The rows of this page; the columns have the role `Detail`.
    pub page: QueryResult,
    /// The number of rows of the cell, all pages together.
    pub total_rows: u64,
    /// The query's measures over exactly these rows: they equal the cell. Decimals are texts.
    pub totals: Vec<DetailTotal>,
}

/// A measure over all fact rows of a cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DetailTotal {
    /// The measure.
    pub measure: String,
    /// Its type.
    pub data_type: DataType,
    /// Its value; none for null.
    pub value: Option<String>,
    /// How near the value is to the truth.
    #[serde(skip_serializing_if = "Exactness::is_exact")]
    pub exactness: Exactness,
}

/// How a query would be answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The warehouse version.
    pub warehouse_version: u64,
    /// The hash of its model.
    pub model_hash: String,
    /// The query with all names resolved.
    pub resolved: String,
    /// The logical plan, optimised.
    pub logical_plan: String,
    /// The physical plan.
    pub physical_plan: String,
}

/// Answers everything that can be asked about cubes. Cheap to clone.
#[derive(Clone)]
pub struct CubeService {
    source: Arc<dyn StarsSource>,
    engine: Engine,
}

impl CubeService {
    /// A service over a warehouse.
    pub fn new(source: Arc<dyn StarsSource>, engine: Engine) -> Self {
        Self { source, engine }
    }

    /// The engine, for doors that run SQL of their own.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Pins a version, the latest by default; sessions of the engine can read its tables.
    pub async fn pin(&self, version: Option<u64>) -> Result<Arc<dyn Stars>> {
        let stars = match version {
            Some(version) => self.source.at(version).await?,
            None => self.source.latest().await?,
        };
        stars.register(self.engine.runtime());
        Ok(stars)
    }

    /// Lists the cubes that the caller may see.
    pub async fn list_cubes(&self, caller: &Caller, version: Option<u64>) -> Result<CubeList> {
        let stars = self.pin(version).await?;
        let model = stars.model();
        let visible = model
            .cubes
            .iter()
            .filter(|it| caller.policy.may_see_cube(&caller.principal, &it.name));
        Ok(CubeList {
            warehouse_version: stars.version(),
            model_hash: stars.model_hash().to_owned(),
            cubes: visible.map(|cube| CubeSummary::of(model, cube)).collect(),
        })
    }

    /// Describes a cube: dimensions, hierarchies, levels, measures.
    pub async fn describe_cube(
        &self,
        caller: &Caller,
        cube: &str,
        version: Option<u64>,
    ) -> Result<CubeDetail> {
        let stars = self.pin(version).await?;
        let found = find_cube(stars.model(), cube, caller.policy, &caller.principal)?;
        Ok(CubeDetail {
            warehouse_version: stars.version(),
            model_hash: stars.model_hash().to_owned(),
            cube: found.view,
        })
    }

    /// Lists members of a level, page by page.
    pub async fn list_members(
        &self,
        caller: &Caller,
        members: &MembersQuery,
    ) -> Result<MembersPage> {
        Box::pin(Work::start(self, caller).list_members(members)).await
    }

    /// Answers a query.
    pub async fn query(&self, caller: &Caller, query: &CubeQuery) -> Result<QueryResult> {
        Box::pin(Work::start(self, caller).query(query)).await
    }

    /// Drills down: the derived query with its answer.
    pub async fn drill_down(
        &self,
        caller: &Caller,
        drill: &DrillDown,
    ) -> Result<(CubeQuery, QueryResult)> {
        Box::pin(Work::start(self, caller).drill_down(drill)).await
    }

    /// Rolls up: the derived query with its answer.
    pub async fn roll_up(
        &self,
        caller: &Caller,
        roll_up: &RollUp,
    ) -> Result<(CubeQuery, QueryResult)> {
        Box::pin(Work::start(self, caller).roll_up(roll_up)).await
    }

    /// Gives the fact rows of a cell, with measures over them that equal the cell.
    pub async fn drill_through(
        &self,
        caller: &Caller,
        detail: &DetailQuery,
    ) -> Result<DetailResult> {
        Box::pin(Work::start(self, caller).drill_through(detail)).await
    }

    /// Says how a query would be answered, without answering it.
    pub async fn explain(&self, caller: &Caller, query: &CubeQuery) -> Result<Explanation> {
        Box::pin(Work::start(self, caller).explain(query)).await
    }
}
