//! Reading a subject with its challenges, or one challenge.

use domain::challenge::Challenge;
use domain::identity::{ChallengeId, ChallengeKey, SubjectId};
use domain::ports::StoreError;
use domain::snapshot::Snapshot;
use domain::subject::Subject;

use super::challenge_item;
use super::fault::unavailable;
use super::key::challenge_key;
use super::table::DynamoStore;
use crate::item::attribute::SK;
use crate::item::key::{SubjectSort, subject_partition};
use crate::item::{self, Reader, Unreadable};

impl DynamoStore {
    pub(super) async fn load(&self, subject: &SubjectId) -> Result<Snapshot, StoreError> {
        let (mut stored, mut challenges, mut next) = (Subject::default(), Vec::new(), None);
        loop {
            let query = self.partition(subject_partition(subject)).consistent_read(true).set_exclusive_start_key(next);
            let page = Box::pin(query.send()).await.map_err(unavailable)?;
            for item in page.items() {
                let reader = Reader(item);
                match SubjectSort::parse(reader.text(SK)?)? {
                    SubjectSort::Subject => stored = item::subject::read(reader)?,
                    SubjectSort::Refusal => {}
                    SubjectSort::Challenge(session) => {
                        let key = ChallengeKey { subject: *subject, session };
                        challenges.push(item::challenge::read(key, reader)?);
                    }
                    SubjectSort::Unknown => return Err(Unreadable(SK.name).into()),
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
