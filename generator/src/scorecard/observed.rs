//! Payments as a sample shows them.

use std::collections::HashMap;

use schemas::Payment;
use schemas::payment::PaymentStatus;
use schemas::text::minor_digits;

use super::checks::Checks;
use super::relations::Relations;
use crate::counterparties::currency_of;
use crate::dates::weekday;
use crate::generator::{Buffer, Generator};
use crate::mix::Rail;

const MICROS_A_DAY: i64 = 86_400_000_000;

/// A rail's part of the sample.
#[derive(Default)]
pub struct Seen {
    pub payments: u64,
    pub weekend: u64,
    /// Those past the state PENDING, and of them those that failed, were rejected or cancelled.
    pub decided: u64,
    pub lost: u64,
    /// Those in the currency of the originator's country.
    pub at_home: u64,
    /// Amounts at home in major units, sorted, by currency.
    amounts: HashMap<String, Vec<f64>>,
}

impl Seen {
    pub fn amounts(&self, currency: &str) -> &[f64] {
        self.amounts.get(currency).map_or(&[], Vec::as_slice)
    }
}

#[derive(Default)]
pub struct Observed {
    pub rails: [Seen; 7],
    pub shared_times: u64,
    pub injected: u64,
    pub checks: Checks,
    pub relations: Relations,
    customers: Vec<u64>,
}

impl Observed {
    pub fn of(generator: &Generator, payments: u64) -> Self {
        let customers = generator.config().num_customers;
        let mut observed = Self { customers: vec![0; customers as usize], ..Self::default() };
        let mut times = Vec::with_capacity(payments as usize);
        let mut buffer = Buffer::default();
        for index in 0..payments {
            let payment = generator.fill(index, &mut buffer);
            observed.look(payment);
            observed.relations.look(payment);
            times.push(payment.payment_header.as_ref().map_or(0, |header| header.created_at_micros));
        }
        times.sort_unstable();
        observed.shared_times = times.windows(2).filter(|pair| pair[0] == pair[1]).count() as u64;
        for seen in &mut observed.rails {
            for amounts in seen.amounts.values_mut() {
                amounts.sort_by(f64::total_cmp);
            }
        }
        observed
    }

    pub fn by_customer(&self) -> Vec<f64> {
        self.customers.iter().map(|payments| *payments as f64).collect()
    }

    fn look(&mut self, payment: &Payment) -> Option<()> {
        let header = payment.payment_header.as_ref()?;
        let originator = payment.parties.as_ref()?.originator.as_ref()?;
        let amount = payment.amount.as_ref()?;
        let rail = Rail::ALL.into_iter().find(|rail| rail.payment_type() == header.payment_type())?;
        let seen = &mut self.rails[rail as usize];
        seen.payments += 1;
        seen.weekend += u64::from(weekday((header.created_at_micros / MICROS_A_DAY) as i32) >= 5);
        let status = header.status();
        seen.decided += u64::from(status != PaymentStatus::Pending);
        seen.lost += u64::from(matches!(
            status,
            PaymentStatus::Failed | PaymentStatus::Rejected | PaymentStatus::Cancelled
        ));
        if amount.currency == currency_of(&originator.country_code) {
            seen.at_home += 1;
            let major = amount.minor_units as f64 / 10_f64.powi(minor_digits(&amount.currency) as i32);
            match seen.amounts.get_mut(&amount.currency) {
                Some(amounts) => amounts.push(major),
                None => drop(seen.amounts.insert(amount.currency.clone(), vec![major])),
            }
        }
        let number: usize = originator.party_id.strip_prefix("CUST")?.parse().ok()?;
        *self.customers.get_mut(number.checked_sub(1)?)? += 1;
        self.injected += u64::from(!payment.metadata.as_ref()?.anomaly_type.is_empty());
        self.checks.look(payment);
        Some(())
    }
}
