//! The suffix of the row keys: the tables' choice, recorded beside them, and not each sink's own.

use crate::options::Suffix;
use gcp::bigtable::{Bigtable, READER};
use schemas::layout::{KeySuffix, settings};
use service::Error;

/// The suffix that `payments setup` has recorded, if it was asked to.
pub async fn recorded(bigtable: &Bigtable, app_profile: &str) -> Result<Option<KeySuffix>, Error> {
    let name = bigtable.table_name(settings::TABLE);
    let row = bigtable.first_row(READER, app_profile, &name, Some(settings::ROW_KEY_SUFFIX)).await;
    match row {
        Err(Error::Missing { .. }) | Ok(None) => Ok(None),
        Ok(Some(row)) => KeySuffix::named(&row.value).map(Some).ok_or_else(|| Error::Refused {
            kind: "table",
            name,
            reason: "its row row_key_suffix is neither none nor transaction_id; it may be a later version's"
                .into(),
        }),
        Err(error) => Err(error),
    }
}

/// The tables' suffix: none where nothing is recorded. Refuses another `wanted`.
pub async fn of_tables(
    bigtable: &Bigtable,
    app_profile: &str,
    wanted: Option<Suffix>,
) -> Result<KeySuffix, Error> {
    let suffix = recorded(bigtable, app_profile).await?.unwrap_or_default();
    match wanted.map(KeySuffix::from).filter(|wanted| *wanted != suffix) {
        None => Ok(suffix),
        Some(wanted) => Err(Error::Flag {
            flag: "--row-key-suffix",
            value: wanted.name().to_owned(),
            problem: format!(
                "is not the tables', which is {}: leave the flag out; for tables without rows, or whose keys have it \
                 already, `payments setup --row-key-suffix {}` records it",
                suffix.name(),
                wanted.name()
            ),
        }),
    }
}
