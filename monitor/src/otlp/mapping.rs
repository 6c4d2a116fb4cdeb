//! Our metrics by the names of others.

/// A metric of ours under another name. Several may have the same one: they become points of one metric, and points
/// with equal attributes are added.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// As `/metrics` has it: a counter with `_total`, a histogram without what its samples end in.
    pub ours: &'static str,
    /// A label and its value that our samples must have.
    pub only: Option<(&'static str, &'static str)>,
    pub theirs: &'static str,
    pub description: &'static str,
    pub kind: Kind,
    /// What all points have.
    pub attributes: Vec<(&'static str, String)>,
    /// What becomes of our labels; those that are not named here are summed over.
    pub labels: &'static [(&'static str, Translate)],
}

/// A label's value as their attribute; `None` where it says what theirs says by leaving it out.
pub type Translate = fn(&str) -> Option<(&'static str, String)>;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// With the unit that the convention gives it.
    Counter(&'static str),
    Seconds,
    Millis,
}

impl Kind {
    pub fn unit(self) -> &'static str {
        match self {
            Self::Counter(unit) => unit,
            Self::Seconds => "s",
            Self::Millis => "ms",
        }
    }

    /// Of these in a second, which ours are counted in.
    pub fn per_second(self) -> f64 {
        match self {
            Self::Counter(_) | Self::Seconds => 1.0,
            Self::Millis => 1e3,
        }
    }
}

/// The last part of a resource's name, which may be given in full.
pub fn id(name: &str) -> String {
    name.rsplit('/').next().unwrap_or(name).to_owned()
}
