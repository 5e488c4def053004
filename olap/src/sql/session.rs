//! Plans and runs statements on one pinned version, under the engine's limits.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::{ScalarValue, TableReference};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::functions_aggregate::{median::median_udaf, sum::sum_udaf};
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::{SQLOptions, SessionContext};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{ObjectName, Spanned, visit_relations};
use futures::stream::{BoxStream, StreamExt};
use planisphere_schemas::checked::{CheckOperators, widened};

use super::catalog::{self, TableName, sql_tables};
use super::instants::{CompareMicroseconds, ReadMicroseconds};
use super::{faults, parameters, statement};
use crate::error::{OlapError, QueryFaults, Result};
use crate::exec::{Engine, Run};
use crate::stars::Stars;

/// SQL on one version. Two sessions share nothing but the engine's memory.
pub struct SqlSession {
    engine: Engine,
    session: SessionContext,
    stars: Arc<dyn Stars>,
    tables: Vec<TableName>,
}

/// The rows of a statement as they come.
pub struct SqlAnswer {
    /// The id under which the query is logged.
    pub query_id: String,
    /// The version that it is computed on.
    pub warehouse_version: u64,
    /// The schema of every batch.
    pub schema: SchemaRef,
    /// The rows; the stream ends after the first error, and dropping it ends the work.
    pub batches: BoxStream<'static, Result<RecordBatch>>,
}

/// A statement that was understood but not run.
pub struct Prepared {
    /// The schema of its answer; while parameters have no values, types that depend on them may change.
    pub schema: SchemaRef,
    /// Its parameters `$1`, `$2`, … with the types that their places ask for; null where any will do.
    pub parameters: Schema,
}

impl SqlSession {
    /// A session over a version.
    pub fn open(engine: &Engine, stars: Arc<dyn Stars>) -> Result<Self> {
        let session = sql_session(engine);
        catalog::register(&session, stars.as_ref())
            .map_err(|source| OlapError::engine("opening a SQL session", source))?;
        let tables = sql_tables(stars.as_ref());
        Ok(Self {
            engine: engine.clone(),
            session,
            stars,
            tables,
        })
    }

    /// The version.
    pub fn warehouse_version(&self) -> u64 {
        self.stars.version()
    }

    /// What a statement gives and asks for, without running it or any values of its parameters.
    pub async fn prepare(&self, run: &Run, sql: &str) -> Result<Prepared> {
        let plan = self.plan(run, sql).await?;
        let parameters = parameters::parameters(&plan)?;
        let schema = match parameters.fields().is_empty() {
            true => self.schema_of(run, &plan).await?,
            false => plan.schema().inner().clone(),
        };
        Ok(Prepared { schema, parameters })
    }

    /// The schema of a statement's answer, without running it: exactly that of its batches.
    pub async fn schema(&self, run: &Run, sql: &str, values: &[ScalarValue]) -> Result<SchemaRef> {
        let plan = parameters::with_values(self.plan(run, sql).await?, values)?;
        self.schema_of(run, &plan).await
    }

    async fn schema_of(&self, run: &Run, plan: &LogicalPlan) -> Result<SchemaRef> {
        let state = self.session.state();
        let physical = run.within(state.create_physical_plan(plan)).await?;
        let physical = physical.map_err(|error| faults::running(run.error("planning", error)))?;
        Ok(physical.schema())
    }

    /// Runs one statement.
    pub async fn run(&self, run: &Run, sql: &str) -> Result<SqlAnswer> {
        self.run_with(run, sql, &[]).await
    }

    /// Runs one statement with a value for each of its parameters.
    pub async fn run_with(
        &self,
        run: &Run,
        sql: &str,
        values: &[ScalarValue],
    ) -> Result<SqlAnswer> {
        let plan = parameters::with_values(self.plan(run, sql).await?, values)?;
        let rows = Box::pin(self.engine.run(run, &self.session, plan)).await;
        let rows = rows.map_err(faults::running)?;
        Ok(SqlAnswer {
            query_id: run.query_id().to_owned(),
            warehouse_version: self.stars.version(),
            schema: rows.schema(),
            batches: rows.map(|batch| batch.map_err(faults::running)).boxed(),
        })
    }

