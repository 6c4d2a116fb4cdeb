//! A message schema: its compiled revisions, which accept messages or not. Pure.

use crate::proto::pubsub;
use crate::pubsub::checks::unsupported;
use crate::pubsub::store::records::SchemaRecord;
use prost_reflect::{DynamicMessage, FieldDescriptor, MessageDescriptor};
use protox::file::{File, FileResolver};
use std::collections::BTreeMap;
use tonic::Status;

/// The file name that errors of the compiler show.
const FILE: &str = "schema.proto";
/// The service keeps this many revisions of a schema.
const MAX_REVISIONS: usize = 20;
/// The service's limit on a definition.
const MAX_BYTES: usize = 300_000;

/// A schema with its revisions, oldest first; there is always one.
#[derive(Clone, Debug)]
pub struct Schema {
    revisions: Vec<Revision>,
}

#[derive(Clone, Debug)]
struct Revision {
    schema: pubsub::Schema,
    message: MessageDescriptor,
}

impl Schema {
    pub fn new(first: pubsub::Schema) -> Result<Self, Status> {
        let message = compile(&first)?;
        Ok(Self { revisions: vec![Revision { schema: first, message }] })
    }

    /// As it was stored; definitions were checked when they came in. `None` without revisions.
    pub fn from_record(record: SchemaRecord) -> Result<Option<Self>, Status> {
        let revisions = record.revisions.into_iter().map(|schema| {
            let message = compile(&schema)?;
            Ok(Revision { schema, message })
        });
        let revisions = revisions.collect::<Result<Vec<_>, Status>>()?;
        Ok((!revisions.is_empty()).then_some(Self { revisions }))
    }

    pub fn record(&self) -> SchemaRecord {
        SchemaRecord { revisions: self.revisions.iter().map(|revision| revision.schema.clone()).collect() }
    }

    /// The newest revision.
    pub fn latest(&self) -> &pubsub::Schema {
        &self.revisions[self.revisions.len() - 1].schema
    }

    /// Newest first.
    pub fn revisions(&self) -> impl Iterator<Item = &pubsub::Schema> {
        self.revisions.iter().rev().map(|revision| &revision.schema)
    }

    /// This schema with one more revision, which may only add or remove optional fields.
    pub fn with(&self, next: pubsub::Schema) -> Result<Self, Status> {
        if self.revisions.len() >= MAX_REVISIONS {
            return Err(Status::failed_precondition(format!(
                "the schema has {MAX_REVISIONS} revisions, which is the limit"
            )));
        }
        let message = compile(&next)?;
        require_compatible(&self.revisions[self.revisions.len() - 1].message, &message)?;
        let mut revisions = self.revisions.clone();
        revisions.push(Revision { schema: next, message });
        Ok(Self { revisions })
    }

    /// Whether a message in binary encoding fits a revision from `first` to `last`; empty ids leave that end open.
    pub fn accepts(&self, data: &[u8], first: &str, last: &str) -> bool {
        let at = |id: &str| self.revisions.iter().position(|revision| revision.schema.revision_id == id);
        let start = at(first).unwrap_or(0);
        let end = at(last).unwrap_or(self.revisions.len() - 1);
        let allowed = self.revisions.get(start..=end).unwrap_or_default();
        allowed.iter().rev().any(|revision| decodes(&revision.message, data))
    }
}

fn decodes(message: &MessageDescriptor, data: &[u8]) -> bool {
    DynamicMessage::decode(message.clone(), data).is_ok()
}

/// Whether a message fits a schema that is not registered.
pub fn accepts(schema: &pubsub::Schema, data: &[u8]) -> Result<bool, Status> {
    Ok(decodes(&compile(schema)?, data))
}

