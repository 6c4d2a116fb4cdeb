//! What a process has said at one time. It comes from outside: numbers may be none, words anything.

use monitor::exposition::Page;
use monitor::spread::quantile;
use monitor::status::Status;
use service::escape::escape;
use std::collections::{BTreeMap, BTreeSet};

/// Of a word that is shown: a table, a code, a reason.
const MAX_WORD: usize = 200;
/// Different words under one label. Ours have a dozen.
const MAX_WORDS: usize = 64;

/// What the names of our metrics begin with.
const OURS: [&str; 2] = ["payments_", "process_"];

/// A process's status and figures.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: Status,
    /// By the samples' name: a page has thousands of samples, and is looked up a hundred times.
    pages: BTreeMap<String, Page>,
}

impl Answer {
    pub fn new(mut status: Status, metrics: &str) -> Self {
        for text in [&mut status.binary, &mut status.version, &mut status.host, &mut status.started] {
            *text = word(text);
        }
        let settings = std::mem::take(&mut status.settings).into_iter().take(MAX_WORDS);
        status.settings = settings.map(|(name, value)| (word(&name), word(&value))).collect();
        status.reason = status.reason.as_deref().map(word);
        let mut texts = BTreeMap::<&str, String>::new();
        for line in metrics.lines().filter(|line| OURS.iter().any(|ours| line.starts_with(ours))) {
            let text = texts.entry(&line[..line.find(['{', ' ']).unwrap_or(line.len())]).or_default();
            text.push_str(line);
            text.push('\n');
        }
        let pages = texts.into_iter().map(|(name, text)| (name.to_owned(), Page::of(&text))).collect();
        Self { status, pages }
    }

    pub fn is_empty(&self) -> bool {
        self.pages.values().all(|page| page.samples().is_empty())
    }

    /// The sum of all samples with this name and these labels, if it is one that can be.
    pub fn number(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.pages.get(name)?.sum(name, labels).filter(|sum| sum.is_finite() && *sum >= 0.0)
    }

    /// The values that a label has in samples of this name, in order. Such as only somebody else would write are left out.
    pub fn values(&self, name: &str, label: &str) -> BTreeSet<String> {
        let samples = self.pages.get(name).map_or(&[][..], Page::samples);
        let mut values = BTreeSet::new();
        for value in samples.iter().filter_map(|sample| sample.labels.get(label)) {
            if values.len() < MAX_WORDS && value.len() <= MAX_WORD && escape(value) == **value {
                values.insert(value.clone());
            }
        }
        values
    }

    /// Counts by bucket.
    pub fn buckets(&self, name: &str, labels: &[(&str, &str)]) -> Vec<f64> {
        let finite = |count: f64| if count.is_finite() { count } else { 0.0 };
        let page = self.pages.get(&format!("{name}_bucket"));
        page.map_or_else(Vec::new, |page| page.buckets(name, labels).into_iter().map(finite).collect())
    }

    pub fn has(&self, prefix: &str) -> bool {
        self.pages.keys().any(|name| name.starts_with(prefix))
    }

    /// The longest since the start, of all histograms with this name and these labels.
    pub fn longest(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels: Vec<_> = labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
        let is_meant = |key: &str| {
            let rest = key.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('{'))
                && labels.iter().all(|label| key.contains(&**label))
        };
        let all = self.status.latency.iter().filter(|(key, _)| is_meant(key)).map(|(_, times)| times.max);
        all.filter(|max| max.is_finite()).reduce(f64::max)
    }
}

/// A word that others wrote, as it can be shown.
fn word(text: &str) -> String {
    let short: String = text.chars().take(MAX_WORD).collect();
    escape(&short).into_owned()
}

/// A quantile of counts, if it is a time.
pub fn quantile_of(counts: &[f64], part: f64) -> Option<f64> {
    quantile(counts, part).filter(|seconds| seconds.is_finite())
}