    async fn plan(&self, run: &Run, sql: &str) -> Result<LogicalPlan> {
        let statement = statement::parse(sql)?;
        self.check_tables(&statement)?;
        let state = self.session.state();
        let plan = run.within(state.statement_to_plan(statement)).await?;
        let plan = plan.map_err(|error| faults::planning(&error))?;
        let reading = SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false);
        match reading.verify_plan(&plan) {
            Ok(()) => Ok(plan),
            Err(_) => Err(faults::read_only("this statement")),
        }
    }

    /// Reports every unknown table at once, with its place.
    fn check_tables(&self, statement: &Statement) -> Result<()> {
        let mut unknown = QueryFaults::default();
        let state = self.session.state();
        let references = state.resolve_table_references(statement);
        for reference in references.map_err(|error| faults::planning(&error))? {
            let is_function = state.table_functions().contains_key(reference.table());
            if !is_function && !catalog::is_known(&self.tables, &reference) {
                let known: Vec<String> = self.tables.iter().map(ToString::to_string).collect();
                let known = known.iter().map(String::as_str);
                unknown.unknown(
                    place_of(statement, &reference),
                    "table",
                    &reference.to_string(),
                    known,
                );
            }
        }
        unknown.or(())
    }
}

/// The engine's session with places in errors, with instants that reach from year 1 to 9999, and with numbers
/// that do not wrap.
fn sql_session(engine: &Engine) -> SessionContext {
    let mut state = engine.session().state();
    state.config_mut().options_mut().sql_parser.collect_spans = true;
    let mut state =
        SessionStateBuilder::new_from_existing(state).with_type_planner(Arc::new(ReadMicroseconds));
    // first, since a later rule makes the types of comparisons equal
    let analyzer = state.analyzer().get_or_insert_default();
    analyzer.rules.insert(0, Arc::new(CompareMicroseconds));
    // last, since it asks for the types of both sides
    analyzer.rules.push(Arc::new(CheckOperators));
    let session = SessionContext::new_with_state(state.build());
    session.register_udaf(widened(sum_udaf()));
    session.register_udaf(widened(median_udaf()));
    session
}

/// Where a table is named first.
fn place_of(statement: &Statement, reference: &TableReference) -> String {
    let Statement::Statement(ast) = statement else {
        return "sql".into();
    };
    let found = visit_relations(ast.as_ref(), |name: &ObjectName| {
        match names(name, reference) {
            true => ControlFlow::Break(name.span().start),
            false => ControlFlow::Continue(()),
        }
    });
    match found {
        ControlFlow::Break(at) if at.line > 0 => format!("line {}, column {}", at.line, at.column),
        _ => "sql".into(),
    }
}

