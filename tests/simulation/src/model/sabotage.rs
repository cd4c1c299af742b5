//! Faults to build into the model, each a term of a condition left out or a part of a write forgotten.

/// What the model does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// A start is applied though its subject has moved since it was read.
    StartOverMovedSubject,
    /// A send goes on over another that it has not read.
    ContinueOverSends,
    /// A send goes on with a generation that is settled.
    ContinueSettled,
    /// A send goes on with a generation that has expired.
    ContinueExpired,
    /// A send goes on with a generation whose guesses are spent.
    ContinueExhausted,
    /// A settled generation is replaced.
    ReplaceSettled,
    /// A generation is replaced over guesses that were not accounted for.
    ReplaceMovedGeneration,
    /// A generation is replaced over sends that were not carried over.
    ReplaceOverSends,
    /// The second start does not mark the first.
    ContestUnmarked,
    /// A resend kills the codes still on their way.
    ResendDropsCodes,
    /// A failed send is given back to the subject's windows.
    RefundWindows,
    /// A guess is compared before it is counted, and the count is lost.
    CompareUncounted,
    /// Guesses are judged on a settled challenge.
    CountWhenSettled,
    /// Guesses are judged after expiry.
    CountWhenExpired,
    /// Guesses are judged beyond the limit.
    CountBeyondLimit,
    /// A generation is approved on the strength of another.
    SettleOtherGeneration,
    /// What is settled is settled again.
    SettleTwice,
    /// A challenge is approved after its expiry.
    SettleExpired,
    /// An approval is completed whose result has expired.
    CompleteOldApproval,
    /// A blocked subject is settled.
    SettleBlocked,
    /// A challenge for one binding is settled on another.
    SettleOtherBinding,
    /// Success returns the guesses reserved for every other challenge.
    ForgetReservations,
    /// A webhook of a replaced generation counts.
    WebhookOfOtherGeneration,
    /// A webhook of an older call counts.
    WebhookOfOtherCall,
    /// A webhook moves what is settled.
    WebhookWhenSettled,
    /// A call is answered again.
    AnswerTwice,
    /// `#` approves after expiry.
    ApproveExpired,
    /// `#` approves though every guess is spent.
    ApproveExhausted,
    /// `#` approves whoever answered, if anybody did.
    ApproveUnanswered,
    /// `#` approves one of two contested sign-ins.
    ApproveContested,
    /// `0` denies and does not block.
    DenyUnblocked,
    /// A late webhook takes a call back.
    ProgressBackwards,
    /// A challenge is forgotten as soon as it has expired.
    SweepAtExpiry,
    /// A proof is replaced though it is not the one that was read.
    ReplaceOtherProof,
    /// A generation is replaced as a proof that it is not.
    ReplaceUnproven,
    /// A send is charged beyond the quota.
    ChargeBeyondQuota,
    /// A send goes to a number that has no room for one more account.
    StartBeyondAccounts,
    /// A send goes to a reported number that was only typed.
    StartOnBlockedNumber,
    /// A number gets more accounts than it may have.
    EnrolBeyondAccounts,
    /// A reported number is enrolled by one who only typed it.
    EnrolBlockedNumber,
    /// A replaced number keeps its account.
    KeepFormerAccount,
    /// An enrolment gives back twice what it was charged.
    RefundTwice,
    /// What was denied with another challenge is settled.
    SettleDenied,
    /// `0` denies the one challenge alone.
    DenyOne,
    /// `0` leaves the number open that was only being enrolled.
    FraudLeavesNumber,
    /// A key approves whatever the mode.
    ApproveByOtherMode,
    /// Digits that do not match cost nothing.
    WrongDigitsFree,
    /// A code is spoken that is one of the challenge already.
    SpeakTwice,
}

impl Sabotage {
    /// All of them.
    pub const ALL: [Self; 48] = [
        Self::StartOverMovedSubject,
        Self::ContinueOverSends,
        Self::ContinueSettled,
        Self::ContinueExpired,
        Self::ContinueExhausted,
        Self::ReplaceSettled,
        Self::ReplaceMovedGeneration,
        Self::ReplaceOverSends,
        Self::ContestUnmarked,
        Self::ResendDropsCodes,
        Self::RefundWindows,
        Self::CompareUncounted,
        Self::CountWhenSettled,
        Self::CountWhenExpired,
        Self::CountBeyondLimit,
        Self::SettleOtherGeneration,
        Self::SettleTwice,
        Self::SettleExpired,
        Self::CompleteOldApproval,
        Self::SettleBlocked,
        Self::SettleOtherBinding,
        Self::ForgetReservations,
        Self::WebhookOfOtherGeneration,
        Self::WebhookOfOtherCall,
        Self::WebhookWhenSettled,
        Self::AnswerTwice,
        Self::ApproveExpired,
        Self::ApproveExhausted,
        Self::ApproveUnanswered,
        Self::ApproveContested,
        Self::DenyUnblocked,
        Self::ProgressBackwards,
        Self::SweepAtExpiry,
        Self::ReplaceOtherProof,
        Self::ReplaceUnproven,
        Self::ChargeBeyondQuota,
        Self::StartBeyondAccounts,
        Self::StartOnBlockedNumber,
        Self::EnrolBeyondAccounts,
        Self::EnrolBlockedNumber,
        Self::KeepFormerAccount,
        Self::RefundTwice,
        Self::SettleDenied,
        Self::DenyOne,
        Self::FraudLeavesNumber,
        Self::ApproveByOtherMode,
        Self::WrongDigitsFree,
        Self::SpeakTwice,
    ];
}
