//! What DynamoDB's errors mean. An unknown outcome never counts as success.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::CancellationReason;
use domain::ports::StoreError;

use super::key::Item;
use crate::item::Unreadable;

pub(super) fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}

impl From<Unreadable> for StoreError {
    fn from(Unreadable(attribute): Unreadable) -> Self {
        Self::Unreadable(attribute)
    }
}

/// The outcome of a conditional update: the item after it, or the current item, which failed the condition.
pub(super) enum Updated {
    Done(Item),
    Refused(Option<Item>),
}

pub(super) fn refused_update<R>(error: SdkError<UpdateItemError, R>) -> Result<Updated, StoreError>
where
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(refusal)) => Ok(Updated::Refused(refusal.item.clone())),
        Some(UpdateItemError::TransactionConflictException(_)) => Err(StoreError::Conflict),
        _ => Err(unavailable(error)),
    }
}

/// A transaction of which some writes failed their condition.
pub(super) struct Cancelled(Vec<CancellationReason>);

impl Cancelled {
    /// The current item of the write at `position`, if that write failed its condition.
    pub(super) fn refused(&self, position: usize) -> Option<&Item> {
        let reason = self.0.get(position)?;
        reason.item.as_ref().filter(|_| reason.code.as_deref() == Some(CONDITION_FAILED))
    }
}

const CONDITION_FAILED: &str = "ConditionalCheckFailed";

pub(super) fn cancelled<R>(error: SdkError<TransactWriteItemsError, R>) -> Result<Cancelled, StoreError>
where
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancellation)) => {
            let reasons = cancellation.cancellation_reasons();
            let codes = || reasons.iter().filter_map(|reason| reason.code.as_deref());
            if codes().any(|code| code == "TransactionConflict") {
                Err(StoreError::Conflict)
            } else if codes().any(|code| code == CONDITION_FAILED) {
                Ok(Cancelled(reasons.to_vec()))
            } else {
                Err(unavailable(error))
            }
        }
        Some(TransactWriteItemsError::TransactionInProgressException(_)) => Err(StoreError::Conflict),
        _ => Err(unavailable(error)),
    }
}
