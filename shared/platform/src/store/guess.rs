//! Counting a guess, before it is compared.

use domain::challenge::Challenge;
use domain::identity::ChallengeKey;
use domain::ports::StoreError;
use domain::time::Timestamp;

use super::fault::Updated;
use super::key::challenge_key;
use super::table::DynamoStore;
use super::value::{number, text, time};
use super::{challenge_item, expression};
use crate::item::challenge::PENDING;

impl DynamoStore {
    pub(super) async fn count_guess(
        &self,
        key: &ChallengeKey,
        now: Timestamp,
    ) -> Result<Option<Challenge>, StoreError> {
        let values = [(":one", number(1_u32)), (":now", time(now)), (":pending", text(PENDING))];
        let update = self.update(challenge_key(key), expression::COUNT_GUESS, expression::IS_OPEN, values);
        match self.send_update(update).await? {
            Updated::Done(item) => challenge_item::read(&key.subject, &item).map(Some),
            Updated::Refused(_) => Ok(None),
        }
    }
}
