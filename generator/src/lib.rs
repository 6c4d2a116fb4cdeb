//! Payments as a pure function of (seed, configuration, index).
//!
//! [`Generator::payment`] makes any payment of a run alone: no state passes from one to the next, so runs can be
//! sharded, resumed and verified by index. An index goes this way, and each file below knows only those above it:
//!
//! 1. `permutation`: the index becomes an id (a keyed bijection into UUIDs) and a position (a keyed permutation of the
//!    run).
//! 2. `schedule`: the position lies in a flow of a rail, in a land, in an hour, and there on a microsecond of its own
//!    (`lanes`): the order of a segment's positions is that of time, so what came before is counted, not looked for.
//! 3. `anomalies`: some payments become members of injected patterns, if any are asked for.
//! 4. `draft`: whose payment it is (`customers`; by turns, `deal`; by arrangement, `recurrence` and `standing`) and to
//!    whom (`ties`, `counterparties`), how much (`amounts`, `categories`), and what becomes of it (`life`).
//! 5. `rails`: the fields that this rail's messages carry, after the schemes' `rules`.
//! 6. `message`: the parts that all rails share, around the rail's own; with the parties' `addresses`, in cities of
//!    `geography`.
//!
//! [`Live`] makes payments of a run that has no end: there the index is the microsecond itself, `week` takes the place
//! of `schedule`, and a payment is seen in its successive states. [`Scorecard`] compares payments with what was
//! declared.
//!
//! Everything here is pure: no flags, no files, no environment, no clock. Floating point is used with operations that
//! IEEE 754 fixes (`math`), so equal configurations give equal bytes everywhere.

mod activity;
mod addresses;
mod amounts;
mod anomalies;
mod categories;
mod config;
mod counterparties;
mod customers;
mod dates;
mod days;
mod deal;
mod draft;
mod flows;
mod generator;
mod geography;
mod identifiers;
mod intensity;
mod lands;
mod lanes;
mod life;
mod live;
mod math;
mod message;
mod mix;
mod nearest;
mod parties;
mod permutation;
mod profile;
mod rails;
pub mod random;
mod recurrence;
mod rules;
mod schedule;
mod scorecard;
mod standing;
mod text;
mod ties;
mod week;
mod words;
mod world;

pub use config::{Config, ConfigError, GENERATOR_VERSION, MAX_DAYS, MONTHLY_PAYMENTS};
pub use generator::{Buffer, Generator};
pub use live::{Live, LiveConfig, midnight_micros};
pub use mix::{Mix, MixError, Rail};
pub use profile::{BUILT_IN as BUILT_IN_PROFILE, Profile, ProfileError};
pub use scorecard::{Line, Scorecard};
pub use week::Curve;
