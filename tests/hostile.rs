//! What others wrote into messages and tables, on its way to a terminal or a log: through every binary that prints it.

#![allow(clippy::print_stdout, reason = "the table is for whoever runs the test")]

use anyhow::{Context, Result, ensure};
use generator::{Config, Generator};
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::PubsubMessage;
use prost::Message;
use prost::encoding::{WireType, decode_key, decode_varint, encode_key, encode_varint};
use schemas::Payment;
use schemas::layout::{KeySuffix, Table};
use serde_json::Value;
use std::collections::HashMap;
use std::process::Output;
use whole_path::{Backend, Pipeline, tables};

/// An escape sequence, a bell, an override of the direction, a line of one's own, a return, a zero, a C1 control
/// character, a line separator; each with a word behind it that would begin a line, or end one.
const KINDS: [&str; 8] = ["\u{1b}[2J", "\u{7}", "\u{202e}", "\n", "\r", "\0", "\u{9b}", "\u{2028}"];
const WORD: &str = "FORGED";

fn hostile() -> String {
    KINDS.map(|kind| format!("{kind}{WORD}")).concat()
}

/// Whether a field of a payment may be changed: by its numbers from the outside in.
type Chosen = fn(&[u32]) -> bool;

/// Appends the hostile text to every text of an encoded payment. Messages and texts look alike there: all that lies in
/// a payment is a message, and so are the two parties.
fn spoil(mut bytes: &[u8], path: &[u32], chosen: Chosen) -> Result<Vec<u8>> {
    const PARTIES: u32 = 3;
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let (number, wire_type) = decode_key(&mut bytes)?;
        encode_key(number, wire_type, &mut out);
        let value = decode_varint(&mut bytes)?;
        if wire_type == WireType::Varint {
            encode_varint(value, &mut out);
            continue;
        }
        ensure!(wire_type == WireType::LengthDelimited, "payments have numbers, texts and messages");
        let (content, rest) = bytes.split_at(value as usize);
        bytes = rest;
        let at = [path, &[number]].concat();
        let content = match at.as_slice() {
            [_] | [PARTIES, _] => spoil(content, &at, chosen)?,
            _ if chosen(&at) => [content, hostile().as_bytes()].concat(),
            _ => content.to_vec(),
        };
        encode_varint(content.len() as u64, &mut out);
        out.extend(content);
    }
    Ok(out)
}

/// All but what a payment is refused for: ids, times and the currency.
fn may_be_anything(path: &[u32]) -> bool {
    !matches!(path, [1 | 2, _] | [3, _, 1])
}

/// Fails if any of an output would act on a terminal or begins a line that is not the program's.
fn assert_harmless(what: &str, output: &Output) -> Result<String> {
    let text = [&output.stdout, &output.stderr].map(|bytes| std::str::from_utf8(bytes)).into_iter();
    let text = text.collect::<Result<Vec<_>, _>>()?.concat();
    let acts = |character: char| {
        character != '\n' && character.is_control()
            || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(character, '\u{2066}'..='\u{2069}')
    };
    let found = text.chars().find(|character| acts(*character));
    ensure!(found.is_none(), "{what} lets {found:?} through: {text:?}");
    ensure!(!text.lines().any(|line| line.starts_with(WORD)), "{what} has a forged line: {text:?}");
    Ok(text)
}

/// Runs a binary, which must print something hostile, and all of it harmless.
fn run(pipeline: &Pipeline, program: &str, args: &[&str]) -> Result<Output> {
    let what = format!("{program} {}", args.join(" "));
    let output = pipeline.command(program).args(args).output()?;
    let text = assert_harmless(&what, &output)?;
    let line = text.lines().find(|line| line.contains(WORD)).unwrap_or_default();
    let (code, shown) = (output.status.code(), line.chars().take(150).collect::<String>());
    println!("{:<50} {:>2}  {shown}", what.chars().take(50).collect::<String>(), code.unwrap_or(-1));
    ensure!(text.contains(WORD), "{what} shows nothing of what was sent: {text}");
    ensure!(!text.contains("panicked"), "{what}: {text}");
    Ok(output)
}

