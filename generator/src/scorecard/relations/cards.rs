//! Where cards are used, and whether dead ones come back to life.

use schemas::payment::TypeSpecific;

use super::lines::{ASSUMPTION, Count, Lines};
use super::view::{HOUR, Ids, View, groups};

/// Faster than this nobody travels: airliners cruise at some 900 km/h.
const KM_AN_HOUR: f64 = 1_000.0;
/// Two places this near are one.
const NEAR_KM: f64 = 50.0;
/// Without coordinates: the least time between two countries.
const BETWEEN_COUNTRIES: i64 = 4 * HOUR;

#[derive(Default)]
pub struct Cards {
    ids: Ids,
    uses: Vec<Use>,
}

/// A use of a card.
#[derive(Clone, Copy)]
struct Use {
    card: u32,
    micros: i64,
    /// `None` where the card was not present.
    place: Option<Place>,
    answer: Answer,
}

#[derive(Clone, Copy)]
struct Place {
    country: [u8; 2],
    /// Latitude and longitude, degrees.
    degrees: Option<(f32, f32)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Approved,
    /// Expired, or no such card.
    Dead,
    Other,
}

impl Cards {
    pub fn look(&mut self, view: &View<'_>) {
        let TypeSpecific::Card(card) = view.specific else { return };
        if !view.is_honest {
            return;
        }
        let is_present = matches!(card.entry_mode.as_str(), "CHIP" | "CONTACTLESS" | "MAGSTRIPE");
        let country = *view.theirs.country_code.as_bytes().first_chunk().unwrap_or(b"??");
        let degrees = degrees(&card.merchant_coordinates);
        let answer = match card.response_code.as_str() {
            "00" => Answer::Approved,
            "54" | "14" => Answer::Dead,
            _ => Answer::Other,
        };
        self.uses.push(Use {
            card: self.ids.number(&card.card_token),
            micros: view.micros,
            place: is_present.then_some(Place { country, degrees }),
            answer,
        });
    }

    pub fn lines(mut self, out: &mut Lines) {
        self.uses.sort_unstable_by_key(|it| (it.card, it.micros));
        let (mut moves, mut dead) = (Count::default(), Count::default());
        for uses in groups(&self.uses, |it| it.card) {
            let mut places = uses.iter().filter_map(|it| Some((it.micros, it.place?)));
            let mut last = places.next();
            for (micros, place) in places {
                if let Some((earlier, from)) = last {
                    moves.add(is_impossible(from, place, micros - earlier));
                }
                last = Some((micros, place));
            }
            if let Some(at) = uses.iter().position(|it| it.answer == Answer::Dead) {
                dead.add(uses[at..].iter().any(|it| it.answer == Answer::Approved));
            }
        }
        let source = "airliners cruise at 900 km/h; limits are our assumption";
        out.never("CARD", "impossible journeys of a card that is present", source, moves.both());
        if dead.seen >= 20 {
            // Tokens are not typed, so that a wrong number or date is seldom a slip.
            let what = "cards approved after a decline 54 or 14, part";
            out.within("CARD", what, ASSUMPTION, 0.0..=0.1, dead.part());
        }
    }
}

fn is_impossible(from: Place, to: Place, micros: i64) -> bool {
    match (from.degrees, to.degrees) {
        (Some(a), Some(b)) => {
            let hours = micros as f64 / HOUR as f64;
            kilometres(a, b) - NEAR_KM > hours * KM_AN_HOUR
        }
        _ => from.country != to.country && micros < BETWEEN_COUNTRIES,
    }
}

/// The distance as on a flat map of the middle latitude: up to a tenth too far across an ocean.
fn kilometres(a: (f32, f32), b: (f32, f32)) -> f64 {
    const KM_A_DEGREE: f64 = 111.2;
    let (north, east) = (f64::from(a.0 - b.0), f64::from(a.1 - b.1).abs());
    let middle = f64::midpoint(a.0.into(), b.0.into()).to_radians();
    let square = middle * middle;
    let cosine = 1.0 - square / 2.0 + square * square / 24.0 - square * square * square / 720.0;
    let east = east.min(360.0 - east) * cosine;
    KM_A_DEGREE * (north * north + east * east).sqrt()
}

fn degrees(coordinates: &str) -> Option<(f32, f32)> {
    let (latitude, longitude) = coordinates.split_once(',')?;
    Some((latitude.trim().parse().ok()?, longitude.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_about_the_known_ones() {
        // Great circles: New York to Los Angeles 3,936 km, Paris to Berlin 878 km.
        let near = |a, b, km: f64| (kilometres(a, b) / km - 1.0).abs() < 0.05;
        assert!(near((40.7128, -74.006), (34.0522, -118.2437), 3_936.0));
        assert!(near((48.8566, 2.3522), (52.52, 13.405), 878.0));
    }
}
