//! What is known of a country, for its budget.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::budget::CountryRecord;
use domain::channel::Channel;
use domain::phone::Country;
use domain::ports::StoreError;
use domain::quota::country_policy;
use domain::time::Timestamp;

use super::fault::unavailable;
use super::item::Reader;
use super::quota::{country_partition, parse_sort_key};
use super::{DynamoStore, Item};

pub(super) const VERIFIED_PREFIX: &str = "verified#";
pub(super) const BREAKER_PREFIX: &str = "breaker#";

impl DynamoStore {
    pub(super) async fn country_record(&self, country: Country) -> Result<CountryRecord, StoreError> {
        let partition = AttributeValue::S(country_partition(country));
        let query = self.client.query().table_name(&self.table).key_condition_expression("pk = :pk");
        let mut pages = query.expression_attribute_values(":pk", partition).into_paginator().send();
        let mut record = CountryRecord::default();
        while let Some(page) = pages.next().await {
            for item in page.map_err(unavailable)?.items() {
                read(&mut record, item)?;
            }
        }
        Ok(record)
    }
}

fn read(record: &mut CountryRecord, item: &Item) -> Result<(), StoreError> {
    let reader = Reader(item);
    let sort = reader.text("sk")?;
    let unreadable = || StoreError::Unreadable("sk");
    if let Some(day) = sort.strip_prefix(VERIFIED_PREFIX) {
        record.verified.insert(day.parse().map_err(|_| unreadable())?, reader.number("verified")?);
    } else if let Some(channel) = sort.strip_prefix(BREAKER_PREFIX) {
        let channel = Channel::ALL.into_iter().find(|known| known.as_str() == channel).ok_or_else(unreadable)?;
        let until: u64 = reader.number("openUntil")?;
        record.open_until.insert(channel, Timestamp::from_unix(until));
    } else {
        let (policy, window, shard) = parse_sort_key(sort).ok_or_else(unreadable)?;
        let channel = Channel::ALL.into_iter().find(|known| country_policy(*known) == policy).ok_or_else(unreadable)?;
        let used: i64 = reader.number("used")?; // more may have been given back than is remembered
        record.unverified.insert((channel, window, shard), u32::try_from(used.max(0)).unwrap_or(u32::MAX));
    }
    Ok(())
}
