//! Reading a subject with its challenges, or one challenge.

use domain::challenge::Challenge;
use domain::identity::{ChallengeId, SubjectId};
use domain::ports::StoreError;
use domain::snapshot::Snapshot;
use domain::subject::Subject;

use super::fault::unavailable;
use super::key::{REFUSAL, SUBJECT, challenge_key, subject_partition};
use super::table::DynamoStore;
use super::{challenge_item, subject_item};

impl DynamoStore {
    pub(super) async fn load(&self, subject: &SubjectId) -> Result<Snapshot, StoreError> {
        let (mut stored, mut challenges, mut next) = (Subject::default(), Vec::new(), None);
        loop {
            let query = self.partition(subject_partition(subject)).consistent_read(true).set_exclusive_start_key(next);
            let page = Box::pin(query.send()).await.map_err(unavailable)?;
            for item in page.items() {
                match item.get("sk").and_then(|sort| sort.as_s().ok()).map(String::as_str) {
                    Some(SUBJECT) => stored = subject_item::read(item)?,
                    Some(REFUSAL) => {}
                    _ => challenges.push(challenge_item::read(subject, item)?),
                }
            }
            next = page.last_evaluated_key;
            if next.is_none() {
                break;
            }
        }
        Ok(Snapshot::of(stored, challenges))
    }

    pub(super) async fn read_challenge(&self, challenge: &ChallengeId) -> Result<Option<Challenge>, StoreError> {
        let key = challenge_key(&challenge.key);
        let read = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        let item = Box::pin(read.send()).await.map_err(unavailable)?.item;
        item.map(|item| challenge_item::read(&challenge.key.subject, &item)).transpose()
    }
}
