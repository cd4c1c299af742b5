//! Every limit and duration of the factor, in one typed place with its default and source.

use crate::code::DigitCount;
use crate::words::words;

use std::time::Duration;

/// Limits, lifetimes and delays. A deployment may override each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How long after the last send a code or a call can approve. NIST SP 800-63B-4 §3.1.3.2 allows 10
    /// minutes at most.
    pub code_life: Duration,
    /// Guesses that one challenge judges, however many arrive at the same time (PSD2 RTS 4(3)(b)).
    pub max_guesses: u32,
    /// Messages, or calls, within one challenge.
    pub max_sends: u32,
    /// Minimum time between two sends of one channel.
    pub cooldown: Duration,
    /// Messages and calls to one subject in [`Policy::SHORT_WINDOW`].
    pub max_sends_short: usize,
    /// Messages and calls to one subject in [`Policy::LONG_WINDOW`].
    pub max_sends_long: usize,
    /// Calls to one subject in [`Policy::SHORT_WINDOW`]. One more if a machine answered one in it.
    pub max_calls_short: usize,
    /// Sends to one number in [`Policy::SHORT_WINDOW`], by subjects for whom it is verified.
    pub max_sends_number_short: u32,
    /// Sends to one number in [`Policy::LONG_WINDOW`], by subjects for whom it is verified.
    pub max_sends_number_long: u32,
    /// Sends to one number in [`Policy::LONG_WINDOW`], by subjects for whom it is unverified.
    pub max_sends_number_unverified: u32,
    /// Sends requested from one network in [`Policy::SHORT_WINDOW`].
    pub max_sends_network: u32,
    /// Accounts that may enrol one number.
    pub max_accounts: u32,
    /// Each country's budget of unverified sends.
    pub unverified: UnverifiedBudget,
    /// From how many consecutive failures of a subject the next challenge has to wait.
    pub delay_from_failures: u32,
    /// Consecutive failures that disable the factor (NIST SP 800-63B-4 §3.2.2: 100 at most).
    pub lock_at_failures: u32,
    /// How long a subject is blocked after its second report of fraud.
    pub fraud_block: Duration,
    /// Whether only a call judged human can be approved by `#` or two digits, or say a code.
    pub machine_detection: bool,
    pub call_mode: CallMode,
}

impl Policy {
    /// The limits of a deployment that sets none.
    pub const DEFAULT: Self = Self {
        code_life: Duration::from_mins(5),
        max_guesses: 5,
        max_sends: 3,
        cooldown: Duration::from_secs(30),
        max_sends_short: 5,
        max_sends_long: 10,
        max_calls_short: 2,
        max_sends_number_short: 5,
        max_sends_number_long: 10,
        max_sends_number_unverified: 3,
        max_sends_network: 20,
        max_accounts: 5,
        unverified: UnverifiedBudget::DEFAULT,
        delay_from_failures: 10,
        lock_at_failures: 100,
        fraud_block: Duration::from_hours(24),
        machine_detection: true,
        call_mode: CallMode::PressPound,
    };

