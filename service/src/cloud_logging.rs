//! Log lines in the fields that Cloud Logging knows: `severity`, `time`, `message`, `logging.googleapis.com/trace`.

use crate::clock::{now_micros, rfc3339};
use serde_json::{Map, Number, Value};
use std::fmt::{self, Debug};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormattedFields};
use tracing_subscriber::registry::{LookupSpan, Scope};

/// The event's field that becomes the entry's trace: `projects/PROJECT/traces/ID`.
const TRACE: (&str, &str) = ("trace", "logging.googleapis.com/trace");

/// Formats an event as one JSON object, its fields beside the message, its spans as a list.
#[derive(Clone, Copy, Debug)]
pub struct CloudLogging;

impl<S> FormatEvent<S, JsonFields> for CloudLogging
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut entry = Map::new();
        entry.insert("severity".into(), severity(*event.metadata().level()).into());
        entry.insert("time".into(), rfc3339(now_micros()).into());
        event.record(&mut Fields(&mut entry));
        let spans: Vec<Value> = context
            .event_scope()
            .into_iter()
            .flat_map(Scope::from_root)
            .map(|span| {
                let extensions = span.extensions();
                let fields = extensions.get::<FormattedFields<JsonFields>>();
                let fields = fields.and_then(|fields| serde_json::from_str(&fields.fields).ok());
                let mut fields: Map<String, Value> = fields.unwrap_or_default();
                fields.insert("name".into(), span.name().into());
                Value::Object(fields)
            })
            .collect();
        if !spans.is_empty() {
            entry.insert("spans".into(), spans.into());
        }
        writeln!(out, "{}", Value::Object(entry))
    }
}

fn severity(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        Level::DEBUG | Level::TRACE => "DEBUG",
    }
}

struct Fields<'a>(&'a mut Map<String, Value>);

impl Fields<'_> {
    fn put(&mut self, field: &Field, value: Value) {
        let name = if field.name() == TRACE.0 { TRACE.1 } else { field.name() };
        self.0.insert(name.to_owned(), value);
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let text = format!("{value:?}");
        let value = object(&text).map_or_else(|| Value::String(text), Value::Object);
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
}

/// Counts by name, which are text between braces elsewhere and an object here: fields of an event have one value each.
#[derive(Debug)]
pub struct Pairs<'a>(pub Vec<(&'a str, String)>);

/// How [`Pairs`] are told from other texts.
const OPEN: &str = "{";
const CLOSE: &str = "}";

impl fmt::Display for Pairs<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(OPEN)?;
        for (at, (name, value)) in self.0.iter().enumerate() {
            write!(out, "{}{name}={value}", if at == 0 { "" } else { " " })?;
        }
        out.write_str(CLOSE)
    }
}

/// The numbers of [`Pairs`] by their names; nothing for any other text.
fn object(text: &str) -> Option<Map<String, Value>> {
    let pairs = text.strip_prefix(OPEN)?.strip_suffix(CLOSE)?;
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        Some((name.to_owned(), Value::Number(value.parse::<Number>().ok()?)))
    };
    pairs.split_whitespace().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::fmt::MakeWriter;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Lines {
        type Writer = Self;
        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    fn logged(log: impl FnOnce()) -> Value {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(lines.clone())
            .fmt_fields(JsonFields::new())
            .event_format(CloudLogging)
            .finish();
        tracing::subscriber::with_default(subscriber, log);
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn an_entry_has_cloud_loggings_fields_and_numbers_are_numbers() {
        let entry = logged(|| {
            let _span = tracing::info_span!("pane", window = %"w", pane = 3).entered();
            let amounts = Pairs(vec![("USD", "12.50".into()), ("JPY", "7".into())]);
            tracing::warn!(rows = 5_u64, share = 0.5, %amounts, trace = "projects/p/traces/t", odd = %"{x}", "done\n\"{{}}\"");
        });
        assert_eq!(entry["severity"], "WARNING");
        assert_eq!(entry["message"], "done\n\"{}\"");
        assert_eq!((&entry["rows"], &entry["share"]), (&5.into(), &0.5.into()));
        assert_eq!(entry["amounts"], serde_json::json!({"USD": 12.5, "JPY": 7}));
        assert_eq!(entry["odd"], "{x}");
        assert_eq!(entry["logging.googleapis.com/trace"], "projects/p/traces/t");
        assert_eq!(entry["spans"], serde_json::json!([{"name": "pane", "window": "w", "pane": 3}]));
        assert!(entry["time"].as_str().unwrap().ends_with('Z'));
    }
}
