//! Rules that the schemes and operators make, as small tables: a value, the day from which it holds, and the source.

pub mod sepa;
pub mod wires;

/// A day before any run.
pub const ALWAYS: i32 = i32::MIN;

/// Values with the days from which they hold, the oldest first.
pub type Table<T, const N: usize> = [(i32, T); N];

/// The value that holds on a day.
pub fn in_force<T: Copy, const N: usize>(table: &Table<T, N>, day: i32) -> T {
    let at = table.partition_point(|(from, _)| *from <= day);
    table[at.saturating_sub(1)].1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_holds_from_its_day_until_the_next() {
        let table = [(ALWAYS, 'a'), (10, 'b'), (20, 'c')];
        let held = [i32::MIN, 9, 10, 19, 20, i32::MAX].map(|day| in_force(&table, day));
        assert_eq!(held, ['a', 'a', 'b', 'b', 'c', 'c']);
    }
}
