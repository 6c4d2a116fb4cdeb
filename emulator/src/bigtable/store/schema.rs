//! A table's schema, and its record in the store.

use std::collections::HashMap;

use crate::proto::bigtable_admin::{ColumnFamily, Table};

use super::rule::{Invalid, Rule};

/// Record of a table. Field numbers are a disk format: never reuse one.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TableRecord {
    #[prost(string, tag = "1")]
    pub name: String,
    /// Identifies the keyspace that holds the rows: a new one once all rows are dropped.
    #[prost(uint64, tag = "2")]
    pub generation: u64,
    /// Ids are never reused, so that a family created anew does not show its predecessor's cells.
    #[prost(uint32, tag = "3")]
    pub next_family_id: u32,
    #[prost(message, repeated, tag = "4")]
    pub families: Vec<FamilyRecord>,
    #[prost(bytes = "vec", repeated, tag = "5")]
    pub splits: Vec<Vec<u8>>,
    #[prost(bool, tag = "6")]
    pub deletion_protection: bool,
}

/// Record of a column family.
#[derive(Clone, PartialEq, prost::Message)]
pub struct FamilyRecord {
    #[prost(uint32, tag = "1")]
    pub id: u32,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(message, optional, tag = "3")]
    pub family: Option<ColumnFamily>,
}

/// A column family in force.
#[derive(Debug)]
pub struct Family {
    pub id: u32,
    pub name: String,
    pub rule: Rule,
}

/// The families of a table, in the order of their names. A family's place in that order is its rank.
#[derive(Debug)]
pub struct Schema {
    pub record: TableRecord,
    families: Vec<Family>,
    rank_by_id: HashMap<u32, u16>,
    /// Ranks of the first ids, the usual case, without hashing.
    rank_by_low_id: Vec<Option<u16>>,
}

const LOW_IDS: u32 = 256;

impl Schema {
    /// Compiles a record. Fails on an invalid rule.
    pub fn compile(mut record: TableRecord) -> Result<Schema, Invalid> {
        record.families.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
        let families = record.families.iter().map(compile_family).collect::<Result<Vec<_>, _>>()?;
        let rank_by_id: HashMap<u32, u16> = families.iter().map(|family| family.id).zip(0..).collect();
        let rank_by_low_id =
            (0..LOW_IDS.min(record.next_family_id)).map(|id| rank_by_id.get(&id).copied()).collect();
        Ok(Schema { record, families, rank_by_id, rank_by_low_id })
    }

    /// The families, by rank.
    pub fn families(&self) -> &[Family] {
        &self.families
    }

    /// The family of a rank.
    pub fn family(&self, rank: u16) -> &Family {
        &self.families[usize::from(rank)]
    }

    /// By rank, the time from which on the newest cell of a column lives.
    pub fn newest_live_from(&self, now_micros: i64) -> Vec<i64> {
        self.families.iter().map(|family| family.rule.newest_lives_from(now_micros)).collect()
    }

    /// Rank of the family with this name.
    pub fn rank(&self, name: &[u8]) -> Option<u16> {
        self.families.binary_search_by(|family| family.name.as_bytes().cmp(name)).ok().map(|rank| rank as u16)
    }

    /// Rank of the family with this id, unless it was dropped.
    #[inline]
    pub fn rank_of_id(&self, id: u32) -> Option<u16> {
        match self.rank_by_low_id.get(id as usize) {
            Some(rank) => *rank,
            None => self.rank_by_id.get(&id).copied(),
        }
    }

    /// The table as the admin service shows it.
    pub fn to_proto(&self) -> Table {
        let column_families = self
            .record
            .families
            .iter()
            .map(|record| (record.name.clone(), record.family.clone().unwrap_or_default()))
            .collect();
        Table {
            name: self.record.name.clone(),
            column_families,
            granularity: crate::proto::bigtable_admin::table::TimestampGranularity::Millis as i32,
            deletion_protection: self.record.deletion_protection,
            ..Table::default()
        }
    }
}

fn compile_family(record: &FamilyRecord) -> Result<Family, Invalid> {
    let rule = Rule::compile(record.family.as_ref().and_then(|family| family.gc_rule.as_ref()))?;
    Ok(Family { id: record.id, name: record.name.clone(), rule })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_follow_the_names_and_forget_dropped_ids() {
        let family = |id, name: &str| FamilyRecord { id, name: name.to_owned(), family: None };
        let families = vec![family(300, "b"), family(1, "a"), family(2, "c")];
        let record = TableRecord { next_family_id: 301, families, ..TableRecord::default() };
        let schema = Schema::compile(record).unwrap();
        assert_eq!(schema.rank(b"b"), Some(1));
        assert_eq!(schema.rank_of_id(300), Some(1));
        assert_eq!(schema.rank_of_id(2), Some(2));
        assert_eq!(schema.rank_of_id(0), None);
        assert_eq!(schema.rank_of_id(299), None);
    }
}
