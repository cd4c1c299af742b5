//! Every attribute that is stored, by its name and what it is read as.

use std::marker::PhantomData;

use domain::administration::Action;
use domain::call::{AnsweredBy, CallState, FraudReport};
use domain::challenge::Method;
use domain::channel::Channel;
use domain::code::CodeMac;
use domain::delivery::Delivery;
use domain::locale::Locale;
use domain::phone::{Country, Line, PhoneNumber};
use domain::policy::BudgetMode;
use domain::purpose::Purpose;
use domain::receipt::{Fate, MessageId};
use domain::time::Timestamp;

use super::value::Shaped;

/// A text that is borrowed, not copied.
pub enum Text {}
/// A map that is borrowed, not copied. Its names are not attributes.
pub struct Map<T>(PhantomData<T>);
/// A part of an item, with attributes of its own.
pub enum Part {}
/// A set of byte strings, which only conditions look into.
pub enum ByteSet {}

impl Shaped for Text {
    fn kind() -> String {
        "S".to_owned()
    }
}

impl<T: Shaped> Shaped for Map<T> {
    fn kind() -> String {
        format!("{{{}}}", T::kind())
    }
}

impl Shaped for Part {
    fn kind() -> String {
        "M".to_owned()
    }
}

impl Shaped for ByteSet {
    fn kind() -> String {
        "BS".to_owned()
    }
}

pub struct Attribute<T> {
    pub name: &'static str,
    read_as: PhantomData<fn() -> T>,
}

impl<T> Attribute<T> {
    const fn named(name: &'static str) -> Self {
        Self { name, read_as: PhantomData }
    }
}

impl<T> Clone for Attribute<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Attribute<T> {}

