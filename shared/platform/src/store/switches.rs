//! All switches, in one item: a request reads them at once, and two operators cannot overwrite each other's.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::identity::Administrator;
use domain::ports::{StoreError, SwitchStore};
use domain::switches::{Setting, Switches};
use domain::time::Timestamp;

use super::expression;
use super::fault::{Updated, unavailable};
use super::key::switches_key;
use super::table::DynamoStore;
use super::value::{number, text, time};
use crate::item::attribute::{ADMIN_AT, ADMIN_BY, MODE, REASON, UNTIL};
use crate::item::key::switches_partition;
use crate::item::{self, Reader};

impl SwitchStore for DynamoStore {
    /// A query, which the functions may do anyway.
    async fn switches(&self) -> Result<Switches, StoreError> {
        let query = self.partition(switches_partition()).consistent_read(true);
        let page = Box::pin(query.send()).await.map_err(unavailable)?;
        Ok(page.items().first().map(|item| item::switches::read(Reader(item))).transpose()?.unwrap_or_default())
    }

    async fn switch(&self, after: &Switches, by: &Administrator, at: Timestamp) -> Result<(), StoreError> {
        let set = after.stored().map(|(switch, setting)| (switch.to_string(), written(setting))).collect();
        let values = [
            (":version", number(after.version)),
            (":next", number(after.version + 1)),
            (":switches", AttributeValue::M(set)),
            (":by", text(by.as_str())),
            (":at", time(at)),
        ];
        let update = self.update(switches_key(), expression::SWITCH, expression::SWITCHES_UNMOVED, values);
        match self.send_update(update).await? {
            Updated::Done(_) => Ok(()),
            Updated::Refused(_) => Err(StoreError::Conflict),
        }
    }
}

fn written(setting: &Setting) -> AttributeValue {
    let Setting { reason, until, mode, by, at } = setting;
    let mode = mode.map(|mode| (MODE.name, text(mode.as_str())));
    let entries = [
        (REASON.name, text(reason.as_str())),
        (UNTIL.name, time(*until)),
        (ADMIN_BY.name, text(by.as_str())),
        (ADMIN_AT.name, time(*at)),
    ];
    let entries = entries.into_iter().chain(mode).map(|(name, value)| (name.to_owned(), value));
    AttributeValue::M(entries.collect::<HashMap<_, _>>())
}
