//! Elementary functions that give the same bits on every platform.
//!
//! The standard library's `exp`, `ln` and `powf` are the platform's and differ in the last place between systems and
//! versions; these use additions, multiplications, divisions and square roots alone, which IEEE 754 fixes exactly.

use std::f64::consts::LN_2;

/// Two to the power of `x`, for `x` in -1000..=1000; relative error below 1e-14.
pub fn exp2(x: f64) -> f64 {
    let x = x.clamp(-1000.0, 1000.0);
    let whole = (x + 0.5).floor();
    let y = (x - whole) * LN_2;
    let mut sum = 1.0;
    for term in (1..=13_u32).rev() {
        sum = 1.0 + y / f64::from(term) * sum;
    }
    sum * f64::from_bits(((whole as i64 + 1023) as u64) << 52)
}

/// The base-2 logarithm of a positive normal number; absolute error below 1e-12.
pub fn log2(x: f64) -> f64 {
    let bits = x.to_bits();
    let mut exponent = ((bits >> 52) & 0x7ff) as i64 - 1023;
    let mut mantissa = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    if mantissa > std::f64::consts::SQRT_2 {
        mantissa *= 0.5;
        exponent += 1;
    }
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let square = s * s;
    let mut sum = 0.0;
    for power in (0..9_u32).rev() {
        sum = sum * square + 1.0 / f64::from(2 * power + 1);
    }
    exponent as f64 + 2.0 * s * sum / LN_2
}

/// `e` to the power of `x`.
pub fn exp(x: f64) -> f64 {
    exp2(x / LN_2)
}

/// `base` (positive) to the power of `exponent`.
pub fn pow(base: f64, exponent: f64) -> f64 {
    exp2(log2(base) * exponent)
}

/// The standard normal quantile of `p` in (0, 1); relative error below 1.2e-9 (Acklam's rational approximation).
pub fn normal_quantile(p: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 6] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
        1.0,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 5] = [
        7.784_695_709_041_462e-3,
        3.224_671_290_700_398e-1,
        2.445_134_137_142_996,
        3.754_408_661_907_416,
        1.0,
    ];
    const EDGE: f64 = 0.02425;

    let p = p.clamp(1e-12, 1.0 - 1e-12);
    if !(EDGE..=1.0 - EDGE).contains(&p) {
        let q = (-2.0 * LN_2 * log2(p.min(1.0 - p))).sqrt();
        let tail = horner(&C, q) / horner(&D, q);
        return if p < EDGE { tail } else { -tail };
    }
    let q = p - 0.5;
    let r = q * q;
    q * horner(&A, r) / horner(&B, r)
}

/// The part of the standard normal distribution at or below `z`, by bisection of [`normal_quantile`].
pub fn normal_below(z: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if normal_quantile(middle) < z {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

fn horner(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().fold(0.0, |sum, coefficient| sum * x + coefficient)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_and_logarithms_agree_with_the_platforms() {
        for step in -4000..4000 {
            let x = f64::from(step) * 0.0173;
            assert!((exp2(x) / x.exp2() - 1.0).abs() < 1e-13, "exp2({x})");
            let y = x.exp2();
            assert!((log2(y) - x).abs() < 1e-11, "log2({y})");
        }
        assert!((pow(3.0, 2.5) - 3_f64.powf(2.5)).abs() < 1e-10);
    }

    #[test]
    fn quantiles_are_those_of_the_normal_tables() {
        for (p, z) in
            [(0.5, 0.0), (0.975, 1.959_964), (0.025, -1.959_964), (0.999, 3.090_232), (0.001, -3.090_232)]
        {
            assert!((normal_quantile(p) - z).abs() < 1e-5, "quantile of {p}");
        }
    }
}
