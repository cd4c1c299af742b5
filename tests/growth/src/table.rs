//! The table: its units per second, those of a single item, and transaction conflicts.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::quotas::{Bucket, Cause};
use crate::requests::{IN_TRANSACTION, Key, Kind, Write};
use crate::times::HELD;

/// The items that were written, each with its partition's write capacity: an item never gets more than
/// one partition's, however the table is split.
#[derive(Debug, Default)]
pub struct Table {
    items: HashMap<u64, Item>,
    /// Conflicts, by where they happened: a kind of partition, or the count of verified subjects.
    pub conflicts: BTreeMap<String, u32>,
}

#[derive(Debug)]
struct Item {
    bucket: Bucket,
    held_at: Option<u64>,
}

impl Table {
    /// Takes the units of an update from its item's partition.
    pub fn update(&mut self, write: &Write, now: u64, patience: f64) -> Result<f64, Cause> {
        let taken = self.item(&write.key).bucket.take(now, write.kind.units(), patience);
        taken.ok_or(Cause::Partition)
    }

    /// A transaction of a request that arrived `now` and prepares its items later, `at`. `false` if it
    /// conflicts with another. Units are taken as of `now`, since a bucket cannot go back in time.
    pub fn transact(&mut self, writes: &[Write], now: u64, at: u64) -> Result<bool, Cause> {
        for write in writes {
            let taken = self.item(&write.key).bucket.take(now, write.kind.units() * IN_TRANSACTION, 0.0);
            taken.ok_or(Cause::Partition)?;
        }
        let met = writes.iter().find(|write| self.is_held(&write.key, at));
        if let Some(met) = met {
            *self.conflicts.entry(label(met).to_owned()).or_default() += 1;
            return Ok(false);
        }
        for write in writes {
            self.item(&write.key).held_at = Some(at);
        }
        Ok(true)
    }

    fn is_held(&mut self, key: &Key, at: u64) -> bool {
        self.item(key).held_at.is_some_and(|since| since.abs_diff(at) < HELD)
    }

    fn item(&mut self, key: &Key) -> &mut Item {
        let bucket = || Bucket::new(Cause::Partition.at_first());
        self.items.entry(digest(key)).or_insert_with(|| Item { bucket: bucket(), held_at: None })
    }
}

fn label(write: &Write) -> &str {
    let partition = write.key.partition.split('#').next().unwrap_or_default();
    if write.kind == Kind::Verified { "verified" } else { partition }
}

fn digest(key: &Key) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::Verb;

    fn write(partition: &str, sort: &str) -> Write {
        let key = Key { partition: partition.to_owned(), sort: sort.to_owned() };
        Write { verb: Verb::Update, key, kind: Kind::Counter }
    }

    #[test]
    fn a_transaction_conflicts_with_another_while_that_one_holds_the_same_item() {
        let mut table = Table::default();
        let (one, other) = ([write("country#US", "0"), write("subject#a", "subject")], [write("country#US", "0")]);
        assert_eq!(table.transact(&one, 0, 0), Ok(true));
        assert_eq!(table.transact(&other, 0, HELD - 1), Ok(false));
        assert_eq!(table.transact(&[write("country#US", "1")], 0, HELD - 1), Ok(true), "another item");
        assert_eq!(table.transact(&other, 0, HELD), Ok(true));
        assert_eq!(table.conflicts, BTreeMap::from([("country".to_owned(), 1)]));
    }

    #[test]
    fn an_item_takes_no_more_writes_than_a_partition() {
        let (mut table, hot) = (Table::default(), [write("range#+1555", "0")]);
        let taken = (0..100).take_while(|_| table.transact(&hot, 0, 0) != Err(Cause::Partition)).count();
        assert_eq!(taken, 50, "two units each out of the hundred in the bucket");
    }
}
