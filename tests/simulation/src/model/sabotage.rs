//! Faults to build into the model: each leaves out a term of a condition or a part of a write.

/// What the model does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// A start is applied although its subject has changed since it was read.
    StartOverMovedSubject,
    /// A resend overwrites another that it has not read.
    ContinueOverSends,
    /// A resend continues a generation that is settled.
    ContinueSettled,
    /// A resend continues a generation that has expired.
    ContinueExpired,
    /// A resend continues a generation whose guesses are used up.
    ContinueExhausted,
    /// A settled generation is replaced.
    ReplaceSettled,
    /// A generation is replaced although guesses at it have not been accounted for.
    ReplaceMovedGeneration,
    /// A generation is replaced although sends of it have not been carried over.
    ReplaceOverSends,
    /// The second start does not mark the first as contested.
    ContestUnmarked,
    /// A resend invalidates codes still on their way.
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
    /// A generation is approved by a guess at another.
    SettleOtherGeneration,
    /// A settled challenge is settled again.
    SettleTwice,
    /// A challenge is approved after its expiry.
    SettleExpired,
    /// An approval is settled although its result has expired.
    CompleteOldApproval,
    /// A blocked subject is settled.
    SettleBlocked,
    /// A challenge for one binding is settled on another.
    SettleOtherBinding,
    /// A success also returns the guesses reserved for other challenges.
    ForgetReservations,
    /// A webhook of a replaced generation counts.
    WebhookOfOtherGeneration,
    /// A webhook of an older call counts.
    WebhookOfOtherCall,
    /// A webhook changes a settled challenge.
    WebhookWhenSettled,
    /// A call is answered twice.
    AnswerTwice,
    /// `#` approves after expiry.
    ApproveExpired,
    /// `#` approves although every guess is used up.
    ApproveExhausted,
    /// `#` approves no matter who answered the call.
    ApproveUnanswered,
    /// `#` approves one of two contested sign-ins.
    ApproveContested,
    /// Four digits approve in a call that does not ask for them.
    FourDigitsUnasked,
    /// `0` denies but does not block.
    DenyUnblocked,
    /// A report is not counted once its challenge is approved.
    ReportForgotSettled,
    /// A report is not counted once its call is replaced.
    ReportForgotReplaced,
    /// A repeated webhook counts as a second report.
    ReportTwice,
    /// `0` reports no matter who answered the call.
    ReportUnanswered,
    /// `0` reports fraud in a call that a machine answered.
    ReportByMachine,
    /// A second `0` blocks although there was no first.
    BlockUnreported,
    /// A report does not stop its sign-in.
    ReportLeavesSignIn,
    /// A report does not stop the number change whose first step is done.
    ReportLeavesProof,
    /// A report takes back an approval.
    ReportTakesBackApproval,
    /// A late webhook moves a call back to an earlier state.
    ProgressBackwards,
    /// A challenge is deleted as soon as it has expired.
    SweepAtExpiry,
    /// A proof is replaced although it is not the one that was read.
    ReplaceOtherProof,
    /// A generation is replaced as a proof although it is not one.
    ReplaceNonProof,
    /// A send is charged beyond the quota.
    ChargeBeyondQuota,
    /// A send goes to a number that has no room for one more account.
    StartBeyondAccounts,
    /// A send goes to a reported number that was only typed.
    StartOnBlockedNumber,
    /// A number gets more accounts than allowed.
    EnrolBeyondAccounts,
    /// A reported number is enrolled by a user who only typed it.
    EnrolBlockedNumber,
    /// A replaced number keeps its account.
    KeepFormerAccount,
    /// An enrolment gives back its charges twice.
    RefundTwice,
    /// A challenge that was denied together with another is settled.
    SettleDenied,
    /// `0` denies only that one challenge.
    DenyOne,
    /// `0` does not block a number that was only being enrolled.
    FraudLeavesNumber,
    /// A key approves in every mode.
    ApproveByOtherMode,
    /// Wrong digits are not counted.
    WrongDigitsFree,
    /// A call says a code that the challenge already has.
    SpeakTwice,
    /// A receipt counts for a message that it is not about.
    ReceiptOfOtherMessage,
    /// A receipt that says less than is known replaces it.
    ReceiptSaysLess,
    /// What is known of a message is kept for the next one.
    ResendKeepsReceipts,
    /// A delivered message approves its challenge.
    ReceiptApproves,
    /// A switch is set over another that was set since the read.
    SwitchOverAnother,
}

impl Sabotage {
    pub const ALL: [Self; 63] = [
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
        Self::FourDigitsUnasked,
        Self::DenyUnblocked,
        Self::ReportForgotSettled,
        Self::ReportForgotReplaced,
        Self::ReportTwice,
        Self::ReportUnanswered,
        Self::ReportByMachine,
        Self::BlockUnreported,
        Self::ReportLeavesSignIn,
        Self::ReportLeavesProof,
        Self::ReportTakesBackApproval,
        Self::ProgressBackwards,
        Self::SweepAtExpiry,
        Self::ReplaceOtherProof,
        Self::ReplaceNonProof,
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
        Self::ReceiptOfOtherMessage,
        Self::ReceiptSaysLess,
        Self::ResendKeepsReceipts,
        Self::ReceiptApproves,
        Self::SwitchOverAnother,
    ];
}
