//! What kind of run it is: with small limits, so that every limit is reached, and with a theme, so that every
//! corner gets visited.

use std::time::Duration;

use domain::policy::{CallMode, Policy, UnverifiedBudget};

use crate::model::Sabotage;
use crate::world::World;

/// What the next request can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    StartSms,
    StartCall,
    Status,
    RightCode,
    WrongCode,
    OtherCode,
    MalformedCode,
    NextReport,
    OddReport,
    Forgery,
    Receipt,
}

const MOVES: [Move; 11] = [
    Move::StartSms,
    Move::StartCall,
    Move::Status,
    Move::RightCode,
    Move::WrongCode,
    Move::OtherCode,
    Move::MalformedCode,
    Move::NextReport,
    Move::OddReport,
    Move::Forgery,
    Move::Receipt,
];

/// How often each move is made, in the order of [`MOVES`], and other parameters of the run.
#[derive(Clone, Copy)]
struct Theme {
    weights: [u32; 11],
    /// Requests in flight at once.
    width: usize,
    /// Requests in total.
    requests: usize,
    /// Concurrent login sessions per person.
    sessions: usize,
    /// Maximum number of seconds between requests.
    gaps: &'static [u64],
    people: usize,
    /// Requests per thousand that are about a number change.
    changes: u32,
    /// People per thousand who have a number enrolled.
    enrolled: u32,
    /// Requests per thousand that are an operator's.
    operators: u32,
    /// Whether the limits shared between subjects are small.
    tight: bool,
    modes: &'static [CallMode],
}

const ANY: [CallMode; 3] = [CallMode::PressPound, CallMode::MatchDigits, CallMode::SpeakCode];

/// What a run concentrates on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lean {
    Everything,
    GuessesAtOnce,
    OneCall,
    TwoSignIns,
    DoubleClicks,
    Numbers,
    WrongGuesses,
    SuccessBetween,
    Sends,
    Days,
    Changes,
    SharedNumbers,
    Fraud,
    CallModes,
    Receipts,
    Switches,
}

impl Lean {
    const ALL: [Self; 16] = [
        Self::Everything,
        Self::GuessesAtOnce,
        Self::OneCall,
        Self::TwoSignIns,
        Self::DoubleClicks,
        Self::Numbers,
        Self::WrongGuesses,
        Self::SuccessBetween,
        Self::Sends,
        Self::Days,
        Self::Changes,
        Self::SharedNumbers,
        Self::Fraud,
        Self::CallModes,
        Self::Receipts,
        Self::Switches,
    ];

    /// The theme in which this fault of the store shows.
    pub(crate) const fn towards(sabotage: Sabotage) -> Self {
        match sabotage {
            Sabotage::ContinueOverSends
            | Sabotage::ContinueExpired
            | Sabotage::StartOverMovedSubject
            | Sabotage::ResendDropsCodes => Self::DoubleClicks,
            Sabotage::ContinueSettled
            | Sabotage::ContinueExhausted
            | Sabotage::ReplaceSettled
            | Sabotage::ReplaceMovedGeneration
            | Sabotage::ReplaceOverSends
            | Sabotage::SettleOtherGeneration => Self::Numbers,
            Sabotage::SettleOtherBinding => Self::Everything,
            Sabotage::RefundWindows => Self::Sends,
            Sabotage::CompareUncounted
            | Sabotage::CountWhenSettled
            | Sabotage::CountWhenExpired
            | Sabotage::CountBeyondLimit
            | Sabotage::SettleTwice
            | Sabotage::SettleExpired => Self::GuessesAtOnce,
            Sabotage::ForgetReservations => Self::SuccessBetween,
            Sabotage::ContestUnmarked
            | Sabotage::ApproveContested
            | Sabotage::FourDigitsUnasked
            | Sabotage::SettleBlocked => Self::TwoSignIns,
            Sabotage::WebhookOfOtherGeneration
            | Sabotage::WebhookOfOtherCall
            | Sabotage::WebhookWhenSettled
            | Sabotage::AnswerTwice
            | Sabotage::ApproveExpired
            | Sabotage::ApproveExhausted
            | Sabotage::ApproveUnanswered
            | Sabotage::DenyUnblocked
            | Sabotage::ProgressBackwards => Self::OneCall,
            Sabotage::ReplaceOtherProof
            | Sabotage::ReplaceNonProof
            | Sabotage::KeepFormerAccount
            | Sabotage::ReportLeavesProof => Self::Changes,
            Sabotage::ChargeBeyondQuota
            | Sabotage::StartBeyondAccounts
            | Sabotage::StartOnBlockedNumber
            | Sabotage::EnrolBeyondAccounts
            | Sabotage::EnrolBlockedNumber
            | Sabotage::FraudLeavesNumber
            | Sabotage::RefundTwice => Self::SharedNumbers,
            Sabotage::SettleDenied
            | Sabotage::DenyOne
            | Sabotage::ReportForgotSettled
            | Sabotage::ReportForgotReplaced
            | Sabotage::ReportTwice
            | Sabotage::ReportUnanswered
            | Sabotage::ReportByMachine
            | Sabotage::BlockUnreported
            | Sabotage::ReportLeavesSignIn
            | Sabotage::ReportTakesBackApproval => Self::Fraud,
            Sabotage::ApproveByOtherMode | Sabotage::WrongDigitsFree | Sabotage::SpeakTwice => Self::CallModes,
            Sabotage::CompleteOldApproval | Sabotage::SweepAtExpiry => Self::Days,
            Sabotage::ReceiptOfOtherMessage
            | Sabotage::ReceiptSaysLess
            | Sabotage::ResendKeepsReceipts
            | Sabotage::ReceiptApproves => Self::Receipts,
            Sabotage::SwitchOverAnother => Self::Switches,
        }
    }

