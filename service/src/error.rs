/// Something outside the program that keeps it from working.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no project: pass --project or set GOOGLE_CLOUD_PROJECT (an emulator needs none)")]
    NoProject,
    #[error("{flag} {value:?} {problem}")]
    Flag { flag: &'static str, value: String, problem: String },
    /// Flags that are well-formed but do not make sense together; the text names them.
    #[error("{0}")]
    Config(String),
    #[error("cannot reach {service} at {address}: {reason}; {advice}")]
    Unreachable { service: &'static str, address: String, reason: String, advice: String },
    /// The service answers, but not with what it was asked for, and has been asked for as long as was allowed.
    #[error(
        "{service} at {address} cannot serve now: {reason}; start again later, or pass a longer --connect-timeout"
    )]
    Busy { service: &'static str, address: String, reason: String },
    /// The operator asked for the end before work had begun; nothing is left undone.
    #[error("stopped before work began")]
    Stopped,
    #[error(
        "no usable Google credentials: {reason}; run `gcloud auth application-default login`, set \
         GOOGLE_APPLICATION_CREDENTIALS, or set {variable} to use an emulator"
    )]
    Credentials { reason: String, variable: &'static str },
    #[error("{kind} {name} does not exist; `payments setup` creates it")]
    Missing { kind: &'static str, name: String },
    #[error("{kind} {name}: {reason}; grant the caller {role} there, then start again")]
    Denied { kind: &'static str, name: String, reason: String, role: &'static str },
    #[error("{kind} {name}: {reason}")]
    Refused { kind: &'static str, name: String, reason: String },
}

impl Error {
    /// Whether it may be gone at the next start though nobody mends anything.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Busy { .. })
    }
}
