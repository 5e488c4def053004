//! The Flight SQL calls, each in a line or two; the work is in the files beside this one.

use std::pin::Pin;

use arrow_flight::sql::server::{FlightSqlService, PeekableFlightDataStream};
use arrow_flight::sql::{
    ActionClosePreparedStatementRequest, ActionCreatePreparedStatementRequest,
    ActionCreatePreparedStatementResult, CommandGetCatalogs, CommandGetCrossReference,
    CommandGetDbSchemas, CommandGetExportedKeys, CommandGetImportedKeys, CommandGetPrimaryKeys,
    CommandGetSqlInfo, CommandGetTableTypes, CommandGetTables, CommandGetXdbcTypeInfo,
    CommandPreparedStatementQuery, CommandPreparedStatementUpdate, CommandStatementQuery,
    CommandStatementUpdate, DoPutPreparedStatementResult, SqlInfo, TicketStatementQuery,
};
use arrow_flight::{Action, FlightDescriptor, HandshakeRequest, HandshakeResponse, Ticket};
use futures::Stream;
use tonic::{Request, Response, Status, Streaming};

use super::door::{Data, Info, SqlDoor};
use super::ticket::{PinnedStatement, ticket_of};
use super::{answer, bound};
use super::{info as infos, keys, objects};

type HandshakeStream = Pin<Box<dyn Stream<Item = Result<HandshakeResponse, Status>> + Send>>;

fn read_only() -> Status {
    Status::invalid_argument(
        "the warehouse is read-only: updates are refused (only loads change a warehouse)",
    )
}

#[tonic::async_trait]
impl FlightSqlService for SqlDoor {
    type FlightService = Self;

