//! The work of one call: pin, resolve, look members up, plan, run; all within one deadline.

mod drills;
mod members;
mod totals;

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::displayable;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;
use uuid::Uuid;

use self::totals::{detail_totals, named, total_rows};
use crate::error::{OlapError, QueryFaults, Result};
use crate::exec::{Engine, Run};
use crate::paging::{PageToken, Paging};
use crate::plan::{
    CubeOf, Page, Planner, ResolvedQuery, find_cube, members_of, plan_answer, plan_detail,
    plan_member_list, resolve, resolve_cell, resolve_member_list,
};
use crate::query::CubeQuery;
use crate::result::{QueryResult, ResultColumn, ResultHeader};
use crate::service::{
    Caller, CubeService, DetailQuery, DetailResult, Explanation, MembersPage, MembersQuery,
};
use crate::stars::Stars;

/// Members of one page where the request does not say.
const MEMBERS_OF_PAGE: u64 = 1_000;

/// One call.
pub(crate) struct Work<'s> {
    service: &'s CubeService,
    caller: &'s Caller,
    run: Run,
}

/// A resolved query on its pinned version, ready to be planned.
struct Resolved<'s> {
    query: ResolvedQuery,
    planner: Planner<'s>,
    session: SessionContext,
}

impl<'s> Work<'s> {
    /// Starts a call: its time runs from now.
    pub(crate) fn start(service: &'s CubeService, caller: &'s Caller) -> Self {
        let query_id = Uuid::now_v7().to_string();
        let run = service
            .engine()
            .start(query_id)
            .cancelled_by(caller.cancel.clone());
        Self {
            service,
            caller,
            run,
        }
    }

    fn engine(&self) -> &Engine {
        self.service.engine()
    }

    async fn pin(&self, version: Option<u64>) -> Result<Arc<dyn Stars>> {
        self.run.within(self.service.pin(version)).await?
    }

