use super::super::pattern::Pattern;
use super::super::{Heat, html, svg, terminal};
use super::*;
use proptest::prelude::*;

const START: u64 = 1_795_766_400;

fn recorded(seconds: u64, per_second: u64, key: impl Fn(u64, u64) -> String) -> TableHeat {
    let mut heat = Heat::default();
    for second in 0..seconds {
        let keys: Vec<_> = (0..per_second.min(64)).map(|at| key(second, at)).collect();
        heat.note("t", START + second, per_second, keys.iter().map(String::as_str));
    }
    heat.tables.remove("t").unwrap_or_default()
}

/// Keys that begin with the time.
pub(in crate::heat) fn trickle(seconds: u64, per_second: u64) -> TableHeat {
    recorded(seconds, per_second, |second, at| {
        let (date, time) = utc(START + second);
        format!("{date}T{time}.{:06}Z#ACH#CUST{:06}", at * 15_000, mixed(second * 64 + at) % 500_000)
    })
}

/// Keys that have nothing to do with time.
pub(in crate::heat) fn shuffled(seconds: u64, per_second: u64) -> TableHeat {
    recorded(seconds, per_second, |second, at| format!("{:016x}-key", mixed(second * 64 + at)))
}

/// splitmix64.
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn mass(grid: &Grid) -> f64 {
    grid.cells.iter().flatten().sum()
}

/// The part of the mass whose range is not further from the diagonal than this part of the grid.
fn on_the_diagonal(grid: &Grid, part: f64) -> f64 {
    let place = |at: usize, of: usize| (at as f64 + 0.5) / of as f64;
    let near: f64 = (0..grid.columns.len())
        .flat_map(|column| (0..grid.ranges.len()).map(move |range| (range, column)))
        .filter(|&(range, column)| {
            (place(range, grid.ranges.len()) - place(column, grid.columns.len())).abs() <= part
        })
        .map(|(range, column)| grid.cell(range, column).rows)
        .sum();
    near / mass(grid)
}

fn text(heat: &TableHeat) -> String {
    grid(heat, &View::default()).verdict().text
}

#[test]
fn keys_that_begin_with_the_time_are_hot_and_move() {
    let verdict = grid(&trickle(640, 500), &View::default()).verdict();
    assert_eq!(verdict.pattern, Pattern::Moving);
    assert!(
        verdict
            .text
            .starts_with("hot: writes move along the keys as time passes; at any moment 1 range of 32 takes")
    );
    assert!(verdict.top_share > 0.6, "{verdict:?}");
}

#[test]
fn keys_without_time_are_even() {
    let verdict = grid(&shuffled(640, 500), &View::default()).verdict();
    assert_eq!(verdict.pattern, Pattern::Even);
    assert!(verdict.text.starts_with("even: the busiest 3.1 % of the key ranges took "), "{}", verdict.text);
    assert!(verdict.top_share < 0.08, "{verdict:?}");
}

#[test]
fn a_customer_with_every_third_payment_has_a_range_of_its_own_and_is_named() {
    let heat = recorded(200, 300, |second, at| {
        let customer = if at % 3 == 0 { 7 } else { mixed(second * 64 + at) % 900_000 };
        let time = if at % 3 == 0 { 0 } else { second };
        format!("CUST{customer:06}#{time}")
    });
    let grid = grid(&heat, &View::default());
    let own = grid.ranges.iter().find(|range| range.first.starts_with("CUST000007#")).unwrap();
    assert!(own.keys == 1 && (own.rows / grid.rows as f64 - 0.344).abs() < 0.02, "{own:?}");
    let verdict = grid.verdict();
    assert_eq!(verdict.pattern, Pattern::Staying);
    assert!(
        verdict.text.starts_with("uneven: CUST000007#0 takes 34 % of the writes all the time"),
        "{}",
        verdict.text
    );
    assert!(verdict.text.ends_with("; CUST000007 alone has 34 % of all rows"), "{}", verdict.text);
    let hottest = grid.hottest()[0];
    assert_eq!(grid.ranges[hottest.range].first, "CUST000007#0");
    assert!((hottest.peak.rows_per_second - 100.0).abs() < 25.0, "{hottest:?}");
    assert!((hottest.peak.nodes - hottest.peak.rows_per_second / 14_000.0).abs() < 1e-9);
}

#[test]
fn little_is_not_taken_for_hot() {
    assert_eq!(text(&TableHeat::default()), "nothing was written");
    assert_eq!(text(&recorded(1, 1, |_, _| "a\u{1b}".into())), "only one key was seen: a\\u001b");
    assert_eq!(
        text(&recorded(3, 5, |second, at| format!("{second}{at}"))),
        "too short to tell: rows were written at 3 moments only"
    );
    assert_eq!(text(&shuffled(20, 2)), "too few rows to tell");
}

