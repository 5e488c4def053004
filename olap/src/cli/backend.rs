//! Whom a command asks: a server, or the warehouse itself. Both give the same answers.

use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::TryStreamExt;
use planisphere_proto::v1 as wire;
use planisphere_schemas::settings::Settings;
use planisphere_schemas::warehouse::Warehouse;

use super::args::From;
use super::error::CliError;
use crate::exec::{Engine, Limits};
use crate::flight::SqlClient;
use crate::grpc::{self, CubeClient, connect, new_query_id};
use crate::published::PublishedStars;
use crate::query::{CubeQuery, Drill, MemberKey};
use crate::result::ResultHeader;
use crate::service::{
    Caller, CubeService, DetailQuery, DetailTotal, DrillDown, MembersQuery, RollUp,
};
use crate::sql::SqlSession;

/// Whom a command asks.
pub(super) enum Backend {
    /// The warehouse, in this process.
    Local(Box<CubeService>),
    /// A server.
    Remote {
        /// Its cubes.
        cubes: Box<CubeClient>,
        /// Its tables.
        sql: Box<SqlClient>,
    },
}

/// A page of members, by what they are called.
pub(super) struct Captions {
    /// Key paths and captions.
    pub(super) members: Vec<(Vec<MemberKey>, String)>,
    /// Where the next page starts.
    pub(super) next: Option<String>,
}

/// A whole answer of a cube.
pub(super) struct CubeAnswer {
    pub(super) header: ResultHeader,
    pub(super) batches: Vec<RecordBatch>,
    /// Of a drill-through: the number of rows of the cell, and the measures over them.
    pub(super) detail: Option<(u64, Vec<DetailTotal>)>,
}

/// The rows of a statement.
pub(super) struct SqlRows {
    pub(super) warehouse_version: u64,
    pub(super) schema: SchemaRef,
    pub(super) batches: Vec<RecordBatch>,
}

/// A service over the warehouse of a settings file; nothing is opened yet.
pub(crate) fn open_service(config: &Path) -> Result<(Settings, Warehouse, CubeService), CliError> {
    let settings = Settings::load(config)?;
    let warehouse = Warehouse::connect(&settings.warehouse.url)?;
    let engine = Engine::new(Limits::from(&settings.olap))?;
    let service = CubeService::new(Arc::new(PublishedStars::new(warehouse.clone())), engine);
    Ok((settings, warehouse, service))
}

impl Backend {
    /// Connects to the server, or opens the settings.
    pub(super) async fn open(from: &From) -> Result<Self, CliError> {
        let Some(server) = &from.server else {
            let (_, _, service) = open_service(&from.config)?;
            return Ok(Self::Local(Box::new(service)));
        };
        let channel = connect(server).await?;
        let cubes = Box::new(CubeClient::new(channel.clone()));
        Ok(Self::Remote {
            cubes,
            sql: Box::new(SqlClient::new(channel)),
        })
    }

    pub(super) async fn cubes(
        &mut self,
        version: Option<u64>,
    ) -> Result<wire::ListCubesResponse, CliError> {
        match self {
            Self::Remote { cubes, .. } => Ok(cubes.list_cubes(version).await?),
            Self::Local(service) => {
                let list = service.list_cubes(&Caller::default(), version).await?;
                Ok(grpc::cubes_to_wire(&list))
            }
        }
    }

    pub(super) async fn describe(
        &mut self,
        cube: &str,
        version: Option<u64>,
    ) -> Result<wire::DescribeCubeResponse, CliError> {
        match self {
            Self::Remote { cubes, .. } => Ok(cubes.describe_cube(cube, version).await?),
            Self::Local(service) => {
                let detail = service
                    .describe_cube(&Caller::default(), cube, version)
                    .await?;
                Ok(grpc::detail_to_wire(&detail))
            }
        }
    }

    pub(super) async fn members(
        &mut self,
        members: &MembersQuery,
    ) -> Result<wire::ListMembersResponse, CliError> {
        match self {
            Self::Remote { cubes, .. } => Ok(cubes.list_members(members).await?),
            Self::Local(service) => {
                let page = service.list_members(&Caller::default(), members).await?;
                Ok(grpc::members_to_wire(&page))
            }
        }
    }

    /// What members are called: a page of key paths with captions, and where the next one starts.
    pub(super) async fn captions(&mut self, members: &MembersQuery) -> Result<Captions, CliError> {
        let page = self.members(members).await?;
        let called = page.members.into_iter().map(|member| {
            let path = member.member.as_ref().and_then(grpc::path_of_wire);
            (path.unwrap_or_default().0, member.caption)
        });
        Ok(Captions {
            members: called.collect(),
            next: Some(page.next_page_token).filter(|token| !token.is_empty()),
        })
    }