    const fn theme(self) -> Theme {
        match self {
            Self::Everything => Theme {
                changes: 100,
                operators: 30,
                tight: true,
                modes: &ANY,
                ..Theme::of([6, 4, 3, 4, 4, 2, 1, 8, 3, 1, 2], 3, 14, 2, &[1, 20, 31, 70], 3)
            },
            Self::GuessesAtOnce => Theme::of([4, 1, 2, 6, 9, 3, 1, 1, 0, 0, 1], 5, 14, 1, &[1, 31], 1),
            Self::OneCall => Theme::of([1, 3, 3, 1, 1, 0, 0, 14, 5, 1, 1], 3, 14, 1, &[1, 5, 31], 1),
            Self::TwoSignIns => Theme::of([2, 5, 2, 2, 1, 1, 0, 12, 3, 0, 1], 3, 16, 2, &[1, 15, 31], 1),
            Self::DoubleClicks => Theme::of([9, 4, 0, 2, 2, 0, 0, 3, 0, 0, 3], 4, 10, 1, &[11, 31], 1),
            Self::Numbers => Theme::of([12, 3, 1, 4, 3, 3, 0, 4, 1, 0, 4], 4, 14, 1, &[1, 11, 31], 1),
            Self::WrongGuesses => Theme::of([7, 1, 1, 1, 14, 1, 1, 0, 0, 0, 2], 3, 24, 2, &[1, 31, 130, 310, 700], 1),
            Self::SuccessBetween => Theme::of([8, 0, 0, 3, 16, 0, 0, 0, 0, 0, 2], 3, 24, 2, &[1, 31, 130, 310], 1),
            Self::Sends => {
                Theme::of([9, 6, 2, 1, 0, 0, 0, 2, 1, 0, 3], 2, 16, 2, &[15, 31, 130, 601, 3_700, 86_401], 1)
            }
            Self::Days => {
                Theme::of([5, 3, 4, 4, 2, 2, 0, 8, 2, 1, 1], 2, 14, 2, &[1, 31, 200, 310, 901, 4_600, 86_401], 2)
            }
            Self::Changes => Theme {
                changes: 800,
                enrolled: 900,
                modes: &ANY,
                ..Theme::of([8, 3, 1, 12, 1, 1, 0, 8, 1, 0, 2], 3, 24, 1, &[1, 11, 31], 1)
            },
            Self::SharedNumbers => Theme {
                tight: true,
                changes: 100,
                ..Theme::of([14, 3, 1, 8, 2, 0, 0, 5, 1, 0, 1], 4, 20, 2, &[1, 31, 31, 130, 601], 3)
            },
            Self::Fraud => Theme {
                changes: 300,
                enrolled: 500,
                ..Theme::of([6, 5, 3, 8, 1, 1, 0, 12, 6, 0, 2], 4, 18, 2, &[1, 11, 31, 121], 1)
            },
            Self::Switches => Theme {
                changes: 150,
                operators: 250,
                ..Theme::of([8, 4, 4, 8, 1, 0, 0, 6, 0, 0, 1], 4, 20, 2, &[1, 11, 31, 80], 2)
            },
            Self::Receipts => Theme::of([9, 3, 2, 3, 2, 0, 0, 2, 0, 0, 14], 4, 20, 2, &[1, 5, 31, 130], 1),
            Self::CallModes => Theme {
                changes: 50,
                modes: &[CallMode::MatchDigits, CallMode::MatchDigits, CallMode::SpeakCode],
                ..Theme::of([2, 6, 2, 4, 1, 0, 0, 14, 5, 0, 1], 4, 16, 2, &[1, 5, 31, 141], 1)
            },
        }
    }
}

