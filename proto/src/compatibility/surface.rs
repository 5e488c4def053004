//! The surface of a descriptor set as a map from each element's name to what clients rely on.

use std::collections::BTreeMap;

use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet,
    ServiceDescriptorProto,
};

/// Full name of an element -> what must not change about it.
pub(crate) type Surface = BTreeMap<String, String>;

/// Lists messages, fields, enums, enum values, services and methods.
pub(crate) fn surface(files: &FileDescriptorSet) -> Surface {
    let mut surface = Surface::new();
    for file in &files.file {
        let package = file.package();
        file.message_type
            .iter()
            .for_each(|message| add_message(&mut surface, package, message));
        file.enum_type
            .iter()
            .for_each(|kind| add_enum(&mut surface, package, kind));
        file.service
            .iter()
            .for_each(|service| add_service(&mut surface, package, service));
    }
    surface
}

fn add_message(surface: &mut Surface, scope: &str, message: &DescriptorProto) {
    let name = format!("{scope}.{}", message.name());
    surface.insert(format!("message {name}"), String::new());
    for field in &message.field {
        surface.insert(
            format!("field {name}.{}", field.name()),
            field_contract(message, field),
        );
    }
    message
        .nested_type
        .iter()
        .for_each(|nested| add_message(surface, &name, nested));
    message
        .enum_type
        .iter()
        .for_each(|kind| add_enum(surface, &name, kind));
}

fn field_contract(message: &DescriptorProto, field: &FieldDescriptorProto) -> String {
    let oneof = field
        .oneof_index
        .and_then(|index| message.oneof_decl.get(usize::try_from(index).ok()?));
    format!(
        "number {}, {:?} {:?} {}, oneof '{}'",
        field.number(),
        field.label(),
        field.r#type(),
        field.type_name(),
        oneof.map(|oneof| oneof.name()).unwrap_or_default(),
    )
}

fn add_enum(surface: &mut Surface, scope: &str, kind: &EnumDescriptorProto) {
    let name = format!("{scope}.{}", kind.name());
    surface.insert(format!("enum {name}"), String::new());
    for value in &kind.value {
        surface.insert(
            format!("value {name}.{}", value.name()),
            format!("number {}", value.number()),
        );
    }
}

fn add_service(surface: &mut Surface, scope: &str, service: &ServiceDescriptorProto) {
    let name = format!("{scope}.{}", service.name());
    surface.insert(format!("service {name}"), String::new());
    for method in &service.method {
        let contract = format!(
            "{} (stream {}) -> {} (stream {})",
            method.input_type(),
            method.client_streaming(),
            method.output_type(),
            method.server_streaming(),
        );
        surface.insert(format!("method {name}.{}", method.name()), contract);
    }
}
