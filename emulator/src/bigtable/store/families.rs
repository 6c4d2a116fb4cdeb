//! Creates, changes and drops the column families of a table's record.

use tonic::Status;

use crate::proto::bigtable_admin::ColumnFamily;
use crate::proto::bigtable_admin::modify_column_families_request::{Modification, modification::Mod};

use super::rule::Rule;
use super::schema::{FamilyRecord, TableRecord};

/// Limits of the service: <https://cloud.google.com/bigtable/quotas>.
const MAX_FAMILIES: usize = 100;
const MAX_NAME_BYTES: usize = 64;

/// Applies modifications in order. After an error the record is half changed: drop it.
pub fn modify(record: &mut TableRecord, modifications: &[Modification]) -> Result<(), Status> {
    for modification in modifications {
        let name = &modification.id;
        match &modification.r#mod {
            Some(Mod::Create(family)) => create(record, name, family)?,
            Some(Mod::Update(family)) => update(record, name, family)?,
            Some(Mod::Drop(true)) => drop_family(record, name)?,
            Some(Mod::Drop(false)) | None => {
                return Err(Status::invalid_argument(format!(
                    "modification of family {name:?} says nothing"
                )));
            }
        }
    }
    Ok(())
}

/// Adds a family.
pub fn create(record: &mut TableRecord, name: &str, family: &ColumnFamily) -> Result<(), Status> {
    check_name(name)?;
    check_family(name, family)?;
    if record.families.iter().any(|family| family.name == name) {
        return Err(Status::already_exists(format!("column family {name:?} exists in {}", record.name)));
    }
    if record.families.len() >= MAX_FAMILIES {
        return Err(Status::failed_precondition(format!("a table may have {MAX_FAMILIES} column families")));
    }
    let id = record.next_family_id;
    record.next_family_id += 1;
    record.families.push(FamilyRecord { id, name: name.to_owned(), family: Some(family.clone()) });
    Ok(())
}

fn update(record: &mut TableRecord, name: &str, family: &ColumnFamily) -> Result<(), Status> {
    check_family(name, family)?;
    let table = &record.name;
    let existing = record.families.iter_mut().find(|family| family.name == name);
    existing.ok_or_else(|| missing(name, table))?.family = Some(family.clone());
    Ok(())
}

fn drop_family(record: &mut TableRecord, name: &str) -> Result<(), Status> {
    let place = record.families.iter().position(|family| family.name == name);
    let place = place.ok_or_else(|| missing(name, &record.name))?;
    record.families.remove(place);
    Ok(())
}

fn missing(name: &str, table: &str) -> Status {
    Status::not_found(format!("column family {name:?} not found in {table}"))
}

fn check_family(name: &str, family: &ColumnFamily) -> Result<(), Status> {
    if family.value_type.is_some() {
        return Err(Status::unimplemented(format!("column family {name:?}: value types are not kept")));
    }
    let refused = |invalid| Status::invalid_argument(format!("column family {name:?}: {invalid}"));
    Rule::compile(family.gc_rule.as_ref()).map_err(refused)?;
    Ok(())
}

fn check_name(name: &str) -> Result<(), Status> {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if !name.is_empty() && name.len() <= MAX_NAME_BYTES && name.bytes().all(valid) {
        return Ok(());
    }
    Err(Status::invalid_argument(format!("column family {name:?} does not match [-_.a-zA-Z0-9]{{1,64}}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modification(id: &str, change: Mod) -> Modification {
        Modification { id: id.to_owned(), r#mod: Some(change), ..Modification::default() }
    }

    #[test]
    fn a_family_made_anew_gets_another_id() {
        let mut record = TableRecord::default();
        let create = || modification("f", Mod::Create(ColumnFamily::default()));
        modify(&mut record, &[create()]).unwrap();
        modify(&mut record, &[modification("f", Mod::Drop(true)), create()]).unwrap();
        assert_eq!(record.families[0].id, 1);
        assert!(modify(&mut record, &[create()]).is_err());
    }

    #[test]
    fn what_is_not_there_is_not_changed() {
        let mut record = TableRecord::default();
        let update = modification("f", Mod::Update(ColumnFamily::default()));
        assert_eq!(modify(&mut record, &[update]).unwrap_err().code(), tonic::Code::NotFound);
        let drop = modification("f", Mod::Drop(true));
        assert_eq!(modify(&mut record, &[drop]).unwrap_err().code(), tonic::Code::NotFound);
        assert!(create(&mut record, "no/slash", &ColumnFamily::default()).is_err());
    }
}
