//! The tables and their column families.

use std::array;
use std::iter::Zip;
use std::ops::{Index, IndexMut};

/// One of the three tables, which differ in their row keys alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// `customerId#transaction_date#transaction_type`: a customer's history.
    ByCustomer,
    /// `transaction_date#transaction_type#customerId`: what happened in a span of time.
    ByDate,
    /// `transaction_id#customerId#transaction_date`: one payment.
    ByTransaction,
}

impl Table {
    pub const ALL: [Self; 3] = [Self::ByCustomer, Self::ByDate, Self::ByTransaction];

    /// The table's id inside its instance.
    pub const fn id(self) -> &'static str {
        match self {
            Self::ByCustomer => "payments_by_customer",
            Self::ByDate => "payments_by_date",
            Self::ByTransaction => "payments_by_transaction",
        }
    }
}

/// A value for each table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct PerTable<T> {
    pub by_customer: T,
    pub by_date: T,
    pub by_transaction: T,
}

impl<T> PerTable<T> {
    /// What `make` gives for each table.
    #[inline]
    pub fn from_fn(mut make: impl FnMut(Table) -> T) -> Self {
        Self {
            by_customer: make(Table::ByCustomer),
            by_date: make(Table::ByDate),
            by_transaction: make(Table::ByTransaction),
        }
    }

    /// The same for each table.
    pub fn same(value: T) -> Self
    where
        T: Clone,
    {
        Self::from_fn(|_| value.clone())
    }

    #[inline]
    pub fn map<U>(self, mut change: impl FnMut(T) -> U) -> PerTable<U> {
        PerTable {
            by_customer: change(self.by_customer),
            by_date: change(self.by_date),
            by_transaction: change(self.by_transaction),
        }
    }

    /// Each table with its value, in the order of [`Table::ALL`].
    #[inline]
    pub fn iter(&self) -> Pairs<&T> {
        Table::ALL.into_iter().zip([&self.by_customer, &self.by_date, &self.by_transaction])
    }

    /// Each table with its value, in the order of [`Table::ALL`].
    #[inline]
    pub fn iter_mut(&mut self) -> Pairs<&mut T> {
        Table::ALL.into_iter().zip([&mut self.by_customer, &mut self.by_date, &mut self.by_transaction])
    }

    /// The values, in the order of [`Table::ALL`].
    #[inline]
    pub fn values(&self) -> impl Iterator<Item = &T> {
        [&self.by_customer, &self.by_date, &self.by_transaction].into_iter()
    }
}

impl<T> Index<Table> for PerTable<T> {
    type Output = T;

    #[inline]
    fn index(&self, table: Table) -> &T {
        match table {
            Table::ByCustomer => &self.by_customer,
            Table::ByDate => &self.by_date,
            Table::ByTransaction => &self.by_transaction,
        }
    }
}

impl<T> IndexMut<Table> for PerTable<T> {
    #[inline]
    fn index_mut(&mut self, table: Table) -> &mut T {
        match table {
            Table::ByCustomer => &mut self.by_customer,
            Table::ByDate => &mut self.by_date,
            Table::ByTransaction => &mut self.by_transaction,
        }
    }
}

type Pairs<T> = Zip<array::IntoIter<Table, 3>, array::IntoIter<T, 3>>;

impl<'a, T> IntoIterator for &'a PerTable<T> {
    type Item = (Table, &'a T);
    type IntoIter = Pairs<&'a T>;

    #[inline]
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, T> IntoIterator for &'a mut PerTable<T> {
    type Item = (Table, &'a mut T);
    type IntoIter = Pairs<&'a mut T>;

    #[inline]
    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl<T> IntoIterator for PerTable<T> {
    type Item = (Table, T);
    type IntoIter = Pairs<T>;

    #[inline]
    fn into_iter(self) -> Self::IntoIter {
        Table::ALL.into_iter().zip([self.by_customer, self.by_date, self.by_transaction])
    }
}

/// A column family; all three tables have all six.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    PaymentHeader,
    AmountInfo,
    PartyInfo,
    ProcessingInfo,
    TypeSpecific,
    Metadata,
}

impl Family {
    pub const ALL: [Self; 6] = [
        Self::PaymentHeader,
        Self::AmountInfo,
        Self::PartyInfo,
        Self::ProcessingInfo,
        Self::TypeSpecific,
        Self::Metadata,
    ];

    pub const fn id(self) -> &'static str {
        match self {
            Self::PaymentHeader => "payment_header",
            Self::AmountInfo => "amount_info",
            Self::PartyInfo => "party_info",
            Self::ProcessingInfo => "processing_info",
            Self::TypeSpecific => "type_specific",
            Self::Metadata => "metadata",
        }
    }

    /// Age in days at which a cell may be collected; superseded versions may go at once.
    pub const fn retention_days(self) -> u32 {
        match self {
            Self::PaymentHeader | Self::AmountInfo | Self::PartyInfo => 180,
            Self::ProcessingInfo => 90,
            Self::TypeSpecific | Self::Metadata => 30,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_table_finds_its_own_value() {
        let mut ids = PerTable::from_fn(Table::id);
        assert!(ids.iter().all(|(table, id)| *id == table.id() && ids[table] == table.id()));
        assert!(ids.values().copied().eq(Table::ALL.map(Table::id)));
        for (table, id) in &mut ids {
            assert_eq!(*id, table.id());
            *id = "changed";
        }
        ids[Table::ByDate] = "again";
        let lengths = PerTable { by_customer: 7, by_date: 5, by_transaction: 7 };
        assert_eq!(ids.map(str::len), lengths);
        assert!(lengths.into_iter().eq(Table::ALL.into_iter().zip([7, 5, 7])));
        assert_ne!(lengths, PerTable::same(7));
    }
}
