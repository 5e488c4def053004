//! A gRPC client that knows nothing beforehand, as grpcurl: it asks for the descriptors and speaks JSON.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use futures::TryStreamExt as _;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, ServiceDescriptor};
use prost_types::FileDescriptorProto;
use serde_json::Value;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::{Channel, Endpoint};
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

/// A connection and what reflection told of the server.
pub(crate) struct Dynamic {
    channel: Channel,
}

impl Dynamic {
    pub(crate) async fn connect(url: &str) -> Result<Self> {
        let channel = Endpoint::from_shared(url.to_owned())?.connect().await?;
        Ok(Self { channel })
    }

    pub(crate) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    async fn ask(&self, message: MessageRequest) -> Result<MessageResponse> {
        let request = ServerReflectionRequest {
            message_request: Some(message),
            ..ServerReflectionRequest::default()
        };
        let mut client = ServerReflectionClient::new(self.channel());
        let answers = client
            .server_reflection_info(futures::stream::iter([request]))
            .await?;
        let answer = answers
            .into_inner()
            .try_next()
            .await?
            .context("no answer")?;
        answer.message_response.context("an empty answer")
    }

    /// The names of the services.
    pub(crate) async fn services(&self) -> Result<Vec<String>> {
        match self
            .ask(MessageRequest::ListServices(String::new()))
            .await?
        {
            MessageResponse::ListServicesResponse(list) => Ok(list
                .service
                .into_iter()
                .map(|service| service.name)
                .collect()),
            other => bail!("not a list of services: {other:?}"),
        }
    }

    /// The descriptor of a service, with the files that it needs, each asked by its name.
    pub(crate) async fn describe(&self, service: &str) -> Result<ServiceDescriptor> {
        let mut files: BTreeMap<String, FileDescriptorProto> = BTreeMap::new();
        let mut wanted = vec![MessageRequest::FileContainingSymbol(service.to_owned())];
        while let Some(request) = wanted.pop() {
            let MessageResponse::FileDescriptorResponse(answer) = self.ask(request).await? else {
                bail!("no file descriptors");
            };
            for bytes in answer.file_descriptor_proto {
                let file = FileDescriptorProto::decode(bytes.as_slice())?;
                files.insert(file.name().to_owned(), file);
            }
            let known = |name: &&String| !files.contains_key(*name);
            let missing = files.values().flat_map(|file| &file.dependency).find(known);
            wanted.extend(missing.cloned().map(MessageRequest::FileByFilename));
        }
        let mut pool = DescriptorPool::new();
        pool.add_file_descriptor_protos(files.into_values())?;
        pool.get_service_by_name(service)
            .context("the files do not hold the service")
    }

    /// Calls a method with a JSON request; gives the messages of the answer as JSON.
    pub(crate) async fn call(
        &self,
        service: &ServiceDescriptor,
        method: &str,
        request: Value,
    ) -> Result<Vec<Value>> {
        let method = service
            .methods()
            .find(|known| known.name() == method)
            .context("no such method")?;
        let request = DynamicMessage::deserialize(method.input(), request)?;
        let path = format!("/{}/{}", service.full_name(), method.name());
        let mut grpc = tonic::client::Grpc::new(self.channel());
        grpc.ready().await?;
        let request = tonic::Request::new(futures::stream::iter([request]));
        let answer = grpc.streaming(request, path.parse()?, Json(method)).await?;
        let messages: Vec<DynamicMessage> = answer.into_inner().try_collect().await?;
        messages
            .iter()
            .map(|message| Ok(serde_json::to_value(message)?))
            .collect()
    }
}

/// Encodes and decodes the messages of one method by its descriptor.
struct Json(MethodDescriptor);

impl Codec for Json {
    type Encode = DynamicMessage;
    type Decode = DynamicMessage;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self(self.0.clone())
    }

    fn decoder(&mut self) -> Self {
        Self(self.0.clone())
    }
}

impl Encoder for Json {
    type Item = DynamicMessage;
    type Error = Status;

    fn encode(&mut self, item: DynamicMessage, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(buffer)
            .map_err(|error| Status::internal(error.to_string()))
    }
}

impl Decoder for Json {
    type Item = DynamicMessage;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        let message = DynamicMessage::decode(self.0.output(), buffer);
        message
            .map(Some)
            .map_err(|error| Status::internal(error.to_string()))
    }
}
