//! Rules of payment schemes with the days from which they hold: tables that the rails look up.

pub mod ach;
pub mod instant;
pub mod p2p;
pub mod sepa;
pub mod wires;

/// The value of the last row whose day has come; the rows rise with their days.
pub fn at<T: Copy>(rows: &[(i32, T)], day: i32) -> Option<T> {
    rows.iter().rev().find(|(from, _)| *from <= day).map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_holds_from_its_day_until_the_next() {
        let rows = [(10, 'a'), (20, 'b')];
        assert_eq!(
            [9, 10, 19, 20, 99].map(|day| at(&rows, day)),
            [None, Some('a'), Some('a'), Some('b'), Some('b')]
        );
    }
}
