//! How a payment is laid out in a file.

use crate::error::Error;
use crate::load::options::Format;
use schemas::json::Renderer;

/// Appends encoded payments to a chunk in a format.
pub enum Encoder {
    /// Only counted.
    None,
    Delimited,
    Json(Renderer),
}

impl Encoder {
    pub fn none() -> Self {
        Self::None
    }

    pub fn new(format: Format) -> Result<Self, Error> {
        Ok(match format {
            Format::Protobuf => Self::Delimited,
            Format::Json => Self::Json(Renderer::new().map_err(|error| Error::Bug(error.to_string()))?),
        })
    }

    pub fn append(&self, payment: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        match self {
            Self::None => {}
            Self::Delimited => {
                prost::encode_length_delimiter(payment.len(), out)
                    .map_err(|error| Error::Bug(error.to_string()))?;
                out.extend_from_slice(payment);
            }
            Self::Json(renderer) => {
                let line = renderer.json_of(payment).map_err(|error| Error::Bug(error.to_string()))?;
                out.extend_from_slice(line.as_bytes());
                out.push(b'\n');
            }
        }
        Ok(())
    }
}
