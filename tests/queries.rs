//! `payments query` against a brute-force search, on the embedded server and on Google's emulator.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use anyhow::Result;
use generator::{Config, Generator};
use payments::query::{self, Lookup};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use schemas::Payment;
use schemas::layout::{KeySuffix, Table, row_key};
use service::cli::flags as flags_of;
use std::ops::ControlFlow;
use whole_path::{Backend, Pipeline, tables};

/// A question, in flags and in terms of a payment's row keys.
#[derive(Clone, Debug)]
struct Question {
    flags: Vec<String>,
    table: Table,
    customer: Option<String>,
    /// Text that dates are compared with: from, and before.
    from: String,
    to: String,
    types: Vec<&'static str>,
    limit: u64,
}

impl Question {
    fn asks_for(&self, payment: &Payment) -> bool {
        let key = String::from_utf8(row_key(payment, Table::ByCustomer, KeySuffix::None)).unwrap();
        let [customer, date, rail] = key.split('#').collect::<Vec<_>>().try_into().unwrap();
        self.customer.as_ref().is_none_or(|wanted| wanted == customer)
            && *self.from <= *date
            && *date < *self.to
            && (self.types.is_empty() || self.types.contains(&rail))
    }
}

const CUSTOMERS: [&str; 7] =
    ["CUST00001", "CUST000010", "CUST000001", "CUST000002", "CUST0000011", "CUST000099", "cust000001"];
const TYPES: [&str; 7] = ["ACH", "WIRE", "CARD", "RTP", "SEPA", "CHECK", "P2P"];

fn types() -> impl Strategy<Value = Vec<&'static str>> {
    prop_oneof![Just(Vec::new()), prop::sample::subsequence(TYPES.to_vec(), 1..=3)]
}

fn moment() -> impl Strategy<Value = String> {
    prop_oneof![
        (1..=31_u32).prop_map(|day| format!("2024-03-{day:02}")),
        (1..=31_u32, 0..24_u32).prop_map(|(day, hour)| format!("2024-03-{day:02}T{hour:02}")),
        (1..=31_u32, 0..24_u32, 0..60_u32)
            .prop_map(|(day, hour, minute)| format!("2024-03-{day:02}T{hour:02}:{minute:02}")),
    ]
}

fn of_customer() -> impl Strategy<Value = Question> {
    let customer = prop::sample::select(&CUSTOMERS[..]);
    (customer, prop::option::of(moment()), prop::option::of(moment()), types(), limit()).prop_map(
        |(customer, mut from, mut to, types, limit)| {
            if from.is_some() && to.is_some() && from > to {
                std::mem::swap(&mut from, &mut to);
            }
            let mut flags = vec!["customer".to_owned(), customer.to_owned()];
            flags.extend(from.iter().flat_map(|from| ["--from".to_owned(), from.clone()]));
            flags.extend(to.iter().flat_map(|to| ["--to".to_owned(), to.clone()]));
            let (from, to) = (from.unwrap_or_default(), to.unwrap_or("9".to_owned()));
            Question {
                flags,
                table: Table::ByCustomer,
                customer: Some(customer.into()),
                from,
                to,
                types,
                limit,
            }
        },
    )
}

fn of_date() -> impl Strategy<Value = Question> {
    (1..=31_u32, prop::option::of(0..24_u32), types(), limit()).prop_map(|(day, hour, types, limit)| {
        let mut flags = vec!["date".to_owned(), format!("2024-03-{day:02}")];
        flags.extend(hour.iter().flat_map(|hour| ["--hour".to_owned(), hour.to_string()]));
        let from = match hour {
            Some(hour) => format!("2024-03-{day:02}T{hour:02}"),
            None => format!("2024-03-{day:02}"),
        };
        let to = format!("{from}~");
        Question { flags, table: Table::ByDate, customer: None, from, to, types, limit }
    })
}

fn limit() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0_u64), 1..9_u64, Just(1_000)]
}

/// Payments of a run, some of them given to customers whose ids are beginnings of others'.
fn payments(count: u64) -> Vec<Payment> {
    let config = Config { num_records: count, num_customers: 9, ..Config::default() };
    let generator = Generator::new(config).unwrap();
    (0..count)
        .map(|index| {
            let mut payment = generator.payment(index);
            let party = payment.parties.as_mut().unwrap().originator.as_mut().unwrap();
            if index % 4 == 0 {
                party.party_id = CUSTOMERS[(index / 4) as usize % 3 + 2 * usize::from(index % 8 == 0)].into();
            }
            payment
        })
        .collect()
}

/// All pages of an answer, and how many there were.
async fn ask(pipeline: &Pipeline, question: &Question) -> Result<(Vec<Vec<u8>>, usize)> {
    let mut flags = question.flags.clone();
    if !question.types.is_empty() {
        flags.extend(["--type".to_owned(), question.types.join(",").to_lowercase()]);
    }
    let lookup = Lookup::of(&flags_of::<query::Args>(flags)?.by)?;
    assert_eq!(lookup.table, question.table);
    let reader = tables::reader(&pipeline.bigtable);
    let (mut keys, mut token, mut pages) = (Vec::new(), None::<String>, 0);
    loop {
        let before = keys.len();
        let each = |row: gcp::bigtable::read::Row<'_>| {
            keys.push(row.key().to_vec());
            ControlFlow::Continue(())
        };
        let outcome = query::page(&reader, &lookup, question.limit, token.as_deref(), each).await?;
        pages += 1;
        assert_eq!(outcome.rows as usize, keys.len() - before);
        assert!(keys.is_sorted_by(|one, next| one < next), "a page repeats what another had");
        assert!(question.limit == 0 || outcome.rows <= question.limit);
        token = outcome.next;
        if token.is_none() {
            return Ok((keys, pages));
        }
        assert_eq!(outcome.rows, question.limit, "a page with a next one is full");
    }
}

