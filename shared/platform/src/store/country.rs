//! A country's statistics, from which its budget follows.
//!
//! Verified subjects are counted asynchronously, from the table's stream, which may deliver a change twice. A tally is
//! one transaction whose token is a digest of its changes, so that a repeated tally counts once. One gap remains: a run
//! that dies after its count and is repeated in other batches, or after the ten minutes for which DynamoDB remembers a
//! token. Nobody can cause that from outside, and the damage is bounded: at most, the subjects of one batch count twice,
//! the budget is a small share of them, and its growth is capped whatever the counts are.

use domain::budget::CountryRecord;
use domain::channel::Channel;
use domain::follow_up::Tally;
use domain::limit::Limit;
use domain::phone::Country;
use domain::ports::{Statistics, StoreError};

use super::expression;
use super::fault::unavailable;
use super::key::{Item, verified_key};
use super::table::DynamoStore;
use super::value::{number, time};
use super::write::as_writes;
use crate::encoding::base64url;
use crate::item::attribute::{OPEN_UNTIL, SK, TTL, USED, VERIFIED};
use crate::item::key::{SharedSort, country_partition};
use crate::item::{Reader, Unreadable};

impl Statistics for DynamoStore {
    async fn count_verified(&self, tally: &Tally) -> Result<(), StoreError> {
        let counts = tally.verified().map(|(country, day, subjects)| {
            let key = verified_key(country, day);
            self.repeatable_write(key, expression::COUNT_VERIFIED)
                .expression_attribute_values(":subjects", number(subjects))
                .expression_attribute_values(":ttl", time(CountryRecord::forgotten_at(day)))
                .expression_attribute_names("#ttl", TTL.name)
        });
        let counts = as_writes(counts)?;
        if counts.is_empty() {
            return Ok(());
        }
        let request = self.client.transact_write_items().set_transact_items(Some(counts));
        Box::pin(request.client_request_token(token(tally)).send()).await.map_err(unavailable)?;
        Ok(())
    }
}

/// The tally's digest, cut to the 36 characters that a token may have.
fn token(tally: &Tally) -> String {
    base64url(&tally.digest()[..TOKEN_BYTES])
}

const TOKEN_BYTES: usize = 27;

impl DynamoStore {
    pub(super) async fn country(&self, country: Country) -> Result<CountryRecord, StoreError> {
        let (mut record, mut next) = (CountryRecord::default(), None);
        loop {
            let query = self.partition(country_partition(country)).set_exclusive_start_key(next);
            let page = Box::pin(query.send()).await.map_err(unavailable)?;
            for item in page.items() {
                read(&mut record, item)?;
            }
            next = page.last_evaluated_key;
            if next.is_none() {
                break;
            }
        }
        Ok(record)
    }
}

fn read(record: &mut CountryRecord, item: &Item) -> Result<(), Unreadable> {
    let item = Reader(item);
    match SharedSort::parse(item.text(SK)?)? {
        SharedSort::Verified(day) => {
            record.verified.insert(day, item.require(VERIFIED)?);
        }
        SharedSort::Breaker(channel) => {
            record.open_until.insert(channel, item.require(OPEN_UNTIL)?);
        }
        SharedSort::Counter { limit, window, shard } => {
            let channel = Channel::ALL.into_iter().find(|channel| Limit::of_country(*channel).as_str() == limit);
            let used = item.require(USED)?.max(0); // below zero if the counter was deleted before sends were given back
            let channel = channel.ok_or(Unreadable(SK.name))?;
            record.unverified.insert((channel, window, shard), u32::try_from(used).unwrap_or(u32::MAX));
        }
        SharedSort::Number | SharedSort::Switches | SharedSort::Unknown => return Err(Unreadable(SK.name)),
    }
    Ok(())
}
