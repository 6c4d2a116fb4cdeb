//! A payment as the relations look at it: read once, with texts as numbers so that nothing is kept of them.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use schemas::Payment;
use schemas::payment::{Metadata, Party, PaymentHeader, PaymentStatus, ProcessingInfo, TypeSpecific};
use schemas::text::minor_digits;

use crate::dates::{Banking, Zone, day_of};
use crate::mix::Rail;
use crate::random::hash;

pub const MINUTE: i64 = 60_000_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;
/// Days in a month, 365.25 / 12.
pub const MONTH_DAYS: f64 = 30.4375;

pub struct View<'a> {
    pub rail: Rail,
    pub header: &'a PaymentHeader,
    pub ours: &'a Party,
    pub theirs: &'a Party,
    pub info: &'a ProcessingInfo,
    pub metadata: &'a Metadata,
    pub specific: &'a TypeSpecific,
    pub micros: i64,
    pub status: PaymentStatus,
    /// In the currency's major unit.
    pub major: f64,
    pub currency: &'a str,
    pub minor_units: i64,
    /// The payee ordered it: the counterparty pays.
    pub is_debit: bool,
    /// Not a member of an injected pattern.
    pub is_honest: bool,
}

impl<'a> View<'a> {
    /// `None` where a part of the message is missing.
    pub fn of(payment: &'a Payment) -> Option<Self> {
        let header = payment.payment_header.as_ref()?;
        let amount = payment.amount.as_ref()?;
        let parties = payment.parties.as_ref()?;
        let metadata = payment.metadata.as_ref()?;
        let specific = payment.type_specific.as_ref()?;
        let is_debit = match specific {
            TypeSpecific::Ach(ach) => ach.direction == "DEBIT",
            TypeSpecific::Sepa(sepa) => sepa.scheme.starts_with("SDD"),
            _ => false,
        };
        Some(Self {
            rail: Rail::ALL.into_iter().find(|rail| rail.payment_type() == header.payment_type())?,
            header,
            ours: parties.originator.as_ref()?,
            theirs: parties.counterparty.as_ref()?,
            info: payment.processing_info.as_ref()?,
            metadata,
            specific,
            micros: header.created_at_micros,
            status: header.status(),
            major: amount.minor_units as f64 / 10_f64.powi(minor_digits(&amount.currency) as i32),
            currency: &amount.currency,
            minor_units: amount.minor_units,
            is_debit,
            is_honest: metadata.anomaly_type.is_empty(),
        })
    }
}

/// A text as a number; two of a million texts share one with a chance of 1 in 40 million.
pub fn key(text: &str) -> u64 {
    text.as_bytes().chunks(8).fold(text.len() as u64, |state, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        hash(state, u64::from_le_bytes(word))
    })
}

/// For keys that nobody chooses to collide: some times as fast as the standard's.
#[derive(Default)]
pub struct Mixed(u64);

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = hash(self.0, value);
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(value.into());
    }

    fn write_i32(&mut self, value: i32) {
        self.write_u64(value as u64);
    }
}

pub type Map<K, V> = HashMap<K, V, BuildHasherDefault<Mixed>>;
pub type Set<K> = HashSet<K, BuildHasherDefault<Mixed>>;

/// Counts texts from 0 in the order in which they are met.
#[derive(Default)]
pub struct Ids(Map<u64, u32>);

impl Ids {
    pub fn number(&mut self, text: &str) -> u32 {
        let next = self.0.len() as u32;
        *self.0.entry(key(text)).or_insert(next)
    }
}

/// The day on a zone's clock.
pub fn local_day(micros: i64, zone: Zone) -> i32 {
    let hour = micros.div_euclid(HOUR);
    (hour + zone.offset_hours(hour)).div_euclid(24) as i32
}

/// The day of `YYYY-MM-DD`; `None` for anything else.
pub fn parse_day(text: &str) -> Option<i32> {
    let mut parts = text.splitn(3, '-').map(str::parse);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    Some(day_of(year, month as u32, day as u32))
}

/// Banking days after `day` up to `later`.
pub fn banking_days(banking: Banking, day: i32, later: i32) -> usize {
    (day + 1..=later).filter(|day| banking.is_open(*day)).count()
}

/// The runs of equal keys in what is sorted by key.
pub fn groups<T, K: PartialEq>(sorted: &[T], key: impl Fn(&T) -> K) -> impl Iterator<Item = &[T]> {
    sorted.chunk_by(move |a, b| key(a) == key(b))
}

/// The middle value; 0 of none.
pub fn median(mut values: Vec<f64>) -> f64 {
    let middle = values.len() / 2;
    if values.is_empty() {
        return 0.0;
    }
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// The mean; 0 of none.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / (values.len() as f64).max(1.0)
}
