//! Garbage-collection rules of column families.

use crate::proto::bigtable_admin::{GcRule, gc_rule};

/// Rules nested deeper are refused; the service bounds their size instead.
const MAX_DEPTH: usize = 20;

/// Decides which cells of a column are garbage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Rule {
    #[default]
    Never,
    /// All but the newest n.
    Versions(usize),
    /// Older than this.
    AgeMicros(i64),
    /// Garbage by any of them.
    Union(Vec<Rule>),
    /// Garbage by all of them.
    Intersection(Vec<Rule>),
}

/// Why a rule is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("max_num_versions must be at least 1, not {0}")]
    Versions(i32),
    #[error("max_age must be at least one millisecond")]
    Age,
    #[error("rules are nested deeper than {MAX_DEPTH}")]
    Depth,
}

impl Rule {
    /// The rule of a family; without one, nothing is garbage.
    pub fn compile(rule: Option<&GcRule>) -> Result<Rule, Invalid> {
        compile(rule, 0)
    }

    /// Whether the `nth` newest cell (from 0) of a column, `age_micros` old, is garbage. If a cell is, so are all older
    /// ones: the live cells of a column are its newest.
    #[inline]
    pub fn collects(&self, nth: usize, age_micros: i64) -> bool {
        match self {
            Rule::Never => false,
            Rule::Versions(keep) => nth >= *keep,
            Rule::AgeMicros(limit) => age_micros > *limit,
            Rule::Union(rules) => rules.iter().any(|rule| rule.collects(nth, age_micros)),
            Rule::Intersection(rules) => rules.iter().all(|rule| rule.collects(nth, age_micros)),
        }
    }

    /// The time from which on the newest cell of a column lives: the answer of [`Rule::collects`] for all at once.
    pub fn newest_lives_from(&self, now_micros: i64) -> i64 {
        let each = |rules: &[Rule]| rules.iter().map(|rule| rule.newest_lives_from(now_micros)).collect();
        match self {
            Rule::Never => i64::MIN,
            Rule::Versions(keep) => {
                if *keep == 0 {
                    i64::MAX
                } else {
                    i64::MIN
                }
            }
            Rule::AgeMicros(limit) => now_micros.saturating_sub(*limit),
            Rule::Union(rules) => Vec::into_iter(each(rules)).max().unwrap_or(i64::MIN),
            Rule::Intersection(rules) => Vec::into_iter(each(rules)).min().unwrap_or(i64::MAX),
        }
    }
}

fn compile(rule: Option<&GcRule>, depth: usize) -> Result<Rule, Invalid> {
    if depth > MAX_DEPTH {
        return Err(Invalid::Depth);
    }
    let all =
        |rules: &[GcRule]| rules.iter().map(|rule| compile(Some(rule), depth + 1)).collect::<Result<_, _>>();
    Ok(match rule.and_then(|rule| rule.rule.as_ref()) {
        None => Rule::Never,
        Some(gc_rule::Rule::MaxNumVersions(versions)) if *versions < 1 => {
            return Err(Invalid::Versions(*versions));
        }
        Some(gc_rule::Rule::MaxNumVersions(versions)) => Rule::Versions(*versions as usize),
        Some(gc_rule::Rule::MaxAge(age)) => {
            let micros = age.seconds.saturating_mul(1_000_000).saturating_add(i64::from(age.nanos) / 1_000);
            if micros < 1_000 {
                return Err(Invalid::Age);
            }
            Rule::AgeMicros(micros)
        }
        Some(gc_rule::Rule::Union(union)) if union.rules.is_empty() => Rule::Never,
        Some(gc_rule::Rule::Union(union)) => Rule::Union(all(&union.rules)?),
        Some(gc_rule::Rule::Intersection(both)) if both.rules.is_empty() => Rule::Never,
        Some(gc_rule::Rule::Intersection(both)) => Rule::Intersection(all(&both.rules)?),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_union_collects_what_either_rule_collects() {
        let rule = Rule::Union(vec![Rule::Versions(1), Rule::AgeMicros(5_000)]);
        assert!(!rule.collects(0, 5_000));
        assert!(rule.collects(1, 0));
        assert!(rule.collects(0, 5_001));
    }

    #[test]
    fn an_intersection_collects_what_both_rules_collect() {
        let rule = Rule::Intersection(vec![Rule::Versions(1), Rule::AgeMicros(5_000)]);
        assert!(!rule.collects(1, 0));
        assert!(!rule.collects(0, 6_000));
        assert!(rule.collects(1, 6_000));
    }

    fn rule() -> impl Strategy<Value = Rule> {
        let leaf = prop_oneof![
            Just(Rule::Never),
            (1..3_usize).prop_map(Rule::Versions),
            (1..20_i64).prop_map(Rule::AgeMicros)
        ];
        leaf.prop_recursive(3, 12, 3, |rule| {
            let rules = prop::collection::vec(rule, 1..4);
            prop_oneof![rules.clone().prop_map(Rule::Union), rules.prop_map(Rule::Intersection)]
        })
    }

    proptest! {
        #[test]
        fn the_newest_cell_lives_from_when_no_rule_collects_it(rule in rule(), time in 0..60_i64) {
            let now = 40;
            prop_assert_eq!(time >= rule.newest_lives_from(now), !rule.collects(0, now - time));
        }
    }

    #[test]
    fn a_rule_that_keeps_nothing_is_refused() {
        let rule = GcRule { rule: Some(gc_rule::Rule::MaxNumVersions(0)) };
        assert_eq!(Rule::compile(Some(&rule)), Err(Invalid::Versions(0)));
    }
}
