//! The columns of a scan's rows, each kept once: rows repeat them, in the same order.

use std::collections::HashMap;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// A column is followed by others in rows of another kind: so many of them are remembered.
const MAX_FOLLOWERS: usize = 8;

/// Qualifiers may be data. Beyond this many columns all are forgotten, between two rows.
const MAX_COLUMNS: usize = 4_096;

/// A hash of a column's family and qualifier.
pub fn column_hash(family: &[u8], qualifier: &[u8]) -> u64 {
    xxh3_64_with_seed(qualifier, xxh3_64(family))
}

/// A column by its place in [`Names`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ColumnId(u32);

#[derive(Debug)]
pub struct Name {
    pub family: Box<[u8]>,
    pub qualifier: Box<[u8]>,
    pub hash: u64,
    /// Tells families apart.
    family_number: usize,
    /// The columns that came next in other rows, the usual ones first.
    followers: Vec<Follower>,
}

#[derive(Debug)]
struct Follower {
    id: ColumnId,
    named: Named,
}

/// The bytes by which a chunk says that it is of a column; none while they are unknown, or too long. They lie where
/// they are compared: this is done for each cell.
#[derive(Clone, Copy, Debug)]
struct Named {
    block: [u8; 63],
    len: u8,
}

impl Named {
    fn of(bytes: &[u8]) -> Self {
        let mut named = Self { block: [0; 63], len: 0 };
        if let Some(block) = named.block.get_mut(..bytes.len()) {
            block.copy_from_slice(bytes);
            named.len = bytes.len() as u8;
        }
        named
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        &self.block[..usize::from(self.len)]
    }
}

/// The columns met so far. The first stands for a row's start and is no column.
#[derive(Debug)]
pub struct Names {
    by_id: Vec<Name>,
    families: HashMap<Box<[u8]>, Family>,
}

#[derive(Debug)]
struct Family {
    number: usize,
    ids: HashMap<Box<[u8]>, ColumnId>,
}

impl Default for Names {
    fn default() -> Self {
        let start = Name {
            family: Box::default(),
            qualifier: Box::default(),
            hash: 0,
            family_number: 0,
            followers: Vec::new(),
        };
        Self { by_id: vec![start], families: HashMap::new() }
    }
}

impl Names {
    /// Begins a row: ids of rows before it mean nothing any more.
    pub fn begin_row(&mut self) {
        if self.by_id.len() > MAX_COLUMNS {
            *self = Self::default();
        }
    }

    pub fn get(&self, id: ColumnId) -> &Name {
        &self.by_id[id.0 as usize]
    }

    /// The column after `last` that a chunk means by these bytes, if it has come there before.
    #[inline]
    pub fn named_after(&mut self, last: ColumnId, named: &[u8]) -> Option<ColumnId> {
        let followers = &mut self.by_id[last.0 as usize].followers;
        let at = followers.iter().position(|follower| same(follower.named.bytes(), named))?;
        let id = followers[at].id;
        if at > 0 {
            followers.swap(at, at - 1);
        }
        Some(id)
    }

    /// The column that comes after `last`: of the same family, unless another is told. `named` are the bytes that said
    /// so, or none.
    #[inline]
    pub fn after(
        &mut self,
        last: ColumnId,
        family: Option<&[u8]>,
        qualifier: &[u8],
        named: &[u8],
    ) -> ColumnId {
        let before = self.get(last);
        let is_it = |follower: &&Follower| {
            let name = self.get(follower.id);
            let is_family = match family {
                Some(family) => same(&name.family, family),
                None => name.family_number == before.family_number,
            };
            is_family && same(&name.qualifier, qualifier)
        };
        match before.followers.iter().find(is_it) {
            Some(follower) if named.is_empty() || follower.named.len > 0 => follower.id,
            _ => self.look_up(last, family, qualifier, named),
        }
    }

    fn look_up(&mut self, last: ColumnId, family: Option<&[u8]>, qualifier: &[u8], named: &[u8]) -> ColumnId {
        let family: Box<[u8]> = family.unwrap_or(&self.get(last).family).into();
        let known = self.families.get(&family).and_then(|family| family.ids.get(qualifier));
        let id = known.copied().unwrap_or_else(|| self.add(family, qualifier));
        let followers = &mut self.by_id[last.0 as usize].followers;
        followers.retain(|follower| follower.id != id);
        followers.truncate(MAX_FOLLOWERS - 1);
        followers.push(Follower { id, named: Named::of(named) });
        id
    }

    fn add(&mut self, family: Box<[u8]>, qualifier: &[u8]) -> ColumnId {
        let id = ColumnId(self.by_id.len() as u32);
        let number = self.families.len() + 1;
        let of = self.families.entry(family.clone()).or_insert(Family { number, ids: HashMap::new() });
        of.ids.insert(qualifier.into(), id);
        let (hash, family_number) = (column_hash(&family, qualifier), of.number);
        let followers = Vec::new();
        self.by_id.push(Name { family, qualifier: qualifier.into(), hash, family_number, followers });
        id
    }
}

/// Whether these are the same, without a call for the usual name of 8 to 64 bytes.
#[inline]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len()
        && match (a.len(), a.first_chunk::<8>(), a.last_chunk::<8>()) {
            (8..=16, first, last) => first == b.first_chunk() && last == b.last_chunk(),
            (17..=32, ..) => {
                a.first_chunk::<16>() == b.first_chunk() && a.last_chunk::<16>() == b.last_chunk()
            }
            (33..=64, ..) => {
                a.first_chunk::<32>() == b.first_chunk() && a.last_chunk::<32>() == b.last_chunk()
            }
            _ => a == b,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(0..3_u8, 0..3)
    }

    proptest! {
        #[test]
        fn a_column_is_what_was_told_of_it(
            rows in prop::collection::vec(prop::collection::vec((name(), name()), 1..6), 1..9)
        ) {
            let mut names = Names::default();
            for row in rows {
                names.begin_row();
                let (mut last, mut family) = (ColumnId::default(), None);
                for (of, qualifier) in &row {
                    let told = (family != Some(of)).then_some(&of[..]);
                    last = names.after(last, told, qualifier, b"");
                    let name = names.get(last);
                    prop_assert_eq!((&*name.family, &*name.qualifier), (&of[..], &qualifier[..]));
                    prop_assert_eq!(name.hash, column_hash(of, qualifier));
                    family = Some(of);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn same_bytes_are_the_same(a in prop::collection::vec(0..2_u8, 0..80), at in 0..80_usize) {
            let mut b = a.clone();
            prop_assert!(same(&a, &b));
            if let Some(byte) = b.get_mut(at) {
                *byte += 1;
                prop_assert!(!same(&a, &b));
                b.truncate(at);
                prop_assert!(!same(&a, &b));
            }
        }
    }

    #[test]
    fn columns_without_end_are_forgotten() {
        let mut names = Names::default();
        for number in 0..3 * MAX_COLUMNS {
            names.begin_row();
            let id = names.after(ColumnId::default(), Some(b"f"), &number.to_be_bytes(), b"");
            assert_eq!(*names.get(id).qualifier, number.to_be_bytes());
        }
        assert!(names.by_id.len() <= MAX_COLUMNS + 1);
    }
}
