//! Tables and column families.

use super::findings::{FAMILY, Finding, Findings, made};
use admin::create_table_request::Split;
use admin::gc_rule::{Rule, Union};
use admin::modify_column_families_request::{Modification, modification::Mod};
use admin::{ColumnFamily, CreateTableRequest, GcRule, GetTableRequest, ModifyColumnFamiliesRequest, Table};
use gcp::Resource;
use gcp::bigtable::TableAdmin;
use googleapis_tonic_google_bigtable_admin_v2::google::bigtable::admin::v2 as admin;
use prost_types::Duration;
use schemas::layout::{self, Family, PerTable};
use service::{Error, terminal};
use std::collections::HashMap;
use tonic::{Response, Status};

pub const ROLE: &str = "roles/bigtable.admin";
const DAY_SECS: i64 = 24 * 3_600;

/// New tables are cut at these keys.
pub async fn set_up(
    service: &TableAdmin,
    splits: &PerTable<Vec<String>>,
    findings: &mut Findings,
) -> Result<(), Error> {
    for table in layout::Table::ALL {
        require_table(service, table, &splits[table], findings).await?;
    }
    Ok(())
}

async fn require_table(
    service: &TableAdmin,
    table: layout::Table,
    splits: &[String],
    findings: &mut Findings,
) -> Result<(), Error> {
    let name = service.table_name(table.id());
    let resource = Resource { kind: "table", name: &name, role: ROLE };
    let request = GetTableRequest { name: name.clone(), view: admin::table::View::SchemaView as i32 };
    match service.answer(resource, || async { service.client().get_table(request.clone()).await }).await {
        Ok(found) => {
            findings.note("table", &name, Finding::Present);
            if !splits.is_empty() {
                terminal::say(format_args!(
                    "{}: its tablets stay as they are; only a new table is split (payments cleanup all deletes this one)",
                    table.id()
                ));
            }
            for family in Family::ALL {
                require_family(service, &name, &found, family, findings).await?;
            }
        }
        Err(Error::Missing { .. }) => {
            let create = || async { made(create_table(service, table, splits).await) };
            findings.create("table", &name, service.answer(resource, create)).await?;
            let finding = if findings.dry_run { Finding::Absent } else { Finding::Created };
            if let (Some(first), Some(last)) = (splits.first(), splits.last()) {
                let cut = format!("{name}: {} keys from {first} to {last}", splits.len());
                findings.note("splits", &cut, finding.clone());
            }
            for family in Family::ALL {
                findings.note(FAMILY, &family_name(&name, family), finding.clone());
            }
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Creates a table with all its families in one call, so that no interruption leaves it with only some.
async fn create_table(
    service: &TableAdmin,
    table: layout::Table,
    splits: &[String],
) -> Result<Response<Table>, Status> {
    let families = Family::ALL.map(|family| (family.id().to_owned(), column_family(family)));
    create_with(service, table.id(), families.into(), splits).await
}

pub async fn create_with(
    service: &TableAdmin,
    id: &str,
    column_families: HashMap<String, ColumnFamily>,
    splits: &[String],
) -> Result<Response<Table>, Status> {
    let request = CreateTableRequest {
        parent: service.instance_name().to_owned(),
        table_id: id.to_owned(),
        table: Some(Table { column_families, ..Default::default() }),
        initial_splits: splits.iter().map(|key| Split { key: key.clone().into() }).collect(),
    };
    service.client().create_table(request).await
}

async fn require_family(
    service: &TableAdmin,
    table_name: &str,
    found: &Table,
    family: Family,
    findings: &mut Findings,
) -> Result<(), Error> {
    let name = family_name(table_name, family);
    let Some(existing) = found.column_families.get(family.id()) else {
        let resource = Resource { kind: "table", name: table_name, role: ROLE };
        let create = || async { made(create_family(service, table_name, family).await) };
        return findings.create(FAMILY, &name, service.answer(resource, create)).await;
    };
    let wanted = describe(&gc_rule(family));
    let actual = describe(&existing.gc_rule.clone().unwrap_or_default());
    let finding = if actual == wanted {
        Finding::Present
    } else {
        Finding::Differs(format!("its garbage collection is {actual}, not {wanted}"))
    };
    findings.note(FAMILY, &name, finding);
    Ok(())
}

async fn create_family(
    service: &TableAdmin,
    table_name: &str,
    family: Family,
) -> Result<Response<Table>, Status> {
    let modification = Modification {
        id: family.id().to_owned(),
        r#mod: Some(Mod::Create(column_family(family))),
        ..Default::default()
    };
    let request = ModifyColumnFamiliesRequest {
        name: table_name.to_owned(),
        modifications: vec![modification],
        ..Default::default()
    };
    service.client().modify_column_families(request).await
}

fn family_name(table_name: &str, family: Family) -> String {
    format!("{table_name}:{}", family.id())
}

fn column_family(family: Family) -> ColumnFamily {
    ColumnFamily { gc_rule: Some(gc_rule(family)), ..Default::default() }
}

/// A cell may go when it is too old, or when a newer one has replaced it.
fn gc_rule(family: Family) -> GcRule {
    let rule = |rule| GcRule { rule: Some(rule) };
    let age = Duration { seconds: i64::from(family.retention_days()) * DAY_SECS, nanos: 0 };
    rule(Rule::Union(Union { rules: vec![rule(Rule::MaxAge(age)), rule(Rule::MaxNumVersions(1))] }))
}

/// A rule as text, the same for equal rules whatever the order of their parts.
fn describe(rule: &GcRule) -> String {
    let join = |rules: &[GcRule], word: &str| {
        let mut parts: Vec<_> = rules.iter().map(describe).collect();
        parts.sort();
        format!("({})", parts.join(word))
    };
    match &rule.rule {
        None => "never".to_owned(),
        Some(Rule::MaxNumVersions(versions)) => format!("versions > {versions}"),
        Some(Rule::MaxAge(age)) if age.seconds % DAY_SECS == 0 => {
            format!("age > {} days", age.seconds / DAY_SECS)
        }
        Some(Rule::MaxAge(age)) => format!("age > {} seconds", age.seconds),
        Some(Rule::Union(union)) => join(&union.rules, " or "),
        Some(Rule::Intersection(intersection)) => join(&intersection.rules, " and "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_described_as_cbt_writes_it() {
        assert_eq!(describe(&gc_rule(Family::Metadata)), "(age > 30 days or versions > 1)");
        assert_eq!(describe(&GcRule::default()), "never");
    }
}