    async fn do_handshake(
        &self,
        _request: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<HandshakeStream>, Status> {
        let token = "anonymous";
        let answer = HandshakeResponse {
            protocol_version: 0,
            payload: token.into(),
        };
        let stream: HandshakeStream = Box::pin(futures::stream::iter([Ok(answer)]));
        let mut response = Response::new(stream);
        let bearer = tonic::metadata::MetadataValue::from_static("Bearer anonymous");
        response.metadata_mut().insert("authorization", bearer);
        Ok(response)
    }

    async fn get_flight_info_statement(
        &self,
        query: CommandStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Info {
        let (statement, schema) = self.pin(query.query).await?;
        let ticket = TicketStatementQuery {
            statement_handle: statement.handle(),
        };
        answer::info(
            &schema,
            statement.version,
            ticket_of(&ticket),
            request.into_inner(),
        )
    }

    async fn do_get_statement(&self, ticket: TicketStatementQuery, _: Request<Ticket>) -> Data {
        self.run(PinnedStatement::of_handle(&ticket.statement_handle)?)
            .await
    }

    async fn do_action_create_prepared_statement(
        &self,
        query: ActionCreatePreparedStatementRequest,
        _request: Request<Action>,
    ) -> Result<ActionCreatePreparedStatementResult, Status> {
        let (statement, prepared) = self.prepare(query.query).await?;
        let schema = answer::stamped(&prepared.schema, statement.version);
        Ok(ActionCreatePreparedStatementResult {
            prepared_statement_handle: statement.handle(),
            dataset_schema: answer::message(&schema)?,
            parameter_schema: answer::message(&prepared.parameters)?,
        })
    }

    async fn do_action_close_prepared_statement(
        &self,
        _query: ActionClosePreparedStatementRequest,
        _request: Request<Action>,
    ) -> Result<(), Status> {
        Ok(())
    }

    async fn get_flight_info_prepared_statement(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Info {
        let statement = PinnedStatement::of_handle(&query.prepared_statement_handle)?;
        let schema = self.schema_of(&statement).await?;
        answer::info(
            &schema,
            statement.version,
            ticket_of(&query),
            request.into_inner(),
        )
    }

    async fn do_get_prepared_statement(
        &self,
        query: CommandPreparedStatementQuery,
        _request: Request<Ticket>,
    ) -> Data {
        self.run(PinnedStatement::of_handle(
            &query.prepared_statement_handle,
        )?)
        .await
    }

    async fn do_put_prepared_statement_query(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<PeekableFlightDataStream>,
    ) -> Result<DoPutPreparedStatementResult, Status> {
        let mut statement = PinnedStatement::of_handle(&query.prepared_statement_handle)?;
        statement.bound = bound::receive(request.into_inner()).await?;
        Ok(DoPutPreparedStatementResult {
            prepared_statement_handle: Some(statement.handle()),
        })
    }

    async fn do_put_statement_update(
        &self,
        _query: CommandStatementUpdate,
        _request: Request<PeekableFlightDataStream>,
    ) -> Result<i64, Status> {
        Err(read_only())
    }

    async fn do_put_prepared_statement_update(
        &self,
        _query: CommandPreparedStatementUpdate,
        _request: Request<PeekableFlightDataStream>,
    ) -> Result<i64, Status> {
        Err(read_only())
    }

    async fn get_flight_info_catalogs(
        &self,
        query: CommandGetCatalogs,
        request: Request<FlightDescriptor>,
    ) -> Info {
        let schema = query.into_builder().schema();
        self.list_info(&query, &schema, request.into_inner()).await
    }

    async fn do_get_catalogs(&self, query: CommandGetCatalogs, _: Request<Ticket>) -> Data {
        answer::batch(objects::catalogs(query)?, self.latest().await?.version())
    }

    async fn get_flight_info_schemas(
        &self,
        query: CommandGetDbSchemas,
        request: Request<FlightDescriptor>,
    ) -> Info {
        let schema = query.clone().into_builder().schema();
        self.list_info(&query, &schema, request.into_inner()).await
    }

    async fn do_get_schemas(&self, query: CommandGetDbSchemas, _: Request<Ticket>) -> Data {
        let stars = self.latest().await?;
        answer::batch(objects::schemas(query, stars.as_ref())?, stars.version())
    }

    async fn get_flight_info_tables(
        &self,
        query: CommandGetTables,
        request: Request<FlightDescriptor>,
    ) -> Info {
        let schema = query.clone().into_builder().schema();
        self.list_info(&query, &schema, request.into_inner()).await
    }

    async fn do_get_tables(&self, query: CommandGetTables, _: Request<Ticket>) -> Data {
        let stars = self.latest().await?;
        answer::batch(objects::tables(query, stars.as_ref())?, stars.version())
    }

    async fn get_flight_info_table_types(
        &self,
        query: CommandGetTableTypes,
        request: Request<FlightDescriptor>,
    ) -> Info {
        let schema = query.into_builder().schema();
        self.list_info(&query, &schema, request.into_inner()).await
    }

    async fn do_get_table_types(&self, query: CommandGetTableTypes, _: Request<Ticket>) -> Data {
        answer::batch(objects::table_types(query)?, self.latest().await?.version())
    }

    async fn get_flight_info_sql_info(
        &self,
        query: CommandGetSqlInfo,
        request: Request<FlightDescriptor>,
    ) -> Info {
        let schema = query.clone().into_builder(infos::sql_info()?).schema();
        self.list_info(&query, &schema, request.into_inner()).await
    }

    async fn do_get_sql_info(&self, query: CommandGetSqlInfo, _: Request<Ticket>) -> Data {
        let batch = objects::built(query.into_builder(infos::sql_info()?).build())?;
        answer::batch(batch, self.latest().await?.version())
    }

    async fn get_flight_info_xdbc_type_info(
        &self,
        query: CommandGetXdbcTypeInfo,
        request: Request<FlightDescriptor>,
    ) -> Info {
        let schema = query.into_builder(infos::types()?).schema();
        self.list_info(&query, &schema, request.into_inner()).await
    }

    async fn do_get_xdbc_type_info(
        &self,
        query: CommandGetXdbcTypeInfo,
        _: Request<Ticket>,
    ) -> Data {
        let batch = objects::built(query.into_builder(infos::types()?).build())?;
        answer::batch(batch, self.latest().await?.version())
    }

    async fn get_flight_info_primary_keys(
        &self,
        query: CommandGetPrimaryKeys,
        request: Request<FlightDescriptor>,
    ) -> Info {
        let stars = self.latest().await?;
        let schema = keys::primary(&query, stars.model())?.schema();
        let ticket = ticket_of(&query);
        answer::info(&schema, stars.version(), ticket, request.into_inner())
    }

    async fn do_get_primary_keys(&self, query: CommandGetPrimaryKeys, _: Request<Ticket>) -> Data {
        let stars = self.latest().await?;
        answer::batch(keys::primary(&query, stars.model())?, stars.version())
    }

    async fn get_flight_info_imported_keys(
        &self,
        query: CommandGetImportedKeys,
        request: Request<FlightDescriptor>,
    ) -> Info {
        let stars = self.latest().await?;
        let schema = keys::imported(&query, stars.model())?.schema();
        let ticket = ticket_of(&query);
        answer::info(&schema, stars.version(), ticket, request.into_inner())
    }

    async fn do_get_imported_keys(
        &self,
        query: CommandGetImportedKeys,
        _: Request<Ticket>,
    ) -> Data {
        let stars = self.latest().await?;
        answer::batch(keys::imported(&query, stars.model())?, stars.version())
    }

    async fn get_flight_info_exported_keys(
        &self,
        query: CommandGetExportedKeys,
        request: Request<FlightDescriptor>,
    ) -> Info {
        let stars = self.latest().await?;
        let schema = keys::exported(&query, stars.model())?.schema();
        let ticket = ticket_of(&query);
        answer::info(&schema, stars.version(), ticket, request.into_inner())
    }

    async fn do_get_exported_keys(
        &self,
        query: CommandGetExportedKeys,
        _: Request<Ticket>,
    ) -> Data {
        let stars = self.latest().await?;
        answer::batch(keys::exported(&query, stars.model())?, stars.version())
    }

    async fn get_flight_info_cross_reference(
        &self,
        query: CommandGetCrossReference,
        request: Request<FlightDescriptor>,
    ) -> Info {
        let stars = self.latest().await?;
        let schema = keys::cross(&query, stars.model())?.schema();
        let ticket = ticket_of(&query);
        answer::info(&schema, stars.version(), ticket, request.into_inner())
    }

    async fn do_get_cross_reference(
        &self,
        query: CommandGetCrossReference,
        _: Request<Ticket>,
    ) -> Data {
        let stars = self.latest().await?;
        answer::batch(keys::cross(&query, stars.model())?, stars.version())
    }

    async fn register_sql_info(&self, _id: i32, _result: &SqlInfo) {}
}