/// Checks a definition by the service's rules: protobuf, one top-level message, no imports.
pub fn compile(schema: &pubsub::Schema) -> Result<MessageDescriptor, Status> {
    let invalid = |problem: String| Status::invalid_argument(format!("Invalid schema definition: {problem}"));
    if schema.r#type() != pubsub::schema::Type::ProtocolBuffer {
        return Err(unsupported("schemas other than PROTOCOL_BUFFER"));
    }
    if schema.definition.len() > MAX_BYTES {
        return Err(invalid(format!("it has more than {MAX_BYTES} bytes")));
    }
    let mut compiler = protox::Compiler::with_file_resolver(OneFile(schema.definition.clone()));
    compiler.open_file(FILE).map_err(|error| invalid(error.to_string()))?;
    let file = compiler.descriptor_pool().get_file_by_name(FILE);
    let mut messages = file.iter().flat_map(prost_reflect::FileDescriptor::messages);
    match (messages.next(), messages.next()) {
        (Some(message), None) => Ok(message),
        _ => Err(invalid("it must have exactly one top-level message".to_owned())),
    }
}

struct OneFile(String);

impl FileResolver for OneFile {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        if name == FILE { File::from_source(name, &self.0) } else { Err(protox::Error::file_not_found(name)) }
    }
}

/// Fields that both have must be the same; required ones must be in both.
fn require_compatible(old: &MessageDescriptor, new: &MessageDescriptor) -> Result<(), Status> {
    let (before, after) = (all_fields(old), all_fields(new));
    for name in before.keys().chain(after.keys().filter(|name| !before.contains_key(*name))) {
        let compatible = match (before.get(name), after.get(name)) {
            (Some(old), Some(new)) => old.kind() == new.kind() || kind_name(old) == kind_name(new),
            (Some(only), None) | (None, Some(only)) => !only.is_required(),
            (None, None) => true,
        } && before
            .get(name)
            .zip(after.get(name))
            .is_none_or(|(old, new)| old.name() == new.name() && old.cardinality() == new.cardinality());
        if !compatible {
            return Err(Status::invalid_argument(format!(
                "the new revision changes field {} of {}; only optional fields may be added or removed",
                name.1, name.0
            )));
        }
    }
    Ok(())
}

/// A field's type by name, since descriptors of two pools are never equal.
fn kind_name(field: &FieldDescriptor) -> String {
    match field.kind() {
        prost_reflect::Kind::Message(message) => message.full_name().to_owned(),
        prost_reflect::Kind::Enum(kind) => kind.full_name().to_owned(),
        kind => format!("{kind:?}"),
    }
}

/// The fields of a message and of all messages inside it, by message and number.
fn all_fields(message: &MessageDescriptor) -> BTreeMap<(String, u32), FieldDescriptor> {
    let own = message.fields().map(|field| ((message.full_name().to_owned(), field.number()), field));
    own.chain(message.child_messages().flat_map(|child| all_fields(&child))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proto(definition: &str) -> pubsub::Schema {
        let r#type = pubsub::schema::Type::ProtocolBuffer.into();
        pubsub::Schema { r#type, definition: definition.to_owned(), ..Default::default() }
    }

    const FIRST: &str =
        "syntax = \"proto3\"; message M { string a = 1; message N { int64 n = 1; } N b = 2; }";

    #[test]
    fn a_definition_has_one_top_level_message_and_no_imports() {
        assert!(compile(&proto(FIRST)).is_ok());
        for wrong in [
            "",
            "message",
            "syntax = \"proto3\"; message A {} message B {}",
            "syntax = \"proto3\"; import \"google/protobuf/timestamp.proto\"; message A {}",
        ] {
            assert_eq!(compile(&proto(wrong)).unwrap_err().code(), tonic::Code::InvalidArgument, "{wrong}");
        }
    }

    #[test]
    fn a_revision_may_add_and_remove_fields_but_not_change_them() {
        let schema = Schema::new(proto(FIRST)).unwrap();
        let added = "syntax = \"proto3\"; message M { string a = 1; message N { int64 n = 1; } N b = 2; bool c = 3; }";
        assert_eq!(schema.with(proto(added)).unwrap().revisions().count(), 2);
        for wrong in [
            "syntax = \"proto3\"; message M { int32 a = 1; message N { int64 n = 1; } N b = 2; }",
            "syntax = \"proto3\"; message M { string z = 1; message N { int64 n = 1; } N b = 2; }",
            "syntax = \"proto3\"; message M { repeated string a = 1; message N { int64 n = 1; } N b = 2; }",
            "syntax = \"proto3\"; message M { string a = 1; message N { string n = 1; } N b = 2; }",
        ] {
            assert!(schema.with(proto(wrong)).is_err(), "{wrong}");
        }
    }
}
