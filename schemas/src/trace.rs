//! Traces of single payments, as W3C's trace context has them in a message's attributes.

/// The attribute.
pub const TRACE_PARENT: &str = "traceparent";

/// The trace of a payment: its id without hyphens is the trace's, so that whoever has the one can look for the other.
/// `None` for an id that is no UUID.
pub fn trace_parent(transaction_id: &str) -> Option<String> {
    let trace: String = transaction_id.chars().filter(|&digit| digit != '-').collect();
    let parent = format!("00-{}-{}-01", trace, trace.get(16..)?);
    sampled_trace(&parent).is_some().then_some(parent)
}

/// The trace's id, if the attribute is well-formed and says that the trace is wanted.
pub fn sampled_trace(parent: &str) -> Option<&str> {
    let is_hex = |text: &str| text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    let mut parts = parent.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_well_formed = version.len() == 2
        && version != "ff"
        && trace.len() == 32
        && span.len() == 16
        && flags.len() == 2
        && [version, trace, span, flags].into_iter().all(is_hex)
        && [trace, span].iter().all(|id| id.bytes().any(|digit| digit != b'0'));
    let is_wanted = u8::from_str_radix(flags, 16).is_ok_and(|flags| flags & 1 == 1);
    (is_well_formed && is_wanted).then_some(trace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payments_trace_has_its_id() {
        let parent = trace_parent("cfaac0d6-659f-4825-ac52-146272f48289").unwrap();
        assert_eq!(parent, "00-cfaac0d6659f4825ac52146272f48289-ac52146272f48289-01");
        assert_eq!(sampled_trace(&parent), Some("cfaac0d6659f4825ac52146272f48289"));
        for odd in ["", "é", "not-a-uuid", "00000000-0000-0000-0000-000000000000"] {
            assert_eq!(trace_parent(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_trace_that_nobody_wants_or_that_is_none_is_left_alone() {
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        assert_eq!(sampled_trace(&format!("00-{trace}-{span}-03")), Some(trace));
        for odd in [
            format!("00-{trace}-{span}-00"),
            format!("ff-{trace}-{span}-01"),
            format!("00-{trace}-{span}"),
            format!("00-{}-{span}-01", trace.to_uppercase()),
            format!("00-{}-{span}-01", "0".repeat(32)),
            "garbage".to_owned(),
        ] {
            assert_eq!(sampled_trace(&odd), None, "{odd}");
        }
    }
}
