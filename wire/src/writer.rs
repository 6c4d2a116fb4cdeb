//! Fields appended to a buffer, for messages that are encoded without structs. Field numbers are below 16, so that a
//! key takes one byte.

use crate::varint;
use bytes::BufMut;

/// The key of a bytes, string or message field.
pub const fn key(field: u8) -> u8 {
    field << 3 | 2
}

/// The key of a number field.
pub const fn number_key(field: u8) -> u8 {
    field << 3
}

/// Bytes that a field takes whose value has `len`.
#[inline]
pub const fn field_len(len: usize) -> usize {
    1 + varint::len(len as u64) + len
}

/// Appends a field's key and length; its `len` bytes of value follow.
#[inline]
pub fn put_head(out: &mut impl BufMut, key: u8, len: usize) {
    out.put_u8(key);
    varint::put(out, len as u64);
}

/// Appends a bytes, string or message field.
#[inline]
pub fn put_field(out: &mut impl BufMut, key: u8, value: &[u8]) {
    put_head(out, key, value.len());
    out.put_slice(value);
}

/// Appends a number field.
#[inline]
pub fn put_number(out: &mut impl BufMut, key: u8, number: u64) {
    out.put_u8(key);
    varint::put(out, number);
}

/// Appends a `google.protobuf.StringValue` or `BytesValue` field. Present even if empty.
#[inline]
pub fn put_wrapped(out: &mut impl BufMut, key: u8, value: &[u8]) {
    if value.is_empty() {
        return put_head(out, key, 0);
    }
    put_head(out, key, field_len(value.len()));
    put_field(out, self::key(1), value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::encoding;

    #[test]
    fn fields_are_written_as_by_prost() {
        for len in [0, 1, 127, 128, 20_000] {
            let value = vec![7_u8; len];
            let (mut ours, mut expected) = (Vec::new(), Vec::new());
            put_field(&mut ours, key(15), &value);
            put_number(&mut ours, number_key(9), len as u64);
            put_wrapped(&mut ours, key(3), &value);
            encoding::bytes::encode(15, &value, &mut expected);
            encoding::uint64::encode(9, &(len as u64), &mut expected);
            encoding::message::encode(3, &value, &mut expected);
            assert_eq!(ours, expected);
            assert_eq!(field_len(len), encoding::bytes::encoded_len(15, &value));
        }
    }
}
