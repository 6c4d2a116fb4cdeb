//! gRPC's frame around each message: a byte that says whether it is compressed, the length in four, the message.

/// Bytes before the message.
pub const HEADER_BYTES: usize = 5;

/// The header of a message that is not compressed.
#[inline]
pub const fn header(len: u32) -> [u8; HEADER_BYTES] {
    let [a, b, c, d] = len.to_be_bytes();
    [0, a, b, c, d]
}