    /// Answers a query, or what a drill makes of it.
    pub(super) async fn ask(
        &mut self,
        query: CubeQuery,
        drill: Option<Drill>,
    ) -> Result<CubeAnswer, CliError> {
        match drill {
            None => self.query(&query).await,
            Some(Drill::Down { member, to }) => {
                self.drill_down(&DrillDown {
                    query,
                    axis: None,
                    member,
                    to,
                })
                .await
            }
            Some(Drill::Up {
                dimension,
                hierarchy,
            }) => {
                self.roll_up(&RollUp {
                    query,
                    dimension,
                    hierarchy,
                })
                .await
            }
            Some(Drill::Through { cell }) => {
                let (limit, page_token) = (query.limit, query.page_token.clone());
                let query = CubeQuery {
                    limit: None,
                    page_token: None,
                    ..query
                };
                self.drill_through(&DetailQuery {
                    query,
                    cell,
                    limit,
                    page_token,
                })
                .await
            }
        }
    }

    async fn query(&mut self, query: &CubeQuery) -> Result<CubeAnswer, CliError> {
        match self {
            Self::Remote { cubes, .. } => Ok(plain(cubes.query(query).await?)),
            Self::Local(service) => {
                let (header, batches) = service
                    .query(&Caller::default(), query)
                    .await?
                    .collect()
                    .await?;
                Ok(CubeAnswer {
                    header,
                    batches,
                    detail: None,
                })
            }
        }
    }

    async fn drill_down(&mut self, drill: &DrillDown) -> Result<CubeAnswer, CliError> {
        match self {
            Self::Remote { cubes, .. } => Ok(plain(cubes.drill_down(drill).await?)),
            Self::Local(service) => {
                let (_, answer) = service.drill_down(&Caller::default(), drill).await?;
                let (header, batches) = answer.collect().await?;
                Ok(CubeAnswer {
                    header,
                    batches,
                    detail: None,
                })
            }
        }
    }

    async fn roll_up(&mut self, roll_up: &RollUp) -> Result<CubeAnswer, CliError> {
        match self {
            Self::Remote { cubes, .. } => Ok(plain(cubes.roll_up(roll_up).await?)),
            Self::Local(service) => {
                let (_, answer) = service.roll_up(&Caller::default(), roll_up).await?;
                let (header, batches) = answer.collect().await?;
                Ok(CubeAnswer {
                    header,
                    batches,
                    detail: None,
                })
            }
        }
    }

    async fn drill_through(&mut self, detail: &DetailQuery) -> Result<CubeAnswer, CliError> {
        match self {
            Self::Remote { cubes, .. } => {
                let answer = cubes.drill_through(detail).await?;
                let detail = Some((answer.total_rows, answer.totals));
                Ok(CubeAnswer {
                    header: answer.header,
                    batches: answer.batches,
                    detail,
                })
            }
            Self::Local(service) => {
                let found = service.drill_through(&Caller::default(), detail).await?;
                let detail = Some((found.total_rows, found.totals));
                let (header, batches) = found.page.collect().await?;
                Ok(CubeAnswer {
                    header,
                    batches,
                    detail,
                })
            }
        }
    }

    /// The plans of a query, by stage.
    pub(super) async fn explain(
        &mut self,
        query: &CubeQuery,
    ) -> Result<Vec<(String, String)>, CliError> {
        match self {
            Self::Remote { cubes, .. } => {
                let stages = cubes.explain(query).await?.stages.into_iter();
                Ok(stages.map(|stage| (stage.name, stage.text)).collect())
            }
            Self::Local(service) => {
                let plan = service.explain(&Caller::default(), query).await?;
                Ok(vec![
                    ("resolved query".into(), plan.resolved),
                    ("logical plan".into(), plan.logical_plan),
                    ("physical plan".into(), plan.physical_plan),
                ])
            }
        }
    }

    /// Runs one statement.
    pub(super) async fn sql(
        &mut self,
        sql: &str,
        version: Option<u64>,
    ) -> Result<SqlRows, CliError> {
        match self {
            Self::Remote { sql: client, .. } => {
                let rows = client.run(sql).await?;
                Ok(SqlRows {
                    warehouse_version: rows.warehouse_version,
                    schema: rows.schema,
                    batches: rows.batches,
                })
            }
            Self::Local(service) => {
                let session = SqlSession::open(service.engine(), service.pin(version).await?)?;
                let run = service.engine().start(new_query_id());
                let answer = session.run(&run, sql).await?;
                Ok(SqlRows {
                    warehouse_version: answer.warehouse_version,
                    schema: answer.schema,
                    batches: answer.batches.try_collect().await?,
                })
            }
        }
    }
}

fn plain(answer: grpc::RemoteAnswer) -> CubeAnswer {
    CubeAnswer {
        header: answer.header,
        batches: answer.batches,
        detail: None,
    }
}
