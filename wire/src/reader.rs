//! Fields read from borrowed bytes.
//!
//! A bulk write of the embedded Bigtable holds about 90 strings a row: decoding them into owned messages costs more
//! than storing them.

use crate::varint::{self, Malformed};

/// Key of a length-delimited field: bytes, a string or a message.
pub const fn bytes_key(field: u32) -> u64 {
    (field as u64) << 3 | 2
}

/// Key of a number.
pub const fn number_key(field: u32) -> u64 {
    (field as u64) << 3
}

/// Reads a message field by field: the key, then what the key says, by [`Reader::bytes`], [`Reader::int64`] or
/// [`Reader::skip`].
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    #[inline]
    pub const fn of(message: &'a [u8]) -> Self {
        Reader { rest: message }
    }

    /// The next field's key; none at the end.
    #[inline]
    pub fn key(&mut self) -> Result<Option<u64>, Malformed> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        varint::read(&mut self.rest).map(Some)
    }

    #[inline]
    pub fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        bytes(&mut self.rest)
    }

    #[inline]
    pub fn int64(&mut self) -> Result<i64, Malformed> {
        varint::read(&mut self.rest).map(|number| number as i64)
    }

    /// Passes over the value of a field that is of no interest.
    pub fn skip(&mut self, key: u64) -> Result<(), Malformed> {
        skip(&mut self.rest, key)
    }

    /// Bytes not read yet.
    #[inline]
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }
}

/// Cuts `len` bytes off the front of `rest`.
#[inline]
pub fn take<'a>(rest: &mut &'a [u8], len: u64) -> Result<&'a [u8], Malformed> {
    let len = usize::try_from(len).map_err(|_| Malformed)?;
    let (head, tail) = rest.split_at_checked(len).ok_or(Malformed)?;
    *rest = tail;
    Ok(head)
}

/// Cuts the value of a length-delimited field off the front of `rest`.
#[inline]
pub fn bytes<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Malformed> {
    let len = varint::read(rest)?;
    take(rest, len)
}

/// Cuts the value of a field with this key off the front of `rest`.
pub fn skip(rest: &mut &[u8], key: u64) -> Result<(), Malformed> {
    match key & 7 {
        0 => varint::read(rest).map(|_| ()),
        1 => take(rest, 8).map(|_| ()),
        2 => bytes(rest).map(|_| ()),
        5 => take(rest, 4).map(|_| ()),
        // Groups are no part of proto3.
        _ => Err(Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::{key, put_field};

    #[test]
    fn a_cut_message_is_malformed() {
        let mut out = Vec::new();
        put_field(&mut out, key(2), b"hello");
        let mut whole = Reader::of(&out);
        assert_eq!(whole.key(), Ok(Some(bytes_key(2))));
        assert_eq!(whole.bytes(), Ok(&b"hello"[..]));
        assert_eq!(whole.key(), Ok(None));
        let mut cut = Reader::of(&out[..4]);
        assert_eq!(cut.key(), Ok(Some(bytes_key(2))));
        assert_eq!(cut.skip(bytes_key(2)), Err(Malformed));
    }
}
