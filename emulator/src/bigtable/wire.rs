//! Protobuf's wire format, read from borrowed bytes and written without intermediate structs.
//!
//! A bulk write holds about 90 strings a row: decoding it into owned messages costs more than storing it.

/// The bytes are not a well-formed message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed protobuf message")]
pub struct Malformed;

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
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn of(message: &'a [u8]) -> Self {
        Reader { rest: message }
    }

    /// The next field's key; none at the end.
    #[inline]
    pub fn key(&mut self) -> Result<Option<u64>, Malformed> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        take_varint(&mut self.rest).map(Some)
    }

    #[inline]
    pub fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let len = take_varint(&mut self.rest)?;
        take_slice(&mut self.rest, len)
    }

    #[inline]
    pub fn int64(&mut self) -> Result<i64, Malformed> {
        take_varint(&mut self.rest).map(|number| number as i64)
    }

    /// Passes over the value of a field that is of no interest.
    pub fn skip(&mut self, key: u64) -> Result<(), Malformed> {
        match key & 7 {
            0 => self.int64().map(|_| ()),
            1 => take_slice(&mut self.rest, 8).map(|_| ()),
            2 => self.bytes().map(|_| ()),
            5 => take_slice(&mut self.rest, 4).map(|_| ()),
            _ => Err(Malformed),
        }
    }
}

/// Cuts a varint off the front of `bytes`.
#[inline]
pub fn take_varint(bytes: &mut &[u8]) -> Result<u64, Malformed> {
    match bytes.split_first() {
        Some((&byte, rest)) if byte < 0x80 => {
            *bytes = rest;
            Ok(u64::from(byte))
        }
        Some((&low, &[high, ref rest @ ..])) if high < 0x80 => {
            *bytes = rest;
            Ok(u64::from(low & 0x7f) | u64::from(high) << 7)
        }
        _ => take_long_varint(bytes),
    }
}

fn take_long_varint(bytes: &mut &[u8]) -> Result<u64, Malformed> {
    let mut number = 0;
    for (at, &byte) in bytes.iter().take(10).enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * at);
        if byte < 0x80 {
            *bytes = &bytes[at + 1..];
            return Ok(number);
        }
    }
    Err(Malformed)
}

/// Cuts `len` bytes off the front of `bytes`.
#[inline]
pub fn take_slice<'a>(bytes: &mut &'a [u8], len: u64) -> Result<&'a [u8], Malformed> {
    let (head, tail) =
        bytes.split_at_checked(usize::try_from(len).map_err(|_| Malformed)?).ok_or(Malformed)?;
    *bytes = tail;
    Ok(head)
}

#[inline]
pub fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Writes a varint to the begin of `out`, which has room for it, and says how many bytes it takes.
#[inline]
pub fn write_varint(out: &mut [u8], mut number: u64) -> usize {
    let mut len = 0;
    while number >= 0x80 {
        out[len] = number as u8 | 0x80;
        number >>= 7;
        len += 1;
    }
    out[len] = number as u8;
    len + 1
}

/// Appends a number field.
pub fn put_number(out: &mut Vec<u8>, field: u32, number: u64) {
    put_varint(out, u64::from(field << 3));
    put_varint(out, number);
}

/// Appends a bytes, string or message field.
pub fn put_bytes(out: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    put_varint(out, u64::from(field << 3 | 2));
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a `google.protobuf.StringValue` or `BytesValue` field. Present even if empty.
pub fn put_wrapped(out: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    put_varint(out, u64::from(field << 3 | 2));
    if bytes.is_empty() {
        out.push(0);
        return;
    }
    put_varint(out, (1 + varint_len(bytes.len() as u64) + bytes.len()) as u64);
    put_bytes(out, 1, bytes);
}

/// Bytes a varint takes.
pub fn varint_len(number: u64) -> usize {
    (64 - (number | 1).leading_zeros() as usize).div_ceil(7)
}

/// Small numbers of either sign as small unsigned ones.
pub fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

pub fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_varint_comes_back_as_written() {
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            put_varint(&mut out, number);
            assert_eq!(out.len(), varint_len(number));
            let mut array = [0; 10];
            let len = write_varint(&mut array, number);
            assert_eq!(array[..len], out);
            assert_eq!(take_varint(&mut &out[..]), Ok(number));
        }
    }

    #[test]
    fn zigzag_keeps_every_number() {
        for number in [0, -1, 1, i64::MIN, i64::MAX] {
            assert_eq!(unzigzag(zigzag(number)), number);
        }
    }

    #[test]
    fn a_cut_message_is_malformed() {
        let mut out = Vec::new();
        put_bytes(&mut out, 2, b"hello");
        let mut whole = Reader::of(&out);
        assert_eq!(whole.key(), Ok(Some(bytes_key(2))));
        assert_eq!(whole.bytes(), Ok(&b"hello"[..]));
        assert_eq!(whole.key(), Ok(None));
        let mut cut = Reader::of(&out[..4]);
        assert_eq!(cut.key(), Ok(Some(bytes_key(2))));
        assert_eq!(cut.skip(bytes_key(2)), Err(Malformed));
    }
}