/// Runs a command for people and for programs; what programs read must be JSON.
fn run_both(pipeline: &Pipeline, args: &[&str]) -> Result<Vec<Value>> {
    run(pipeline, "payments", args)?;
    let output = run(pipeline, "payments", &[args, &["--format", "json"]].concat())?;
    let values = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
    values.collect::<Result<_, _>>().with_context(|| format!("{args:?}"))
}

fn payments() -> Result<Vec<Payment>> {
    let generator = Generator::new(Config { num_records: 100, anomaly_rate: 0.3, ..Config::default() })?;
    Ok((0..100).map(|index| generator.payment(index)).collect())
}

fn spoilt(payments: &[Payment], chosen: Chosen) -> Result<Vec<Vec<u8>>> {
    payments.iter().map(|payment| spoil(&payment.encode_to_vec(), &[], chosen)).collect()
}

fn message(data: Vec<u8>, attributes: &[(&str, &str)]) -> PubsubMessage {
    let attributes: HashMap<_, _> =
        attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    PubsubMessage { data, attributes, ..Default::default() }
}

/// Messages that become rows, and messages that never can, hostile in all that they carry.
async fn publish(pipeline: &Pipeline) -> Result<()> {
    let (payments, hostile) = (payments()?, hostile());
    let attributes = [(hostile.as_str(), hostile.as_str())];
    let rows = spoilt(&payments, may_be_anything)?.into_iter().map(|data| message(data, &attributes));
    let letters = spoilt(&payments[..5], |_| true)?.into_iter().map(|data| message(data, &attributes));
    let other = message(vec![1], &[("schema", &hostile)]);
    let undecodable = message(hostile.clone().into_bytes(), &attributes);
    pipeline.publish(rows.chain(letters).chain([other, undecodable]).collect()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_messages_carry_is_escaped_in_the_sinks_log_and_by_every_command() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    for format in ["text", "json"] {
        publish(&pipeline).await?;
        let args = ["--exit-when-idle", "1500ms", "--max-pane-age", "500ms", "--log-format", format];
        let output = tokio::task::block_in_place(|| run(&pipeline, "sink", &args))?;
        if format == "json" {
            let lines = std::str::from_utf8(&output.stderr)?.lines().map(serde_json::from_str::<Value>);
            lines.collect::<Result<Vec<_>, _>>()?;
        }
    }
    // What no sink of ours would have written: ids and keys that are hostile, too.
    let foreign = spoilt(&payments()?, |_| true)?;
    let foreign: Vec<_> =
        foreign.iter().map(|data| Payment::decode(data.as_slice())).collect::<Result<_, _>>()?;
    tables::fill(&pipeline.bigtable, &foreign, KeySuffix::None).await?;
    // And what only one table has.
    let mut alone = foreign[0].clone();
    alone.payment_header.get_or_insert_default().payment_id.push('0');
    let entry = payments::rows::entry(&alone, Table::ByDate, KeySuffix::None, payments::rows::now_micros());
    tables::reader(&pipeline.bigtable).write(Table::ByDate.id(), vec![entry]).await?;
    tokio::task::block_in_place(|| {
        let letters = run_both(&pipeline, &["dead-letter", "list", "--idle", "1500ms"])?;
        let letters = letters[0]["letters"].as_array().context("letters")?;
        let of = |reason| {
            letters.iter().find(|letter| letter["reason"] == reason).context("a letter of each reason")
        };
        for letter in [of("invalid")?, of("other_schema")?, of("undecodable")?] {
            let id = letter["messageId"].as_str().context("an id")?;
            run_both(&pipeline, &["dead-letter", "inspect", id, "--idle", "1500ms"])?;
        }
        let day = payments()?[0].payment_header.as_ref().context("a header")?.created_at_micros;
        let day = String::from_utf8(schemas::text::time(day)[..10].to_vec())?;
        let found = run_both(&pipeline, &["query", "date", &day, "--limit", "0"])?;
        let name = |payment: &Value| payment["parties"]["counterparty"]["name"].as_str().map(str::to_owned);
        ensure!(found.iter().filter_map(name).any(|name| name.ends_with(&hostile())), "{found:?}");
        run_both(&pipeline, &["verify", "--num-records", "100"])?;
        run_both(&pipeline, &["verify", "--consistency"])?;
        run_both(&pipeline, &["quality"])?;
        run_both(&pipeline, &["cleanup", "rows", "--older-than", "1d"])?;
        Ok(())
    })
}