async fn answers_are_those_of_a_brute_force_search(
    backend: Backend,
    count: u64,
    cases: u32,
    suffix: KeySuffix,
) -> Result<()> {
    let pipeline = Pipeline::set_up(backend).await?;
    let payments = payments(count);
    tables::fill(&pipeline.bigtable, &payments, suffix).await?;
    let found = std::cell::Cell::new(0);
    tokio::task::block_in_place(|| {
        let mut runner =
            TestRunner::new(ProptestConfig { cases, failure_persistence: None, ..Default::default() });
        runner.run(&prop_oneof![of_customer(), of_date()], |question| {
            let (keys, pages) = tokio::runtime::Handle::current()
                .block_on(ask(&pipeline, &question))
                .map_err(|error| TestCaseError::fail(format!("{error:#}")))?;
            let wanted = payments.iter().filter(|payment| question.asks_for(payment));
            let mut expected: Vec<_> =
                wanted.map(|payment| row_key(payment, question.table, suffix)).collect();
            expected.sort();
            found.set(found.get() + expected.len());
            let full_pages =
                if question.limit == 0 { 1 } else { expected.len().div_ceil(question.limit as usize).max(1) };
            prop_assert!(keys == expected, "{} keys found, {} expected", keys.len(), expected.len());
            prop_assert_eq!(pages, full_pages);
            Ok(())
        })
    })?;
    assert!(found.get() > 0);
    for payment in payments.iter().step_by(97) {
        let id = payment.payment_header.as_ref().unwrap().payment_id.to_uppercase();
        let lookup = Lookup::of(&flags_of::<query::Args>(["transaction", &id])?.by)?;
        let mut keys = Vec::new();
        let each = |row: gcp::bigtable::read::Row<'_>| {
            keys.push(row.key().to_vec());
            ControlFlow::Continue(())
        };
        query::page(&tables::reader(&pipeline.bigtable), &lookup, 0, None, each).await?;
        assert_eq!(keys, [row_key(payment, Table::ByTransaction, suffix)]);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_right_on_the_embedded_server() -> Result<()> {
    answers_are_those_of_a_brute_force_search(Backend::embedded().await?, 2_000, 150, KeySuffix::None).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_right_for_keys_with_a_suffix() -> Result<()> {
    answers_are_those_of_a_brute_force_search(Backend::embedded().await?, 600, 60, KeySuffix::TransactionId)
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_right_on_googles_emulator() -> Result<()> {
    match Backend::google().await? {
        Some(backend) => answers_are_those_of_a_brute_force_search(backend, 600, 40, KeySuffix::None).await,
        None => Ok(()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_prints_payments_and_says_how_it_found_them() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let payments = payments(40);
    tables::fill(&pipeline.bigtable, &payments, KeySuffix::None).await?;
    let host = pipeline.backend.bigtable_addr().to_string();
    let run = async |flags: &[&str]| -> (Result<()>, String, String) {
        let flags = [flags, &["--bigtable-emulator-host", &host]].concat();
        let (mut out, mut notes) = (Vec::new(), Vec::new());
        let result = query::run(&flags_of(flags).unwrap(), &mut out, &mut notes).await;
        (result, String::from_utf8(out).unwrap(), String::from_utf8(notes).unwrap())
    };
    let id = payments[5].payment_header.as_ref().unwrap().payment_id.clone();
    let (result, out, notes) = run(&["transaction", &id, "--format", "json"]).await;
    result?;
    let value: serde_json::Value = serde_json::from_str(&out)?;
    assert_eq!(value["paymentHeader"]["paymentId"], *id);
    let footer: serde_json::Value = serde_json::from_str(&notes)?;
    assert_eq!((&footer["table"], &footer["rows"]), (&"payments_by_transaction".into(), &1.into()));
    assert!(footer["nextPageToken"].is_null() && footer["milliseconds"].is_f64(), "{footer}");

    let missing = "00000000-0000-8000-8000-000000000000";
    assert!(
        run(&["transaction", missing]).await.0.unwrap_err().to_string().contains("no payment with this id")
    );
    let (result, out, notes) = run(&["customer", "NOBODY"]).await;
    result?;
    assert!(out.is_empty() && notes.contains("no rows"), "{notes}");

    let (result, out, notes) = run(&["customer", "CUST000001", "--limit", "1"]).await;
    result?;
    assert_eq!(out.lines().count(), 2);
    assert!(notes.contains("--page-token"), "{notes}");
    let token = notes.split("--page-token ").nth(1).unwrap().trim();
    let (result, _, notes) = run(&["customer", "CUST000001", "--limit", "1", "--format", "json"]).await;
    result?;
    assert_eq!(serde_json::from_str::<serde_json::Value>(&notes)?["nextPageToken"], token);
    let (result, _, _) = run(&["customer", "CUST000002", "--page-token", token]).await;
    assert!(result.unwrap_err().to_string().contains("does not belong to this query"));
    let (result, _, _) = run(&["customer", "A#B"]).await;
    assert!(result.unwrap_err().is::<service::Error>());
    Ok(())
}