#[test]
fn moments_without_rows_are_there_and_empty() {
    let mut heat = Heat::default();
    for second in [0, 9] {
        heat.note("t", START + second, 3, ["a", "b"].into_iter());
    }
    let found = grid(&heat.tables["t"], &View::default());
    assert_eq!(found.columns.len(), 10);
    assert_eq!(
        found.columns.iter().map(|column| column.rows).collect::<Vec<_>>(),
        [3, 0, 0, 0, 0, 0, 0, 0, 0, 3]
    );
    assert_eq!(found.cell(0, 4), Cell { rows: 0.0, share: 0.0, rows_per_second: 0.0, nodes: 0.0 });
    let merged = grid(&heat.tables["t"], &View { columns: 4, ..View::default() });
    assert_eq!(
        merged.columns.iter().map(|column| (column.rows, column.seconds)).collect::<Vec<_>>(),
        [(3, 3), (0, 3), (0, 3), (3, 1)]
    );
}

#[test]
fn keys_cannot_become_markup_or_act_on_a_terminal() {
    let mut heat = Heat::default();
    for second in 0..40 {
        let keys = ["<script>alert(1)</script>#\u{1b}[2J\n", "\"' onload=x &amp; \u{202e}", "z]]>"];
        heat.note("<b>t</b>\u{7}", START + second, 30, keys.into_iter());
    }
    let view = View::default();
    for page in [svg(&heat, &view), html(&heat, &view)] {
        assert!(!page.contains("<script>alert") && !page.contains("<b>") && !page.contains("\"' onload"));
        assert!(page.contains("&lt;b&gt;t&lt;/b&gt;"));
        assert!(
            !page
                .chars()
                .any(|character| character.is_control() && character != '\n' || character == '\u{202e}')
        );
        assert!(page.contains("&lt;script&gt;alert(1)"));
    }
    let text = terminal(&grid(&heat.tables["<b>t</b>\u{7}"], &view), 80, false);
    assert!(text.contains("\\u001b[2J\\n"), "{text}");
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn a_page_asks_nobody_for_anything() {
    let heat = Heat { tables: [("t".to_owned(), shuffled(50, 20))].into() };
    for page in [html(&heat, &View::default()), svg(&heat, &View::default())] {
        let page = page.replace("http://www.w3.org/2000/svg", "");
        for outside in ["http:", "https:", "src=", "@import", "url(", "<link"] {
            assert!(!page.contains(outside), "{outside}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn ordered_keys_lie_on_the_diagonal(seconds in 64_u64..400, per_second in 20_u64..200, columns in 16_usize..96) {
        let grid = grid(&trickle(seconds, per_second), &View { columns, ..View::default() });
        prop_assert!(on_the_diagonal(&grid, 0.1) > 0.95, "{}", on_the_diagonal(&grid, 0.1));
        prop_assert_eq!(grid.verdict().pattern, Pattern::Moving);
    }

    #[test]
    fn shuffled_keys_are_even(seconds in 64_u64..400, per_second in 40_u64..200) {
        let grid = grid(&shuffled(seconds, per_second), &View::default());
        let most = (0..grid.columns.len()).filter_map(|column| Some(grid.cell(grid.top(column)?, column).share));
        let most = most.fold(0.0, f64::max);
        prop_assert!(most < 0.3, "{most}");
        prop_assert_eq!(grid.verdict().pattern, Pattern::Even);
        prop_assert!(on_the_diagonal(&grid, 0.1) < 0.3);
    }

    #[test]
    fn rows_are_conserved_and_nothing_panics_whatever_was_recorded(
        slots in prop::collection::btree_map(
            prop_oneof![0_u64..200, any::<u64>()],
            (prop_oneof![0_u64..1_000, 0_u64..u64::MAX / 64],
             prop::collection::vec(("[a-c#é<]{0,3}", prop_oneof![0.0_f64..9.0, any::<f64>()]), 0..20)),
            0..40),
        slot_seconds in prop_oneof![0_u64..4, any::<u64>()],
        ranges in 0_usize..70, columns in 0_usize..200, node in any::<f64>(), width in 0_usize..150,
    ) {
        let slots: BTreeMap<u64, Slot> =
            slots.into_iter().map(|(number, (rows, keys))| (number, Slot { rows, keys })).collect();
        let table = TableHeat { slot_seconds, slots, ..TableHeat::default() };
        let view = View { ranges, columns, node_rows_per_second: node };
        let found = grid(&table, &view);
        let wanted = table.slots.values().fold(0_u64, |sum, slot| sum.saturating_add(slot.rows));
        prop_assert_eq!(found.rows, wanted);
        let keyed: f64 = table.slots.values().flat_map(scaled).map(|(_, weight)| weight).sum();
        prop_assert!((mass(&found) - keyed).abs() <= keyed * 1e-9);
        for column in 0..found.columns.len() {
            let share: f64 = (0..found.ranges.len()).map(|range| found.cell(range, column).share).sum();
            prop_assert!(share.is_finite() && share < 1.0 + 1e-6);
        }
        let narrow = found.narrowed(7);
        prop_assert!(narrow.columns.len() <= 7 && narrow.rows == found.rows);
        prop_assert!((mass(&narrow) - mass(&found)).abs() <= keyed * 1e-9);
        let heat = Heat { tables: [("t".to_owned(), table)].into() };
        for text in [
            terminal(&found, width, false), terminal(&found, width, true), svg(&heat, &view), html(&heat, &view),
        ] {
            prop_assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
        }
    }
}