macro_rules! attributes {
    ($($(#[$comment:meta])* $constant:ident: $read_as:ty = $name:literal;)*) => {
        $($(#[$comment])* pub const $constant: Attribute<$read_as> = Attribute::named($name);)*

        /// The names of them all.
        pub const NAMES: &[&str] = &[$($name),*];

        /// Each attribute with its kind and, where they are a closed set, its words.
        #[must_use]
        pub fn shapes() -> Vec<(&'static str, String, Vec<&'static str>)> {
            vec![$(($name, <$read_as>::kind(), <$read_as>::words())),*]
        }
    };
}

attributes! {
    // Every item.
    PK: Text = "pk";
    SK: Text = "sk";
    TTL: Timestamp = "ttl";
    /// The request that wrote it last, and the number of its write. A write that leaves it as it was has no request.
    WRITTEN_BY: Text = "writtenBy";

    // A subject, or a challenge: its number.
    PHONE: PhoneNumber = "phone";
    COUNTRY: Country = "country";
    LINE: Line = "line";
    LOCALE: Locale = "locale";
    BINDING: u64 = "binding";

    // A subject.
    VERSION: u64 = "version";
    FAILURES: u32 = "failures";
    LAST_FAILURE_AT: Timestamp = "lastFailureAt";
    LAST_SUCCESS_AT: Timestamp = "lastSuccessAt";
    GUESSES_RESERVED: Map<u32> = "guessesReserved";
    SMS_SENT: Vec<Timestamp> = "smsSent";
    CALLS_PLACED: Vec<Timestamp> = "callsPlaced";
    REFUSED_CALL_SESSION: [u8; 32] = "refusedCallSession";
    REFUSED_CALL_AT: Timestamp = "refusedCallAt";
    REPORTED_AT: Timestamp = "reportedAt";
    REPORTED_NUMBER: [u8; 32] = "reportedNumber";
    REPORTED_NUMBER_UNTIL: Timestamp = "reportedNumberUntil";
    DENIED_AT: Timestamp = "deniedAt";
    DENIED_VERSION: u64 = "deniedVersion";
    LOCKED_AT: Timestamp = "lockedAt";
    /// A map: `until`, and who opened it, with `adminBy` and `adminAt` of its own.
    OPENING: Map<Part> = "opening";
    ADMIN_ACTION: Action = "adminAction";
    ADMIN_BY: Text = "adminBy";
    ADMIN_AT: Timestamp = "adminAt";
    ADMIN_ACTIONS: u64 = "adminActions";

    // A subject, or a number.
    BLOCKED_UNTIL: Timestamp = "blockedUntil";

    // A number.
    ACCOUNTS: ByteSet = "accounts";

    // A challenge.
    GENERATION: u32 = "generation";
    NUMBER_SOURCE: Text = "numberSource";
    FORMER_PHONE: PhoneNumber = "formerPhone";
    FORMER_PROVEN_AT: Timestamp = "formerProvenAt";
    PURPOSE: Purpose = "purpose";
    CLAIM_MISMATCH: bool = "claimMismatch";
    CHARGED: Map<u32> = "charged";
    SUBJECT_VERSION: u64 = "subjectVersion";
    CREATED_AT: Timestamp = "createdAt";
    EXPIRES_AT: Timestamp = "expiresAt";
    ATTEMPTS: u32 = "attempts";
    CARRIED: u32 = "carried";
    MAX_ATTEMPTS: u32 = "maxAttempts";
    LAST_GUESS_AT: Timestamp = "lastGuessAt";
    OUTCOME: Text = "outcome";
    APPROVED_AT: Timestamp = "approvedAt";
    APPROVED_BY: Method = "approvedBy";
    SETTLED: bool = "settled";
    CODES: Vec<CodeMac> = "codes";
    SPOKEN_CODES: Vec<CodeMac> = "spokenCodes";
    SMS_USED: u32 = "smsUsed";
    SMS_AT: Timestamp = "smsAt";
    SMS_DELIVERY: Delivery = "smsDelivery";
    /// Of the latest message, as are the next six.
    RECEIPT_DIGESTS: Vec<[u8; 32]> = "receiptDigests";
    RECEIPT_SAYS: Fate = "receiptSays";
    /// The rank of what it says, for the condition.
    RECEIPT_RANK: u32 = "receiptRank";
    RECEIPT_MESSAGE: MessageId = "receiptMessage";
    RECEIPT_AT: Timestamp = "receiptAt";
    RECEIPT_NOTED_AT: Timestamp = "receiptNotedAt";
    /// In millionths of a US dollar.
    RECEIPT_PRICE: u32 = "receiptPrice";
    CALLS_USED: u32 = "callsUsed";
    CALLS_AT: Timestamp = "callsAt";
    CALLS_DELIVERY: Delivery = "callsDelivery";
    CALL_TOKEN: [u8; 32] = "callToken";
    CALL_PLACED_AT: Timestamp = "callPlacedAt";
    CALL_STATE: CallState = "callState";
    ANSWERED_BY: AnsweredBy = "answeredBy";
    CALL_ANSWERED_AT: Timestamp = "callAnsweredAt";
    WRONG_KEYS: u32 = "wrongKeys";
    CALL_REPORT: FraudReport = "callReport";
    FORMER_CALLS: Map<Part> = "formerCalls";
    MACHINE_ANSWERED_AT: Timestamp = "machineAnsweredAt";
    ANSWERS: u32 = "answers";
    CONTESTED: bool = "contested";
    KEEP_UNTIL: Timestamp = "keepUntil";

    // A former call, within its challenge.
    UNVERIFIED: bool = "unverified";

    // A refused start.
    REFUSED_AT: Timestamp = "refusedAt";
    REASON: Text = "reason";
    CHANNEL: Channel = "channel";
    REFUSALS: u64 = "refusals";

    // The switches; each is a map, with `reason`, `adminBy` and `adminAt` of its own.
    SWITCHES: Map<Part> = "switches";
    UNTIL: Timestamp = "until";
    MODE: BudgetMode = "mode";

    // A counter. It is below zero where more was given back than is remembered.
    USED: i64 = "used";
    QUOTA: u32 = "quota";

    // A country.
    VERIFIED: u32 = "verified";
    OPENED_AT: Timestamp = "openedAt";
    OPEN_UNTIL: Timestamp = "openUntil";
}
