//! Recording what became of a message.

use aws_sdk_dynamodb::types::ReturnValue;
use domain::identity::ChallengeKey;
use domain::ports::{ReceiptStore, Recorded, StoreError};
use domain::receipt::Receipt;
use domain::time::Timestamp;

use super::expression;
use super::fault::refused_update;
use super::key::{Item, challenge_key};
use super::table::DynamoStore;
use super::value::{bytes, number, text, time};
use crate::item::Reader;
use crate::item::attribute::RECEIPT_SAYS;

impl ReceiptStore for DynamoStore {
    /// Returns the attributes that it sets, as they were, and nothing else of the item: its role may read no more.
    async fn record_receipt(
        &self,
        challenge: &ChallengeKey,
        receipt: &Receipt,
        now: Timestamp,
    ) -> Result<Recorded, StoreError> {
        let update = expression::and(expression::RECORD_RECEIPT, expression::AND_PRICE, receipt.price.is_some());
        let mut values = vec![
            (":digest", bytes(&receipt.digest)),
            (":says", text(receipt.fate.as_str())),
            (":rank", number(receipt.fate.rank())),
            (":message", text(receipt.message.as_str())),
            (":at", time(receipt.at)),
            (":now", time(now)),
        ];
        values.extend(receipt.price.map(|price| (":price", number(price.millionths()))));
        let update = self.update(challenge_key(challenge), &update, expression::RECEIPT_SAYS_MORE, values);
        let update = update.return_values(ReturnValue::UpdatedOld).set_return_values_on_condition_check_failure(None);
        match Box::pin(update.send()).await {
            Ok(output) => before(&output.attributes.unwrap_or_default()),
            Err(error) => refused_update(error).map(|_| Recorded::Ignored),
        }
    }
}

fn before(updated: &Item) -> Result<Recorded, StoreError> {
    Ok(Recorded::Applied(Reader(updated).get(RECEIPT_SAYS)?))
}