impl Theme {
    const fn of(
        weights: [u32; 11],
        width: usize,
        requests: usize,
        sessions: usize,
        gaps: &'static [u64],
        people: usize,
    ) -> Self {
        Self {
            weights,
            width,
            requests,
            sessions,
            gaps,
            people,
            changes: 0,
            enrolled: 300,
            operators: 0,
            tight: false,
            modes: &[CallMode::PressPound],
        }
    }
}

pub(crate) struct Plan {
    theme: Theme,
    pub(crate) requests: usize,
    pub(crate) width: usize,
    /// Nobody has a known number yet.
    pub(crate) newcomers: bool,
}

impl Plan {
    /// Draws a plan, with the given theme or a random one.
    pub(crate) fn draw(world: &mut World, lean: Option<Lean>) -> Self {
        let any = Lean::ALL[world.choose(Lean::ALL.len())];
        let lean = lean.unwrap_or(any);
        let theme = lean.theme();
        let width = 1 + world.choose(theme.width);
        world.fault_rate = [0, 0, 30, 100, 250][world.choose(5)];
        Self {
            theme,
            requests: theme.requests / 2 + world.choose(theme.requests),
            width,
            newcomers: lean == Lean::Numbers,
        }
    }

    pub(crate) const fn people(&self) -> usize {
        self.theme.people
    }

    /// Requests per thousand that are about a number change.
    pub(crate) const fn changes(&self) -> u32 {
        self.theme.changes
    }

    /// People per thousand who have a number enrolled.
    pub(crate) const fn enrolled(&self) -> u32 {
        self.theme.enrolled
    }

    /// Requests per thousand that are an operator's.
    pub(crate) const fn operators(&self) -> u32 {
        self.theme.operators
    }

    pub(crate) const fn sessions(&self) -> usize {
        self.theme.sessions
    }

    pub(crate) fn next_move(&self, world: &mut World) -> Move {
        let total: u32 = self.theme.weights.iter().sum();
        let mut left = world.choose(total as usize);
        for (weight, next) in self.theme.weights.iter().zip(MOVES) {
            let weight = *weight as usize;
            if left < weight {
                return next;
            }
            left -= weight;
        }
        Move::Status
    }

    pub(crate) fn gap(&self, world: &mut World) -> Duration {
        Duration::from_secs(self.theme.gaps[world.choose(self.theme.gaps.len())])
    }
}

/// A policy with small limits.
pub(crate) fn policy(world: &mut World, plan: &Plan) -> Policy {
    let mut up_to = |least: usize, most: usize| least + world.choose(most - least + 1);
    let mut small = |least, most| u32::try_from(up_to(least, most)).expect("small");
    let tight = plan.theme.tight;
    let mut shared = |least, most| if tight { small(least, most) } else { 1_000 };
    let (max_sends_number_short, max_sends_number_long) = (shared(2, 5), shared(3, 8));
    let (max_sends_number_unverified, max_sends_network) = (shared(2, 5), shared(4, 9));
    let max_accounts = if tight { shared(1, 2) } else { 3 };
    let (floor, per_range) = (shared(2, 7), shared(2, 6));
    let open_for = Duration::from_secs([60, 900][up_to(0, 1)]);
    let unverified = UnverifiedBudget { enforced: up_to(0, 4) > 0, floor, per_range, open_for, ..Default::default() };
    Policy {
        code_life: Duration::from_secs([60, 120, 300][up_to(0, 2)]),
        max_guesses: u32::try_from(up_to(2, 4)).expect("small"),
        max_sends: u32::try_from(up_to(2, 3)).expect("small"),
        cooldown: Duration::from_secs([10, 30][up_to(0, 1)]),
        max_sends_short: up_to(3, 6),
        max_sends_long: up_to(4, 9),
        max_calls_short: up_to(2, 3),
        max_sends_number_short,
        max_sends_number_long,
        max_sends_number_unverified,
        max_sends_network,
        max_accounts,
        unverified,
        delay_from_failures: u32::try_from(up_to(3, 6)).expect("small"),
        lock_at_failures: u32::try_from(up_to(4, 12)).expect("small"),
        fraud_block: Duration::from_secs([120, 3_600][up_to(0, 1)]),
        machine_detection: up_to(0, 4) > 0,
        call_mode: plan.theme.modes[up_to(0, plan.theme.modes.len() - 1)],
    }
}