fn names(name: &ObjectName, reference: &TableReference) -> bool {
    name.0.last().is_some_and(|part| {
        part.as_ident()
            .is_some_and(|ident| ident.value.eq_ignore_ascii_case(reference.table()))
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::time::{Duration, Instant};

    use arrow::array::{Int64Array, StringArray};
    use arrow::datatypes::{DataType, Field, Schema};
    use datafusion::catalog::TableProvider;
    use datafusion::datasource::MemTable;
    use futures::TryStreamExt;
    use planisphere_schemas::ErrorKind;
    use planisphere_schemas::model::Model;

    use super::*;
    use crate::exec::Limits;
    use crate::stars::MemoryStars;

    fn table() -> Arc<dyn TableProvider> {
        let schema = Arc::new(Schema::new(vec![
            Field::new("product_key", DataType::Int64, false),
            Field::new("category", DataType::Utf8, true),
        ]));
        let keys = Int64Array::from_iter_values(1..=3);
        let names = StringArray::from(vec!["a", "b", "b"]);
        let batch = RecordBatch::try_new(schema.clone(), vec![Arc::new(keys), Arc::new(names)]);
        Arc::new(MemTable::try_new(schema, vec![vec![batch.unwrap()]]).unwrap())
    }

    fn session(limits: Limits) -> SqlSession {
        let model: Model = serde_json::from_value(serde_json::json!({
            "name": "m", "caption": {"en": "m", "zh": "m"}, "time_zone": "UTC",
            "sources": [], "dimensions": [], "stars": [], "cubes": []
        }))
        .unwrap();
        let tables = ["dim_product", "audit_load"].map(|name| (name.to_owned(), table()));
        let stars = Arc::new(MemoryStars::new(7, model, tables));
        SqlSession::open(&Engine::new(limits).unwrap(), stars).unwrap()
    }

    async fn rows(session: &SqlSession, sql: &str) -> Result<usize> {
        let run = session.engine.start("q");
        let answer = session.run(&run, sql).await?;
        assert_eq!(answer.warehouse_version, 7);
        let batches: Vec<RecordBatch> = answer.batches.try_collect().await?;
        Ok(batches.iter().map(RecordBatch::num_rows).sum())
    }

    /// On one thread: were the join to work there, nobody would look at the clock before it ends.
    #[tokio::test]
    async fn a_join_that_finds_nothing_keeps_its_deadline() {
        let limits = Limits {
            deadline: std::time::Duration::from_millis(500),
            ..Limits::default()
        };
        let many: Vec<String> = (0..9).map(|at| format!("dim_product t{at}")).collect();
        let sql = format!(
            "with t as (select t0.product_key k from {}) \
             select count(*) from t x, t y, t z where x.k + y.k + z.k = -1",
            many.join(", ")
        );
        let started = std::time::Instant::now();
        let error = rows(&session(limits), &sql).await.unwrap_err();
        assert!(matches!(error, OlapError::Deadline { .. }), "{error}");
        assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
    }

    #[tokio::test]
    async fn asks_all_schemas() {
        let session = session(Limits::default());
        for (sql, expected) in [
            ("select * from dim_product where category = 'b'", 2),
            ("select * from star.dim_product", 3),
            ("select * from planisphere.audit.audit_load", 3),
            ("show tables", 10),
            ("describe dim_product", 2),
            ("with t as (select 1) select * from t", 1),
        ] {
            let found = rows(&session, sql).await.unwrap();
            assert!(
                found == expected || sql == "show tables" && found > 2,
                "{sql}: {found}"
            );
        }
    }

    #[tokio::test]
    async fn faults_name_the_place_and_the_nearest_name() {
        let session = session(Limits::default());
        for (sql, kind, parts) in [
            (
                "select *\nfrom dim_prodct p, audit.audit_lod",
                ErrorKind::NotFound,
                vec![
                    "line 2, column 6: unknown table 'dim_prodct' (did you mean 'dim_product'?)",
                    "audit.audit_load",
                ],
            ),
            (
                "select categry from dim_product",
                ErrorKind::NotFound,
                vec!["line 1, column 8: unknown column 'categry' (did you mean 'category'?)"],
            ),
            ("select nope(1)", ErrorKind::Invalid, vec!["nope"]),
            (
                "select * from other.star.dim_product",
                ErrorKind::NotFound,
                vec!["other.star"],
            ),
            (
                "select cast(category as int) from dim_product",
                ErrorKind::Invalid,
                vec!["'a'"],
            ),
            (
                "select 1 / (product_key - 1) from dim_product",
                ErrorKind::Invalid,
                vec!["divide by zero"],
            ),
        ] {
            let error = rows(&session, sql).await.unwrap_err();
            assert_eq!(error.kind(), kind, "{sql}: {error:?}");
            parts
                .iter()
                .for_each(|part| assert!(error.to_string().contains(part), "{sql}: {error}"));
        }
    }

    #[tokio::test]
    async fn limits_hold() {
        let few = session(Limits {
            rows: 2,
            ..Limits::default()
        });
        let error = rows(&few, "select * from dim_product").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ResourceExhausted);
        let short = Limits {
            deadline: Duration::from_millis(50),
            ..Limits::default()
        };
        for long in [
            "select count(*) from generate_series(1, 100000) a, generate_series(1, 100000) b \
             where a.value % 7 = b.value % 5",
            "select sum(a.value * b.value % 7) from generate_series(1, 100000) a cross join generate_series(1, 100000) b",
            "select count(*) from generate_series(1, 100000) a join generate_series(1, 100000) b on a.value < b.value",
        ] {
            let started = Instant::now();
            let error = rows(&session(short), long).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ResourceExhausted, "{error}");
            assert!(
                started.elapsed() < Duration::from_secs(5),
                "{long}: {:?}",
                started.elapsed()
            );
        }
    }
}
