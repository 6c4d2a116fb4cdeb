//! Lists of names with their frequencies.

use std::collections::HashSet;

use crate::random::scale;

/// Names that are as frequent as their weights say.
#[derive(Debug)]
pub struct Table {
    names: Vec<&'static str>,
    /// Sums of the weights up to and with each name.
    ends: Vec<u64>,
    /// For each of [`GUIDES`] equal parts of the sum: the first name that reaches into it.
    guide: Vec<u16>,
}

const GUIDES: usize = 1 << 10;

/// Ranks that are added before Zipf's law (Mandelbrot's form): the most frequent German family name then has about one
/// person in a hundred. Assumption.
const OFFSET: u64 = 20;

impl Table {
    /// Reads lists of one name a line, each the less frequent rest of those before it; a name counts where it comes first.
    ///
    /// With a tab and a weight behind its names the first list says how frequent they are, and every name of the
    /// following ones is as rare as its last. Without, frequencies fall with the rank.
    pub fn new(lists: &[&'static str]) -> Self {
        let mut seen = HashSet::new();
        let mut table = Self { names: Vec::new(), ends: Vec::new(), guide: Vec::new() };
        let mut sum = 0;
        let mut least = None;
        for (at, list) in lists.iter().enumerate() {
            for line in list.lines() {
                let (name, published) = line.split_once('\t').unwrap_or((line, ""));
                if !seen.insert(name) {
                    continue;
                }
                if at == 0 {
                    least = published.parse().ok();
                }
                table.names.push(name);
                sum += least.unwrap_or(1_000_000_000 / (table.names.len() as u64 + OFFSET));
                table.ends.push(sum);
            }
        }
        table.guide =
            (0..GUIDES as u64).map(|part| table.search(part * sum / GUIDES as u64) as u16).collect();
        table
    }

    fn search(&self, value: u64) -> usize {
        self.ends.partition_point(|end| *end <= value)
    }

    pub fn pick(&self, bits: u64) -> &'static str {
        self.names[self.place(bits)]
    }

    /// Which of the names one meets.
    pub fn place(&self, bits: u64) -> usize {
        let value = scale(bits, self.ends[self.ends.len() - 1]);
        let part = (bits >> (64 - GUIDES.trailing_zeros())) as usize;
        // The part begins within this name or one that starts in it.
        let mut at = usize::from(self.guide[part]);
        while self.ends[at] <= value {
            at += 1;
        }
        at
    }

    pub fn names(&self) -> &[&'static str] {
        &self.names
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::random::mix;

    #[test]
    fn published_weights_are_met_and_the_rest_is_as_rare_as_the_last() {
        let table = Table::new(&["Ash\t60\nBirch\t30\nElm\t10\n", "Birch\t90\nFir\t50\nYew\n"]);
        assert_eq!(table.names(), ["Ash", "Birch", "Elm", "Fir", "Yew"]);
        let mut found = HashMap::new();
        for at in 0..120_000 {
            *found.entry(table.pick(mix(at))).or_insert(0) += 1;
        }
        for (name, parts) in [("Ash", 60), ("Birch", 30), ("Elm", 10), ("Fir", 10), ("Yew", 10)] {
            let expected = f64::from(parts) * 1_000.0;
            assert!((f64::from(found[name]) - expected).abs() < expected * 0.04, "{name}: {}", found[name]);
        }
    }

    #[test]
    fn the_guide_finds_what_a_search_finds() {
        let lists = include_str!("names/nl_family.txt");
        let table = Table::new(&[lists]);
        let sum = table.ends[table.ends.len() - 1];
        for step in 0..200_000 {
            let bits = u64::MAX / 200_000 * step;
            assert_eq!(table.pick(bits), table.names[table.search(scale(bits, sum))]);
        }
        assert_eq!(table.pick(u64::MAX), *table.names.last().expect("it has names"));
    }
}
