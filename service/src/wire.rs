//! Length-delimited protobuf fields, for messages that are encoded without structs. Field numbers are below 16.

use bytes::BufMut;
use prost::encoding::{encode_varint, encoded_len_varint};

/// The key of a bytes, string or message field.
pub const fn key(field: u8) -> u8 {
    field << 3 | 2
}

/// Bytes that a field takes whose value has `len`.
pub fn field_len(len: usize) -> usize {
    1 + encoded_len_varint(len as u64) + len
}

/// Appends a field's key and length; its `len` bytes of value follow.
pub fn put_head(out: &mut impl BufMut, key: u8, len: usize) {
    out.put_u8(key);
    encode_varint(len as u64, out);
}

/// Appends a field.
pub fn put_field(out: &mut impl BufMut, key: u8, value: &[u8]) {
    put_head(out, key, value.len());
    out.put_slice(value);
}