    fn cube<'m>(&self, stars: &'m dyn Stars, name: &str) -> Result<CubeOf<'m>> {
        find_cube(
            stars.model(),
            name,
            self.caller.policy,
            &self.caller.principal,
        )
    }

    /// Answers a query.
    pub(crate) async fn query(self, query: &CubeQuery) -> Result<QueryResult> {
        let request = request_text(&CubeQuery {
            page_token: None,
            ..query.clone()
        })?;
        let token = PageToken::read(query.page_token.as_deref(), &request)?;
        let stars = self
            .pin(query.version.or(token.map(|token| token.version)))
            .await?;
        self.answer(stars.as_ref(), query, token, request).await
    }

    /// Answers a query from a pinned version; `request` is its text without a page token.
    async fn answer(
        self,
        stars: &dyn Stars,
        query: &CubeQuery,
        token: Option<PageToken>,
        request: String,
    ) -> Result<QueryResult> {
        let resolved = self.resolve(stars, query).await?;
        let paging = Paging::of(token, query.limit, request, stars.version());
        let (plan, columns) = plan_answer(&resolved.planner, &resolved.query, paging.page())?;
        tracing::info!(
            query_id = self.run.query_id(),
            cube = query.cube,
            principal = self.caller.principal.name,
            warehouse_version = stars.version(),
            "query planned"
        );
        let rows = self
            .engine()
            .run(&self.run, &resolved.session, plan)
            .await?;
        let (rows, next_page_token) = paging.cut(rows).await?;
        let header = self.header(stars, &query.locale, columns, next_page_token);
        Ok(QueryResult { header, rows })
    }

    fn header(
        &self,
        stars: &dyn Stars,
        locale: &str,
        columns: Vec<ResultColumn>,
        next_page_token: Option<String>,
    ) -> ResultHeader {
        ResultHeader {
            query_id: self.run.query_id().to_owned(),
            warehouse_version: stars.version(),
            model_hash: stars.model_hash().to_owned(),
            locale: if locale.is_empty() {
                "en".to_owned()
            } else {
                locale.to_owned()
            },
            columns,
            next_page_token,
        }
    }

    /// Resolves a query and makes sure that the members that it names exist.
    async fn resolve<'q>(&self, stars: &'q dyn Stars, query: &CubeQuery) -> Result<Resolved<'q>> {
        check_model(stars, query.model_hash.as_deref())?;
        let cube = self.cube(stars, &query.cube)?;
        let resolved = resolve(&cube, query)?;
        let session = self.engine().session();
        let planner = Planner {
            stars,
            state: session.state(),
        };
        let resolved = Resolved {
            query: resolved,
            planner,
            session,
        };
        self.check_members(&resolved, &resolved.query.filters)
            .await?;
        Ok(resolved)
    }

    /// All rows of a small plan.
    async fn rows(&self, session: &SessionContext, plan: LogicalPlan) -> Result<Vec<RecordBatch>> {
        self.engine()
            .run(&self.run, session, plan)
            .await?
            .try_collect()
            .await
    }

    /// Lists members.
    pub(crate) async fn list_members(self, asked: &MembersQuery) -> Result<MembersPage> {
        let request = request_text(&MembersQuery {
            page_token: None,
            ..asked.clone()
        })?;
        let token = PageToken::read(asked.page_token.as_deref(), &request)?;
        let stars = self
            .pin(asked.version.or(token.map(|token| token.version)))
            .await?;
        check_model(stars.as_ref(), asked.model_hash.as_deref())?;
        let cube = self.cube(stars.as_ref(), &asked.cube)?;
        let list = resolve_member_list(&cube, asked)?;
        let session = self.engine().session();
        let planner = Planner {
            stars: stars.as_ref(),
            state: session.state(),
        };
        let size = asked.page_size.unwrap_or(MEMBERS_OF_PAGE);
        let paging = Paging::of(token, Some(size), request, stars.version());
        let plan = plan_member_list(&planner, &list, paging.page())?;
        let rows = self.engine().run(&self.run, &session, plan).await?;
        let (rows, next_page_token) = paging.cut(rows).await?;
        let batches: Vec<RecordBatch> = rows.try_collect().await?;
        Ok(MembersPage {
            warehouse_version: stars.version(),
            model_hash: stars.model_hash().to_owned(),
            level: list.level.name.clone(),
            members: members_of(&list, &batches)?,
            next_page_token,
        })
    }

    /// Gives the fact rows of a cell.
    pub(crate) async fn drill_through(self, detail: &DetailQuery) -> Result<DetailResult> {
        let request = request_text(&DetailQuery {
            page_token: None,
            ..detail.clone()
        })?;
        let token = PageToken::read(detail.page_token.as_deref(), &request)?;
        let query = &detail.query;
        let stars = self
            .pin(query.version.or(token.map(|token| token.version)))
            .await?;
        let mut resolved = self.resolve(stars.as_ref(), query).await?;
        let cube = self.cube(stars.as_ref(), &query.cube)?;
        let cell = resolve_cell(&cube, &detail.cell)?;
        self.check_members(&resolved, &cell).await?;
        resolved.query.cell = cell;
        let (cube, names) = self.detailed(stars.as_ref(), cube, &mut resolved)?;
        let paging = Paging::of(token, detail.limit, request, stars.version());
        let plan = plan_detail(&resolved.planner, cube.cube, &resolved.query, paging.page())?;
        let totals = self.rows(&resolved.session, plan.totals).await?;
        let rows = self
            .engine()
            .run(&self.run, &resolved.session, plan.rows)
            .await?;
        let (rows, next_page_token) = paging.cut(rows).await?;
        let header = self.header(stars.as_ref(), &query.locale, plan.columns, next_page_token);
        Ok(DetailResult {
            page: QueryResult { header, rows },
            total_rows: total_rows(&totals)?,
            totals: named(detail_totals(&resolved.query, &totals)?, &names),
        })
    }

    /// The cube whose fact rows are given: of one across others that to which all measures belong. The names of its measures in the
    /// question come with it.
    fn detailed<'m>(
        &self,
        stars: &'m dyn Stars,
        cube: CubeOf<'m>,
        resolved: &mut Resolved<'_>,
    ) -> Result<(CubeOf<'m>, Vec<(String, String)>)> {
        match resolved.query.across.as_slice() {
            [] => Ok((cube, Vec::new())),
            [part] => {
                let names = part.taken.clone();
                let own = self.cube(stars, &part.cube)?;
                let asked = resolved.query.measures.asked.iter();
                let asked: Vec<&str> = asked.map(String::as_str).collect();
                // not those that rank and order alone
                let shown = ResolvedQuery {
                    measures: resolved.query.measures.only_these(&asked),
                    ..resolved.query.clone()
                };
                let measures = part.query(&shown)?.measures;
                resolved.query = ResolvedQuery {
                    measures,
                    ..part.query(&resolved.query)?
                };
                Ok((own, names))
            }
            parts => {
                let cubes: Vec<&str> = parts.iter().map(|part| part.cube.as_str()).collect();
                let message = format!("the measures are of fact rows of {}", cubes.join(" and "));
                let mut faults = QueryFaults::default();
                let hint = "ask for the rows behind measures of one of them";
                faults.invalid("measures", message, Some(hint.into()));
                faults.or((cube, Vec::new()))
            }
        }
    }

    /// Explains a query.
    pub(crate) async fn explain(self, query: &CubeQuery) -> Result<Explanation> {
        let stars = self.pin(query.version).await?;
        let resolved = self.resolve(stars.as_ref(), query).await?;
        let (plan, _) = plan_answer(&resolved.planner, &resolved.query, Page::default())?;
        let state = resolved.session.state();
        let logical = state.optimize(&plan).map_err(Planner::failed)?;
        let physical = self.run.within(state.create_physical_plan(&plan)).await?;
        let physical = physical.map_err(Planner::failed)?;
        Ok(Explanation {
            warehouse_version: stars.version(),
            model_hash: stars.model_hash().to_owned(),
            resolved: resolved.query.to_string(),
            logical_plan: logical.display_indent().to_string(),
            physical_plan: displayable(physical.as_ref()).indent(true).to_string(),
        })
    }
}

fn check_model(stars: &dyn Stars, asked: Option<&str>) -> Result<()> {
    match asked {
        Some(asked) if !asked.is_empty() && asked != stars.model_hash() => {
            Err(OlapError::ModelChanged {
                version: stars.version(),
                actual: stars.model_hash().to_owned(),
                asked: asked.to_owned(),
            })
        }
        _ => Ok(()),
    }
}

/// A request as text, to which page tokens belong.
fn request_text(request: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(request).map_err(|error| OlapError::Internal {
        reason: error.to_string(),
    })
}
