//! The suffix of the row keys, recorded in a small table beside the three.

use super::findings::{Finding, Findings, made};
use super::tables::{ROLE, create_with};
use data::mutate_rows_request::Entry;
use data::mutation::{Mutation as Kind, SetCell};
use gcp::Resource;
use gcp::bigtable::read::{Patience, Reader};
use gcp::bigtable::{Bigtable, TableAdmin};
use googleapis_tonic_google_bigtable_admin_v2::google::bigtable::admin::v2 as admin;
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2 as data;
use schemas::layout::{KeySuffix, Table, settings};
use service::Error;

const KIND: &str = "row key suffix";

/// Records `wanted`, where the tables have no other one.
pub async fn set_up(
    admin: &TableAdmin,
    bigtable: &Bigtable,
    wanted: Option<KeySuffix>,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let recorded = sink::suffix::recorded(bigtable, "").await?;
    let (suffix, finding) = match (wanted, recorded) {
        (None, None) => return Ok(()),
        (None, Some(recorded)) => (recorded, Finding::Present),
        (Some(wanted), Some(recorded)) if wanted == recorded => (wanted, Finding::Present),
        (Some(wanted), Some(recorded)) => (wanted, differs(wanted, recorded)),
        (Some(wanted), None) => match of_rows(bigtable).await? {
            Some(found) if found != wanted => (wanted, differs(wanted, found)),
            _ if findings.dry_run => (wanted, Finding::Absent),
            _ => {
                record(admin, bigtable, wanted).await?;
                (wanted, Finding::Created)
            }
        },
    };
    findings.note(KIND, suffix.name(), finding);
    Ok(())
}

fn differs(wanted: KeySuffix, found: KeySuffix) -> Finding {
    let (wanted, found) = (wanted.name(), found.name());
    Finding::Differs(format!("the tables' is {found}; load into new tables for {wanted}"))
}

/// What the keys that are there end in; none without rows.
async fn of_rows(bigtable: &Bigtable) -> Result<Option<KeySuffix>, Error> {
    for table in [Table::ByCustomer, Table::ByDate] {
        let name = bigtable.table_name(table.id());
        match bigtable.first_row(ROLE, "", &name, None).await {
            Ok(Some(row)) => return Ok(KeySuffix::of_key(&row.key, table)),
            // A dry run before there are tables.
            Ok(None) | Err(Error::Missing { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

async fn record(admin: &TableAdmin, bigtable: &Bigtable, suffix: KeySuffix) -> anyhow::Result<()> {
    let name = admin.table_name(settings::TABLE);
    let resource = Resource { kind: "table", name: &name, role: ROLE };
    let families = || [(settings::FAMILY.to_owned(), admin::ColumnFamily::default())].into();
    let create = || async { made(create_with(admin, settings::TABLE, families(), &[]).await) };
    admin.answer(resource, create).await?;
    let cell = SetCell {
        family_name: settings::FAMILY.to_owned(),
        column_qualifier: settings::QUALIFIER.into(),
        // One cell, however often it is written.
        timestamp_micros: 0,
        value: suffix.name().into(),
    };
    let row = Entry {
        row_key: settings::ROW_KEY_SUFFIX.into(),
        mutations: vec![data::Mutation { mutation: Some(Kind::SetCell(cell)) }],
        ..Default::default()
    };
    Ok(Reader::new(bigtable.clone(), "", Patience::default()).write(settings::TABLE, vec![row]).await?)
}
