//! gRPC messages out of a connection's pieces. Pure.

use crate::endpoint::MAX_MESSAGE_BYTES;
use bytes::{Buf, Bytes, BytesMut};
use tonic::Status;
use wire::frames::HEADER_BYTES;

/// Cuts messages from pieces. One that lies in a piece as a whole is not copied.
#[derive(Debug, Default)]
pub struct Frames {
    piece: Bytes,
    /// The begin of a frame that goes on in the next piece.
    begun: BytesMut,
}

impl Frames {
    /// Takes the next piece. Call when there is no message left in the last one.
    pub fn push(&mut self, piece: Bytes) {
        self.piece = piece;
    }

    /// The next message that is there as a whole.
    pub fn next_message(&mut self) -> Result<Option<Bytes>, Status> {
        if !self.begun.is_empty() {
            return self.complete();
        }
        let Some(end) = frame_len(&self.piece)?.filter(|end| *end <= self.piece.len()) else {
            self.begun.extend_from_slice(&std::mem::take(&mut self.piece));
            return Ok(None);
        };
        let mut frame = self.piece.split_to(end);
        frame.advance(HEADER_BYTES);
        Ok(Some(frame))
    }

    /// Whether the begin of a message is there.
    pub fn is_cut(&self) -> bool {
        !self.begun.is_empty()
    }

    fn complete(&mut self) -> Result<Option<Bytes>, Status> {
        self.take_up_to(HEADER_BYTES);
        let Some(end) = frame_len(&self.begun)? else { return Ok(None) };
        self.take_up_to(end);
        if self.begun.len() < end {
            return Ok(None);
        }
        let mut frame = std::mem::take(&mut self.begun).freeze();
        frame.advance(HEADER_BYTES);
        Ok(Some(frame))
    }

    fn take_up_to(&mut self, len: usize) {
        let missing = len.saturating_sub(self.begun.len());
        self.begun.reserve(missing);
        let more = self.piece.split_to(missing.min(self.piece.len()));
        self.begun.extend_from_slice(&more);
    }
}

/// Bytes of the frame that begins here, header and all; none while the header is not there.
fn frame_len(bytes: &[u8]) -> Result<Option<usize>, Status> {
    let Some(&[compressed, a, b, c, d]) = bytes.first_chunk() else { return Ok(None) };
    if compressed != 0 {
        return Err(Status::internal("the answer is compressed, which was not asked for"));
    }
    let len = u32::from_be_bytes([a, b, c, d]) as usize;
    if len > MAX_MESSAGE_BYTES {
        return Err(Status::out_of_range(format!(
            "a message of {len} bytes is larger than {MAX_MESSAGE_BYTES}"
        )));
    }
    Ok(Some(HEADER_BYTES + len))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn messages_come_as_they_were_sent_however_they_are_cut(
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..6),
            cuts in prop::collection::vec(1..12_usize, 1..9),
        ) {
            let mut sent = BytesMut::new();
            for message in &messages {
                sent.extend_from_slice(&[0, 0, 0, 0, message.len() as u8]);
                sent.extend_from_slice(message);
            }
            let (mut sent, mut frames, mut read) = (sent.freeze(), Frames::default(), Vec::new());
            for cut in cuts.into_iter().cycle() {
                frames.push(sent.split_to(cut.min(sent.len())));
                while let Some(message) = frames.next_message().unwrap() {
                    read.push(message.to_vec());
                }
                if sent.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(read, messages);
            prop_assert!(!frames.is_cut());
        }
    }

    #[test]
    fn what_was_not_agreed_is_refused() {
        for header in [[1, 0, 0, 0, 1], [0, 0xff, 0, 0, 0]] {
            let mut frames = Frames::default();
            frames.push(Bytes::copy_from_slice(&header));
            assert!(frames.next_message().is_err());
        }
    }

    #[test]
    fn a_begun_message_is_known_as_such() {
        let mut frames = Frames::default();
        frames.push(Bytes::from_static(&[0, 0, 0]));
        assert_eq!(frames.next_message().unwrap(), None);
        assert!(frames.is_cut());
    }
}