    /// The short window over which sends are counted, calls included.
    pub const SHORT_WINDOW: Duration = Duration::from_mins(10);
    /// The long window over which sends are counted, calls included.
    pub const LONG_WINDOW: Duration = Duration::from_hours(24);
    /// No code outlives this, resends included (NIST SP 800-63B-4 §3.1.3.2).
    pub const MAX_CODE_LIFE: Duration = Duration::from_mins(10);
    /// How long after a send the page starts to offer the other channel.
    pub const PATIENCE: Duration = Duration::from_secs(30);
    /// How long the phone rings before a call counts as not answered.
    pub const RING: Duration = Duration::from_secs(20);
    /// How long another sign-in of the same subject keeps `#` from approving, counted from what it last did.
    pub const CONTEST_WINDOW: Duration = Duration::from_mins(10);
    /// The longest a call can last once it is answered.
    pub const TALK: Duration = Duration::from_mins(2);
    /// How long after a call was placed the fraud key counts in it, whatever became of its challenge meanwhile.
    pub const REPORT_WINDOW: Duration = Duration::from_mins(3);
    /// How long after a first report nobody is called.
    pub const CALL_PAUSE: Duration = Duration::from_mins(10);
    /// How long after a report the next one blocks the subject.
    pub const REPORT_MEMORY: Duration = Duration::from_hours(24);
    /// Wrong keys after which a call ends.
    pub const MAX_WRONG_KEYS: u32 = 3;
    /// How much the clocks of two functions may differ. A challenge counts as certainly over only this long
    /// after it has expired.
    pub const CLOCK_SKEW: Duration = Duration::from_mins(1);
    /// How long a result token is valid.
    pub const RESULT_LIFE: Duration = Duration::from_mins(5);
    /// How long after the current number is proven the new one can be given.
    pub const CHANGE_WINDOW: Duration = Duration::from_mins(10);
    /// How long an administrator's opening lasts.
    pub const OPENING: Duration = Duration::from_hours(24);
    /// The first delay, which doubles with each further failure.
    pub const FIRST_DELAY: Duration = Duration::from_secs(30);
    /// The longest delay.
    pub const LONGEST_DELAY: Duration = Duration::from_hours(1);

    /// How long a new challenge has to wait after the last of `failures` consecutive failures.
    #[must_use]
    pub fn delay_after(&self, failures: u32) -> Duration {
        let Some(beyond) = failures.checked_sub(self.delay_from_failures) else {
            return Duration::ZERO;
        };
        Self::FIRST_DELAY.saturating_mul(2_u32.saturating_pow(beyond)).min(Self::LONGEST_DELAY)
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The rules for the budget of unverified sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnverifiedBudget {
    /// Whether a used-up budget refuses sends, or is only reported.
    pub enforced: bool,
    /// The minimum budget of each country per day.
    pub floor: u32,
    /// The budget as a percentage of the subjects verified per day.
    pub share_percent: u32,
    /// The factor by which a budget can grow in a week.
    pub growth: u32,
    /// The budget of each range of ten thousand numbers per day.
    pub per_range: u32,
    /// How long the breaker stays open.
    pub open_for: Duration,
}

impl UnverifiedBudget {
    /// The budget of a deployment that sets none.
    pub const DEFAULT: Self = Self {
        enforced: true,
        floor: 10,
        share_percent: 5,
        growth: 2,
        per_range: 4,
        open_for: Duration::from_mins(15),
    };
}

impl Default for UnverifiedBudget {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What becomes of sends for which a budget has nothing left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetMode {
    /// They are refused.
    Enforce,
    /// They are counted and made.
    RecordOnly,
}

words!(BudgetMode {
    Enforce => "enforce",
    RecordOnly => "record-only",
});

impl BudgetMode {
    #[must_use]
    pub const fn is_enforced(self) -> bool {
        matches!(self, Self::Enforce)
    }
}

/// What a call asks for. The same for all calls of a deployment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CallMode {
    /// `#` approves, and no secret passes between page and phone. Where `#` is not enough to sign in, four digits
    /// that the page shows approve.
    #[default]
    PressPound,
    /// The page shows two digits, which the user enters in the call. One entry is judged per call: a right
    /// one approves, a wrong one ends the call and counts as a guess.
    MatchDigits,
    /// The call says a code, which the user types on the page. It is judged like a code sent by message.
    SpeakCode,
}

impl CallMode {
    /// How many digits a call asks for, if it asks for any.
    #[must_use]
    pub const fn digits(self) -> Option<DigitCount> {
        match self {
            Self::PressPound => Some(DigitCount::Four),
            Self::MatchDigits => Some(DigitCount::Two),
            Self::SpeakCode => None,
        }
    }
}

words!(CallMode {
    PressPound => "press-pound",
    MatchDigits => "match-digits",
    SpeakCode => "speak-code",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_start_at_ten_failures_and_double_from_thirty_seconds_to_an_hour() {
        let delays = [9, 10, 11, 12, 16, 17, 99].map(|failures| Policy::default().delay_after(failures).as_secs());
        assert_eq!(delays, [0, 30, 60, 120, 1920, 3600, 3600]);
    }
}
