//! Rails as flags name them.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use generator::Rail;

/// `--type` and `--rail`: a rail, in any case if the flag ignores it.
pub fn rail_parser() -> impl TypedValueParser<Value = Rail> {
    PossibleValuesParser::new(Rail::ALL.map(Rail::name)).try_map(|name| {
        let named = Rail::ALL.into_iter().find(|rail| rail.name().eq_ignore_ascii_case(&name));
        named.ok_or("not a type of payments")
    })
}
