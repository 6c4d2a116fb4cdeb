//! Colours whose order is seen, and which share has which.

/// Steps of a picture, above nothing.
pub(super) const STEPS: usize = 12;

/// Points of matplotlib's viridis, evenly spaced: bright is much, for dark grounds.
const VIRIDIS: [[u8; 3]; 9] = [
    [0x44, 0x01, 0x54],
    [0x47, 0x2d, 0x7b],
    [0x3b, 0x52, 0x8b],
    [0x2c, 0x72, 0x8e],
    [0x21, 0x91, 0x8c],
    [0x28, 0xae, 0x80],
    [0x5e, 0xc9, 0x62],
    [0xad, 0xdc, 0x30],
    [0xfd, 0xe7, 0x25],
];
/// Dark is much, for light grounds: what is even must not shine.
const DEEPENING: [[u8; 3]; 7] = [
    [0xd6, 0xeb, 0xc8],
    [0x96, 0xd1, 0xb9],
    [0x4f, 0xb3, 0xc0],
    [0x24, 0x8e, 0xbc],
    [0x20, 0x5f, 0xa6],
    [0x22, 0x36, 0x8c],
    [0x08, 0x1d, 0x58],
];

/// Which step a share has. The first one holds all up to twice an even share, so that an even load is one colour; from
/// there steps widen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    even: f64,
}

impl Scale {
    pub fn of(ranges: usize) -> Self {
        Self { even: (2.0 / ranges.max(1) as f64).min(0.4) }
    }

    /// The largest share of a step.
    pub fn bound(self, step: usize) -> f64 {
        let part = (step.max(1) - 1) as f64 / (STEPS - 1) as f64;
        self.even + (1.0 - self.even) * part.powf(1.5)
    }

    /// 0 for nothing, else 1 to [`STEPS`].
    pub fn step(self, share: f64) -> usize {
        if share > 0.0 { (1..STEPS).find(|&step| share <= self.bound(step)).unwrap_or(STEPS) } else { 0 }
    }
}

/// A step's colour on a dark ground.
pub(super) fn on_dark(step: usize) -> [u8; 3] {
    blend(&VIRIDIS, step)
}

/// And on a light one.
pub(super) fn on_light(step: usize) -> [u8; 3] {
    blend(&DEEPENING, step)
}

fn blend(points: &[[u8; 3]], step: usize) -> [u8; 3] {
    let part = (step.clamp(1, STEPS) - 1) as f64 / (STEPS - 1) as f64;
    let place = part * (points.len() - 1) as f64;
    let below = (place.floor() as usize).min(points.len() - 2);
    let rest = place - below as f64;
    std::array::from_fn(|at| {
        let (from, to) = (f64::from(points[below][at]), f64::from(points[below + 1][at]));
        (from + (to - from) * rest).round() as u8
    })
}

/// The nearest of the 216 colours that every terminal with 256 of them has.
pub(super) fn terminal_colour(colour: [u8; 3]) -> u8 {
    let level = |value: u8| match value {
        0..48 => 0,
        48..115 => 1,
        _ => (value - 35) / 40,
    };
    16 + 36 * level(colour[0]) + 6 * level(colour[1]) + level(colour[2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_the_further_from_the_ground_and_a_step_holds_what_its_bound_says() {
        let light = |[red, green, blue]: [u8; 3]| {
            0.2126 * f64::from(red) + 0.7152 * f64::from(green) + 0.0722 * f64::from(blue)
        };
        let scale = Scale::of(32);
        for at in 1..STEPS {
            assert!(light(on_dark(at)) < light(on_dark(at + 1)), "{at}");
            assert!(light(on_light(at)) > light(on_light(at + 1)), "{at}");
            assert_eq!(scale.step(scale.bound(at) * 0.999), at);
            assert_eq!(scale.step(scale.bound(at) * 1.001), at + 1);
        }
        let steps = [0.0, f64::NAN, 1e-9, 1.0 / 32.0, 1.0, 7.0].map(|share| scale.step(share));
        assert_eq!(steps, [0, 0, 1, 1, STEPS, STEPS]);
    }
}
