//! Numbers of variable length: seven bits a byte, the lowest first.

use bytes::BufMut;
use std::fmt;

/// The bytes are not a well-formed message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("malformed protobuf message")
    }
}

impl std::error::Error for Malformed {}

/// The most bytes that a number takes.
pub const MAX_LEN: usize = 10;

/// Cuts a number off the front of `bytes`.
#[inline]
pub fn read(bytes: &mut &[u8]) -> Result<u64, Malformed> {
    match bytes.split_first() {
        Some((&byte, rest)) if byte < 0x80 => {
            *bytes = rest;
            Ok(byte.into())
        }
        _ => read_long(bytes),
    }
}

/// Most lengths take one byte and most times eight: one look at eight bytes instead of a loop over a slice of unknown
/// length.
#[inline]
fn read_long(bytes: &mut &[u8]) -> Result<u64, Malformed> {
    let Some(word) = bytes.first_chunk().map(|word| u64::from_le_bytes(*word)) else {
        return read_any(bytes);
    };
    let ends = !word & 0x8080_8080_8080_8080;
    if ends == 0 {
        return read_any(bytes);
    }
    let bits = ends.trailing_zeros() + 1;
    let word = word & (u64::MAX >> (64 - bits)) & 0x7f7f_7f7f_7f7f_7f7f;
    // Seven bits of each byte, put together in pairs, then fours, then all eight.
    let word = (word & 0x007f_007f_007f_007f) | ((word & 0x7f00_7f00_7f00_7f00) >> 1);
    let word = (word & 0x0000_3fff_0000_3fff) | ((word & 0x3fff_0000_3fff_0000) >> 2);
    let word = (word & 0x0fff_ffff) | ((word & 0x0fff_ffff_0000_0000) >> 4);
    *bytes = &bytes[bits as usize / 8..];
    Ok(word)
}

fn read_any(bytes: &mut &[u8]) -> Result<u64, Malformed> {
    let mut number = 0;
    for (at, &byte) in bytes.iter().take(MAX_LEN).enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * at);
        if byte < 0x80 {
            // Of the tenth byte one bit is left.
            if at == MAX_LEN - 1 && byte > 1 {
                return Err(Malformed);
            }
            *bytes = &bytes[at + 1..];
            return Ok(number);
        }
    }
    Err(Malformed)
}

/// Appends a number.
#[inline]
pub fn put(out: &mut impl BufMut, mut number: u64) {
    while number >= 0x80 {
        out.put_u8(number as u8 | 0x80);
        number >>= 7;
    }
    out.put_u8(number as u8);
}

/// Writes a number to the front of `out`, which has room for it; returns the bytes it takes.
#[inline]
pub fn write(out: &mut [u8], mut number: u64) -> usize {
    let mut len = 0;
    while number >= 0x80 {
        out[len] = number as u8 | 0x80;
        number >>= 7;
        len += 1;
    }
    out[len] = number as u8;
    len + 1
}

/// Bytes that a number takes.
#[inline]
pub const fn len(number: u64) -> usize {
    (64 - (number | 1).leading_zeros() as usize).div_ceil(7)
}

/// Small numbers of either sign as small unsigned ones.
#[inline]
pub const fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

/// What [`zigzag`] was given.
#[inline]
pub const fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use prost::encoding::{decode_varint, encode_varint, encoded_len_varint};

    proptest! {
        #[test]
        fn numbers_are_written_and_read_as_by_prost(number: u64, zeros in 0..64_u32, tail: Vec<u8>) {
            let number = number >> zeros;
            let (mut expected, mut ours, mut array) = (Vec::new(), Vec::new(), [0; MAX_LEN]);
            encode_varint(number, &mut expected);
            put(&mut ours, number);
            prop_assert_eq!(&ours, &expected);
            prop_assert_eq!(len(number), encoded_len_varint(number));
            let written = write(&mut array, number);
            prop_assert_eq!(&array[..written], &expected[..]);
            ours.extend_from_slice(&tail);
            let mut rest = &ours[..];
            prop_assert_eq!(read(&mut rest), Ok(number));
            prop_assert_eq!(rest, &tail[..]);
        }

        #[test]
        fn any_bytes_are_read_as_by_prost(
            bytes in prop::collection::vec(prop_oneof![any::<u8>(), 0x80..=0xff_u8], 0..12)
        ) {
            let (mut ours, mut theirs) = (&bytes[..], &bytes[..]);
            let read = read(&mut ours);
            prop_assert_eq!(read.ok(), decode_varint(&mut theirs).ok());
            if read.is_ok() {
                prop_assert_eq!(ours, theirs);
            }
        }

        #[test]
        fn zigzag_keeps_every_number(number: i64) {
            prop_assert_eq!(unzigzag(zigzag(number)), number);
        }
    }

    #[test]
    fn the_ends_of_each_length_come_back() {
        for bits in 0..=64 {
            let number = u64::MAX.checked_shr(64 - bits).unwrap_or_default();
            let mut out = Vec::new();
            put(&mut out, number);
            assert_eq!((out.len(), read(&mut &out[..])), (len(number), Ok(number)));
        }
    }
}
