use crate::reader::Reader;
use crate::varint::Malformed;
use std::ops::Range;

/// One field of a message: its number, its payload if it is length-delimited, and where it lies, key included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    pub number: u32,
    pub payload: Option<&'a [u8]>,
    pub span: Range<usize>,
}

/// Walks over the fields of an encoded message; ends behind the first that is malformed.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    len: usize,
    reader: Reader<'a>,
}

impl<'a> Fields<'a> {
    pub const fn of(message: &'a [u8]) -> Self {
        Self { len: message.len(), reader: Reader::of(message) }
    }

    fn at(&self) -> usize {
        self.len - self.reader.remaining()
    }

    fn field(&mut self) -> Result<Option<Field<'a>>, Malformed> {
        let start = self.at();
        let Some(key) = self.reader.key()? else { return Ok(None) };
        let number = u32::try_from(key >> 3).map_err(|_| Malformed)?;
        let payload =
            if key & 7 == 2 { Some(self.reader.bytes()?) } else { self.reader.skip(key).map(|()| None)? };
        Ok(Some(Field { number, payload, span: start..self.at() }))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let field = self.field().transpose();
        if matches!(field, Some(Err(_))) {
            *self = Self::of(&[]);
        }
        field
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::{key, number_key, put_field, put_number};

    #[test]
    fn fields_come_with_their_spans() {
        let mut message = Vec::new();
        put_field(&mut message, key(1), b"ab");
        put_number(&mut message, number_key(3), 300);
        let fields: Result<Vec<_>, _> = Fields::of(&message).collect();
        let expected = [
            Field { number: 1, payload: Some(&b"ab"[..]), span: 0..4 },
            Field { number: 3, payload: None, span: 4..7 },
        ];
        assert_eq!(fields.unwrap(), expected);
    }

    #[test]
    fn what_is_malformed_ends_the_walk() {
        for first in 0..=255_u8 {
            let message = [first, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
            let fields: Vec<_> = Fields::of(&message).collect();
            assert!(fields.len() < 12 && fields.last().is_some_and(Result::is_err), "{first}");
        }
    }
}
