//! Letters for people and programs.

use super::work::{Done, Work};
use crate::letters::{KEY_COLLISION, Letter};
use crate::moment;
use crate::output::{Column, Table};
use prost::Message;
use schemas::Payment;
use schemas::json::Renderer;
use serde_json::{Value, json};
use service::escape::escape;
use std::collections::BTreeMap;
use std::fmt::Write;

/// On a narrow terminal the attempt goes first, and the payment is cut.
const COLUMNS: [Column; 5] = [
    Column::left("message id"),
    Column::left("reason"),
    Column::right("age"),
    Column::right("attempt").to(0, 2),
    Column::left("payment").to(10, 1),
];

pub fn table(letters: &[Letter], now_micros: i64) -> String {
    if letters.is_empty() {
        return String::new();
    }
    let line = |letter: &Letter| {
        let age = moment::span_of(now_micros - letter.published_micros());
        let attempt = letter.attempt().unwrap_or("-");
        [letter.id(), letter.reason(), &age, attempt, &letter.summary()]
            .map(|cell| escape(cell).into_owned())
            .to_vec()
    };
    Table::text(&COLUMNS, &letters.iter().map(line).collect::<Vec<_>>())
}

pub fn json(letters: &[Letter], more: bool, now_micros: i64) -> Value {
    let all: Vec<_> = letters.iter().map(|letter| letter.json(now_micros)).collect();
    json!({ "letters": all, "more": more })
}

/// The number of letters by reason.
pub fn counts(letters: &[Letter]) -> String {
    let mut by_reason = BTreeMap::<&str, usize>::new();
    for letter in letters {
        *by_reason.entry(letter.reason()).or_default() += 1;
    }
    let parts: Vec<_> =
        by_reason.iter().map(|(reason, count)| format!("{count} {}", escape(reason))).collect();
    if parts.is_empty() { "no letters".to_owned() } else { parts.join(", ") }
}

/// One letter with everything in it.
pub fn whole(letter: &Letter, now_micros: i64) -> anyhow::Result<String> {
    let mut text = format!("message id  {}\nreason      {}\n", escape(letter.id()), escape(letter.reason()));
    writeln!(text, "cause       {}", escape(letter.cause()))?;
    writeln!(text, "published   {}", moment::text_of(letter.published_micros()))?;
    writeln!(text, "age         {}", moment::span_of(now_micros - letter.published_micros()))?;
    let mut attributes: Vec<_> = letter.message.attributes.iter().collect();
    attributes.sort();
    for (name, value) in attributes {
        writeln!(text, "attribute   {} = {}", escape(name), escape(value))?;
    }
    match Payment::decode(letter.message.data.as_slice()) {
        Ok(payment) => writeln!(text, "{}", Renderer::new()?.json(&payment, true)?)?,
        Err(error) => {
            writeln!(text, "no payment: {error}")?;
            writeln!(text, "data        {}", hex(&letter.message.data))?;
        }
    }
    Ok(text)
}

pub fn whole_json(letter: &Letter, now_micros: i64) -> anyhow::Result<Value> {
    let mut value = letter.json(now_micros);
    value["attributes"] = json!(letter.message.attributes);
    value["payment"] = match Payment::decode(letter.message.data.as_slice()) {
        Ok(payment) => serde_json::from_str(&Renderer::new()?.json(&payment, false)?)?,
        Err(_) => Value::Null,
    };
    value["dataHex"] = hex(&letter.message.data).into();
    Ok(value)
}

fn hex(data: &[u8]) -> String {
    data.iter().fold(String::with_capacity(2 * data.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub fn done(work: &Work<'_>, done: &Done) -> String {
    let state = match (work.yes, work.redrive_to.is_some()) {
        (false, true) => "would publish",
        (false, false) => "would drop",
        (true, true) => "published",
        (true, false) => "dropped",
    };
    let mut text = String::new();
    for (reason, count) in &done.by_reason {
        let _ = writeln!(text, "{state:<13} {count:>9} {}", escape(reason));
    }
    if done.by_reason.is_empty() {
        text.push_str("no letters to work on\n");
    }
    if done.other > 0 {
        let _ = writeln!(text, "{:<13} {:>9} of other reasons", "left", done.other);
    }
    if done.collisions > 0 {
        let _ = writeln!(text, "{:<13} {:>9} {KEY_COLLISION}", "left", done.collisions);
    }
    text
}

pub fn done_json(work: &Work<'_>, done: &Done) -> Value {
    let action = if work.redrive_to.is_some() { "redrive" } else { "purge" };
    json!({
        "action": action, "done": work.yes, "letters": done.chosen(), "byReason": done.by_reason,
        "leftOtherReasons": done.other, "leftNewer": done.newer, "leftKeyCollisions": done.collisions,
    })
}
