//! How many customers a run has: as told, or as many as make a person's payments in its days.

use generator::Config;
use service::units::parse_count;
use std::fmt;
use std::str::FromStr;

/// A run whose people pay this many times more often than people do says so.
const FAR: f64 = 3.0;

/// A number of customers, or `auto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Customers {
    Count(u64),
    Auto,
}

impl Customers {
    /// Sets the configuration's customers, all else being set.
    pub(crate) fn settle(self, config: Config) -> Config {
        let num_customers = match self {
            Self::Count(count) => count,
            Self::Auto => config.fitting_customers(),
        };
        Config { num_customers, ..config }
    }
}

/// What is said of a run whose people pay far more often than people do.
pub fn remark(config: &Config) -> Option<String> {
    let (monthly, usual) = (config.monthly_payments(), generator::MONTHLY_PAYMENTS);
    (monthly > FAR * usual).then(|| {
        format!(
            "each person among the {} customers makes {monthly:.0} payments a month, people make {usual:.0}: \
             --num-customers auto takes {}",
            config.num_customers,
            config.fitting_customers()
        )
    })
}

impl FromStr for Customers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("auto") {
            return Ok(Self::Auto);
        }
        parse_count(text).map(Self::Count).map_err(|problem| format!("{problem}, or auto"))
    }
}

impl fmt::Display for Customers {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => count.fmt(out),
            Self::Auto => out.write_str("auto"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customers_are_a_count_or_auto() {
        assert_eq!("1M".parse(), Ok(Customers::Count(1_000_000)));
        assert_eq!("auto".parse(), Ok(Customers::Auto));
        let refused = "many".parse::<Customers>().unwrap_err();
        assert!(refused.contains("or auto"), "{refused}");
        assert_eq!(Customers::Auto.to_string(), "auto");
    }

    #[test]
    fn as_many_customers_as_fit_make_a_diarys_payments() {
        let many = Config::default();
        let said = remark(&many).unwrap();
        assert!(said.contains("among the 1000 customers") && said.contains("--num-customers auto"), "{said}");
        let fitting = Customers::Auto.settle(many);
        assert!((fitting.monthly_payments() / generator::MONTHLY_PAYMENTS - 1.0).abs() < 0.01);
        assert_eq!(remark(&fitting), None);
        let month = Config { num_records: 48_000, ..fitting.clone() };
        let few = Customers::Auto.settle(month).num_customers;
        assert!(few < fitting.num_customers / 20, "{few}");
    }
}
