use service::Error;
use tonic::{Code, Status};

/// A resource that a call was about, for telling what a refusal means.
#[derive(Clone, Copy, Debug)]
pub struct Resource<'a> {
    pub kind: &'static str,
    pub name: &'a str,
    /// The IAM role that the call needs.
    pub role: &'static str,
}

impl Resource<'_> {
    /// What a status that no retry can mend means for the operator.
    pub fn explain(self, status: &Status) -> Error {
        let (kind, name) = (self.kind, self.name.to_owned());
        let reason = status.message().to_owned();
        match status.code() {
            Code::NotFound => Error::Missing { kind, name },
            Code::PermissionDenied | Code::Unauthenticated => {
                Error::Denied { kind, name, reason, role: self.role }
            }
            code => Error::Refused { kind, name, reason: format!("{code:?}: {reason}") },
        }
    }
}
