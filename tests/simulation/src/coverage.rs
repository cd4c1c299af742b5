//! Counts what happens in the runs, so that a simulation in which nothing interesting happens cannot pass.

use std::fmt;

/// Things that can happen in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    ApprovedByCode,
    ApprovedByCall,
    SettledByStatus,
    TokenAgain,
    Enrolled,
    SettledEnrolled,
    SettleRefused,
    ClosedAsRefused,
    RefusedShown,
    RefusedReplaced,
    RightCodeRefused,
    WrongCode,
    ForeignCode,
    Malformed,
    ClosedChallenge,
    Exhausted,
    Expired,
    NextGeneration,
    NumberChanged,
    Resent,
    SecondChannel,
    Delayed,
    Locked,
    Blocked,
    DeniedByFraudKey,
    DeniedBySecondReport,
    FormerCallReported,
    ApprovedOneReported,
    Contested,
    PoundOnContested,
    PoundByMachine,
    PoundTooLate,
    PoundOnExhausted,
    WebhookAgain,
    OldCall,
    Forged,
    SendLimit,
    SendFailed,
    SendUnknownDelivered,
    SendUnknownLost,
    ConflictRetried,
    RealConflict,
    StoreDown,
    AnswerLost,
    WrittenTwice,
    TornRead,
    TornReadNoticed,
    Abandoned,
    TimedOut,
    KeysDown,
    SignerDown,
    Swept,
    LoginTooOld,
    ManyAtOnce,
    DeniedByAnother,
    Refunded,
    WrongDigits,
    DigitsMatched,
    FourDigitsMatched,
    FourDigitsForMachine,
    SpokenCode,
    ChangeProven,
    NumberReplaced,
    ProofAsked,
    NumberLimit,
    NetworkLimit,
    RangeLimit,
    CountryLimit,
    NumberUnavailable,
    LiveCallElsewhere,
    ReceiptRecorded,
    ReceiptOfNoNews,
    ReceiptOfNoMessage,
    ArrivalShown,
    SwitchSet,
    SwitchCleared,
    SwitchConflict,
    ChannelPaused,
    EnrolmentPaused,
    SentSoonAfterAStop,
    ApprovedWhileStopped,
    OldSwitchesUsed,
}

impl Seen {
    pub(crate) const ALL: [Self; 82] = [
        Self::ApprovedByCode,
        Self::ApprovedByCall,
        Self::SettledByStatus,
        Self::TokenAgain,
        Self::Enrolled,
        Self::SettledEnrolled,
        Self::SettleRefused,
        Self::ClosedAsRefused,
        Self::RefusedShown,
        Self::RefusedReplaced,
        Self::RightCodeRefused,
        Self::WrongCode,
        Self::ForeignCode,
        Self::Malformed,
        Self::ClosedChallenge,
        Self::Exhausted,
        Self::Expired,
        Self::NextGeneration,
        Self::NumberChanged,
        Self::Resent,
        Self::SecondChannel,
        Self::Delayed,
        Self::Locked,
        Self::Blocked,
        Self::DeniedByFraudKey,
        Self::DeniedBySecondReport,
        Self::FormerCallReported,
        Self::ApprovedOneReported,
        Self::Contested,
        Self::PoundOnContested,
        Self::PoundByMachine,
        Self::PoundTooLate,
        Self::PoundOnExhausted,
        Self::WebhookAgain,
        Self::OldCall,
        Self::Forged,
        Self::SendLimit,
        Self::SendFailed,
        Self::SendUnknownDelivered,
        Self::SendUnknownLost,
        Self::ConflictRetried,
        Self::RealConflict,
        Self::StoreDown,
        Self::AnswerLost,
        Self::WrittenTwice,
        Self::TornRead,
        Self::TornReadNoticed,
        Self::Abandoned,
        Self::TimedOut,
        Self::KeysDown,
        Self::SignerDown,
        Self::Swept,
        Self::LoginTooOld,
        Self::ManyAtOnce,
        Self::DeniedByAnother,
        Self::Refunded,
        Self::WrongDigits,
        Self::DigitsMatched,
        Self::FourDigitsMatched,
        Self::FourDigitsForMachine,
        Self::SpokenCode,
        Self::ChangeProven,
        Self::NumberReplaced,
        Self::ProofAsked,
        Self::NumberLimit,
        Self::NetworkLimit,
        Self::RangeLimit,
        Self::CountryLimit,
        Self::NumberUnavailable,
        Self::LiveCallElsewhere,
        Self::ReceiptRecorded,
        Self::ReceiptOfNoNews,
        Self::ReceiptOfNoMessage,
        Self::ArrivalShown,
        Self::SwitchSet,
        Self::SwitchCleared,
        Self::SwitchConflict,
        Self::ChannelPaused,
        Self::EnrolmentPaused,
        Self::SentSoonAfterAStop,
        Self::ApprovedWhileStopped,
        Self::OldSwitchesUsed,
    ];
}

/// The number of runs in which each thing happened.
#[derive(Clone, Debug)]
pub(crate) struct Coverage([u32; Seen::ALL.len()]);

impl Default for Coverage {
    fn default() -> Self {
        Self([0; Seen::ALL.len()])
    }
}

impl Coverage {
    pub(crate) const fn note(&mut self, seen: Seen) {
        self.0[seen as usize] = 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }

    /// What happened in fewer than `runs` runs.
    pub(crate) fn below(&self, runs: u32) -> Vec<(Seen, u32)> {
        let counted = Seen::ALL.into_iter().map(|seen| (seen, self.0[seen as usize]));
        counted.filter(|(_, count)| *count < runs).collect()
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for seen in Seen::ALL {
            writeln!(out, "{:>8}  {seen:?}", self.0[seen as usize])?;
        }
        Ok(())
    }
}
