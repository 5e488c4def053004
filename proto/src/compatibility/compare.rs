//! What a newer descriptor set breaks of an older one. Additions break nothing.

use prost_types::FileDescriptorSet;

use super::surface::surface;

/// Every removed, renumbered or retyped element of `old`, in words.
pub(crate) fn breaks(old: &FileDescriptorSet, new: &FileDescriptorSet) -> Vec<String> {
    let new = surface(new);
    surface(old)
        .into_iter()
        .filter_map(|(name, was)| match new.get(&name) {
            None => Some(format!("{name} was removed or renamed")),
            Some(now) if *now != was => Some(format!("{name} changed from [{was}] to [{now}]")),
            Some(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use prost_types::field_descriptor_proto::{Label, Type};
    use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};

    use super::super::current;
    use super::*;

    /// Changes this tree and expects exactly one break that says `expected`.
    fn check(expected: &str, change: impl FnOnce(&mut FileDescriptorSet)) {
        let mut changed = current();
        change(&mut changed);
        let found = breaks(&current(), &changed);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(expected), "{found:?}");
    }

    fn message<'a>(files: &'a mut FileDescriptorSet, name: &str) -> &'a mut DescriptorProto {
        files
            .file
            .iter_mut()
            .flat_map(|file| &mut file.message_type)
            .find(|m| m.name() == name)
            .unwrap()
    }

    fn field<'a>(
        files: &'a mut FileDescriptorSet,
        of: &str,
        name: &str,
    ) -> &'a mut FieldDescriptorProto {
        message(files, of)
            .field
            .iter_mut()
            .find(|field| field.name() == name)
            .unwrap()
    }

    fn file_of_service(files: &mut FileDescriptorSet) -> &mut FileDescriptorProto {
        files
            .file
            .iter_mut()
            .find(|file| !file.service.is_empty())
            .unwrap()
    }

    #[test]
    fn notices_fields() {
        check("CubeQuery.limit was removed", |files| {
            message(files, "CubeQuery")
                .field
                .retain(|field| field.name() != "limit");
        });
        check("CubeQuery.limit was removed", |files| {
            field(files, "CubeQuery", "limit").name = Some("row_limit".into());
        });
        check("CubeQuery.limit changed from [number 8", |files| {
            field(files, "CubeQuery", "limit").number = Some(50);
        });
        check("CubeQuery.limit changed", |files| {
            field(files, "CubeQuery", "limit").set_type(Type::Sint64);
        });
        check("CubeQuery.limit changed", |files| {
            field(files, "CubeQuery", "limit").set_label(Label::Repeated);
        });
        check("CubeQuery.axes changed", |files| {
            field(files, "CubeQuery", "axes").type_name =
                Some(".planisphere.olap.v1.Filter".into());
        });
        check("MemberKey.text changed", |files| {
            field(files, "MemberKey", "text").oneof_index = None;
        });
    }

    #[test]
    fn notices_enum_values() {
        check("CellState.CELL_STATE_NULL was removed", |files| {
            let kinds = files.file.iter_mut().flat_map(|file| &mut file.enum_type);
            kinds.for_each(|kind| kind.value.retain(|value| value.name() != "CELL_STATE_NULL"));
        });
        check(
            "CellState.CELL_STATE_NULL changed from [number 3] to [number 9]",
            |files| {
                let kinds = files.file.iter_mut().flat_map(|file| &mut file.enum_type);
                let mut values = kinds.flat_map(|kind| &mut kind.value);
                values
                    .find(|value| value.name() == "CELL_STATE_NULL")
                    .unwrap()
                    .number = Some(9);
            },
        );
    }

    #[test]
    fn notices_methods() {
        check("OlapService.Explain was removed", |files| {
            file_of_service(files).service[0]
                .method
                .retain(|method| method.name() != "Explain");
        });
        check("OlapService.Query changed", |files| {
            let methods = &mut file_of_service(files).service[0].method;
            let query = methods
                .iter_mut()
                .find(|method| method.name() == "Query")
                .unwrap();
            query.server_streaming = Some(false);
        });
    }

    #[test]
    fn allows_additions() {
        let mut added = current();
        let new = FieldDescriptorProto {
            name: Some("new".into()),
            number: Some(99),
            ..FieldDescriptorProto::default()
        };
        message(&mut added, "CubeQuery").field.push(new);
        assert_eq!(breaks(&current(), &added), Vec::<String>::new());
        assert!(!breaks(&added, &current()).is_empty());
    }
}
