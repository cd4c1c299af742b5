//! Changes, and the types of their events.

use serde_json::{Value, json};

use crate::items::{MAC, NUMBER, OTHER_NUMBER, account, call, challenge, limit, number_partition, refusal, with};

/// What happens, the item before and after, and the types of its events.
pub(crate) type Case = (&'static str, Value, Value, &'static [&'static str]);

pub(crate) const NOTHING: Value = Value::Null;

fn of_a_start() -> Vec<Case> {
    let sms = challenge();
    vec![
        ("a code is sent", NOTHING, sms.clone(), &["challenge.started", "challenge.sent"]),
        ("a call is placed", NOTHING, call(), &["challenge.started", "challenge.sent"]),
        (
            "a typed number, before there were countries on items",
            NOTHING,
            with(
                &sms,
                &json!({ "numberSource": "typed", "binding": null, "country": null, "line": null, "purpose": null }),
            ),
            &["challenge.started", "challenge.sent"],
        ),
        (
            "the first factor vouches for another number, while another session runs",
            NOTHING,
            with(&sms, &json!({ "claimMismatch": true, "contested": true })),
            &["challenge.started", "phone.claim-mismatch", "challenge.contested", "challenge.sent"],
        ),
        ("a test number", NOTHING, with(&sms, &json!({ "numberSource": "test" })), &["challenge.started"]),
        (
            "a new number is to be proven",
            NOTHING,
            with(
                &sms,
                &json!({ "numberSource": "replacing", "purpose": "change", "phone": OTHER_NUMBER, "country": "ES" }),
            ),
            &["challenge.started", "challenge.sent"],
        ),
    ]
}

fn of_a_challenge() -> Vec<Case> {
    let (sms, call) = (challenge(), call());
    vec![
        case(
            "a test number is given its code once more",
            (
                with(&sms, &json!({ "numberSource": "test" })),
                with(&sms, &json!({ "numberSource": "test", "smsUsed": 2, "smsAt": 1_800_000_031 })),
            ),
            &[],
        ),
        case(
            "another number is given",
            (
                with(&sms, &json!({ "attempts": 3, "contested": true, "numberSource": "typed" })),
                with(
                    &sms,
                    &json!({
                        "generation": 2, "attempts": 3, "numberSource": "typed", "phone": OTHER_NUMBER,
                        "country": "ES", "createdAt": 1_800_000_040, "smsAt": 1_800_000_040,
                    }),
                ),
            ),
            &["challenge.started", "challenge.sent"],
        ),
        case("a code is sent again", from(&sms, &json!({ "smsUsed": 2, "smsAt": 1_800_000_030 })), &["challenge.sent"]),
        case(
            "the other channel is added",
            from(
                &sms,
                &json!({ "callsUsed": 1, "callsAt": 1_800_000_031, "callsDelivery": "sending", "callToken": MAC }),
            ),
            &["challenge.sent"],
        ),
        case(
            "the message was surely not sent",
            from(&sms, &json!({ "smsUsed": 0, "smsDelivery": "failed" })),
            &["challenge.send-failed"],
        ),
        case(
            "nobody knows whether the call was placed",
            from(&call, &json!({ "callsDelivery": "unknown" })),
            &["challenge.send-failed"],
        ),
        case("a guess is counted", from(&sms, &json!({ "attempts": 4, "lastGuessAt": 1_800_000_020 })), &[]),
        case(
            "the last guess is counted",
            (
                with(&sms, &json!({ "attempts": 4, "lastGuessAt": 1_800_000_020 })),
                with(&sms, &json!({ "attempts": 5, "lastGuessAt": 1_800_000_021 })),
            ),
            &["challenge.exhausted"],
        ),
        case(
            "the right code, with the last guess",
            (
                with(&sms, &json!({ "attempts": 5, "lastGuessAt": 1_800_000_021 })),
                with(
                    &sms,
                    &json!({
                        "attempts": 5, "lastGuessAt": 1_800_000_021, "outcome": "approved", "settled": true,
                        "approvedAt": 1_800_000_021, "approvedBy": "sms-code",
                    }),
                ),
            ),
            &["challenge.approved"],
        ),
        case("a phone rings", (with(&call, &json!({ "callState": "calling" })), call.clone()), &[]),
        case("another session starts", from(&call, &json!({ "contested": true })), &["challenge.contested"]),
    ]
}

fn of_a_message() -> Vec<Case> {
    let known = |says: &str, rank: u64| {
        let receipt = json!({
            "receiptSays": says, "receiptRank": rank, "receiptMessage": "9539975a-e71f-45f3", "receiptAt": 1_800_000_004,
            "receiptNotedAt": 1_800_000_005, "receiptPrice": 8_810,
        });
        with(&challenge(), &receipt)
    };
    let (queued, accepted, failed, delivered) =
        (known("on-its-way", 1), known("accepted", 2), known("unreachable", 3), known("delivered", 4));
    vec![
        case("a message is on its way", (challenge(), queued.clone()), &[]),
        case("a message is delivered", (queued.clone(), delivered.clone()), &["message.delivered"]),
        case(
            "a carrier accepts a message and reports no more",
            (challenge(), accepted.clone()),
            &["message.delivered"],
        ),
        case("the phone confirms what the carrier accepted", (accepted.clone(), delivered.clone()), &[]),
        case("a message is not delivered", (queued, failed.clone()), &["message.failed"]),
        case("a message that the carrier accepted is not delivered", (accepted, failed.clone()), &["message.failed"]),
        case("a message is delivered after all", (failed.clone(), delivered.clone()), &["message.delivered"]),
        case(
            "a code is sent again, and the next message starts anew",
            (failed, with(&challenge(), &json!({ "smsUsed": 2, "smsAt": 1_800_000_030 }))),
            &["challenge.sent"],
        ),
        case(
            "a guess is counted after the message was delivered",
            from(&delivered, &json!({ "attempts": 1, "lastGuessAt": 1_800_000_020 })),
            &[],
        ),
    ]
}

fn of_an_end() -> Vec<Case> {
    let (sms, call) = (challenge(), call());
    let by_code = json!({
        "outcome": "approved", "settled": true, "approvedAt": 1_800_000_021, "approvedBy": "sms-code",
    });
    let approved = with(&call, &by_code);
    let former = |report: &Value| {
        let former = json!({
            "callToken": MAC, "callPlacedAt": 1_800_000_000, "callState": "answered", "answeredBy": "human",
            "wrongKeys": 0, "phone": NUMBER,
        });
        with(&with(&sms, &by_code), &json!({ "formerCalls": { "token": with(&former, report) } }))
    };
    vec![
        case(
            "the fraud key",
            from(&call, &json!({ "outcome": "denied", "callReport": "stopped" })),
            &["challenge.denied"],
        ),
        case(
            "the fraud key after a code was entered",
            from(&approved, &json!({ "callReport": "stopped" })),
            &["challenge.reported"],
        ),
        case(
            "the fraud key again, after a code was entered",
            (
                with(&approved, &json!({ "callReport": "stopped" })),
                with(&approved, &json!({ "callReport": "blocked" })),
            ),
            &[],
        ),
        case(
            "the fraud key in the call to another number, after a code was entered",
            (former(&json!({})), former(&json!({ "callReport": "stopped" }))),
            &["challenge.reported"],
        ),
        case("no settlement", from(&call, &json!({ "outcome": "refused" })), &["challenge.not-settled"]),
        ("a challenge is forgotten", sms, NOTHING, &[]),
    ]
}

fn of_an_approval_by_call() -> Vec<Case> {
    let approved =
        |by: &str| with(&call(), &json!({ "outcome": "approved", "approvedAt": 1_800_000_015, "approvedBy": by }));
    let settled = |by: &str| with(&approved(by), &json!({ "settled": true }));
    let wrong_digits = |attempts: u32| {
        with(&call(), &json!({ "attempts": attempts, "lastGuessAt": 1_800_000_014, "callState": "ended" }))
    };
    let spoken = with(&call(), &json!({ "callState": "answered", "answeredBy": "human", "spokenCodes": [MAC] }));
    vec![
        ("pound is pressed, and the account not asked yet", call(), approved("press-pound"), &[]),
        (
            "the account agrees to the pound key",
            approved("press-pound"),
            settled("press-pound"),
            &["challenge.approved"],
        ),
        (
            "the account agrees to the digits",
            approved("match-digits"),
            settled("match-digits"),
            &["challenge.approved"],
        ),
        ("wrong digits are keyed, which ends the call", call(), wrong_digits(1), &[]),
        (
            "wrong digits are the last guess",
            with(&call(), &json!({ "attempts": 4 })),
            wrong_digits(5),
            &["challenge.exhausted"],
        ),
        ("a call says a code", call(), spoken.clone(), &[]),
        (
            "the code of a call",
            with(&spoken, &json!({ "attempts": 1, "lastGuessAt": 1_800_000_014 })),
            settled("spoken-code"),
            &["challenge.approved"],
        ),
    ]
}

fn of_an_account() -> Vec<Case> {
    let bare = with(&account(), &json!({ "phone": null, "binding": null, "country": null, "line": null }));
    let admin = |action: &str| json!({ "adminAction": action, "adminBy": "arn:aws:iam::123456789012:user/ops", "adminAt": 1_800_000_001 });
    let by_admin = |base: &Value, action: &str, change: &Value| with(&with(base, &admin(action)), change);
    let blocked =
        with(&account(), &json!({ "blockedUntil": 1_800_086_400, "deniedAt": 1_799_999_990, "deniedVersion": 12 }));
    let locked = with(&account(), &json!({ "failures": 100, "lockedAt": 1_799_999_000 }));
    let gone = json!({ "phone": null, "binding": null, "country": null, "line": null, "version": 13 });
    let reset = by_admin(&account(), "reset", &gone);
    vec![
        ("an account is new", NOTHING, bare.clone(), &[]),
        ("a start", account(), with(&account(), &json!({ "version": 13, "smsSent": [] })), &[]),
        (
            "a number is enrolled",
            bare.clone(),
            with(&account(), &json!({ "lastSuccessAt": 1_800_000_001 })),
            &["phone.enrolled"],
        ),
        (
            "a number is changed",
            account(),
            with(&account(), &json!({ "phone": OTHER_NUMBER, "country": "ES", "lastSuccessAt": 1_800_000_001 })),
            &["phone.changed"],
        ),
        ("an administrator resets the phone", account(), reset.clone(), &["phone.reset"]),
        ("an administrator resets what is reset", bare.clone(), by_admin(&bare, "reset", &json!({})), &["phone.reset"]),
        ("a login after a reset", reset.clone(), with(&reset, &json!({ "version": 14 })), &[]),
        ("a number is removed past the API", account(), with(&account(), &gone), &["phone.reset"]),
        ("the fraud key", account(), with(&account(), &json!({ "reportedAt": 1_800_000_001 })), &["fraud.reported"]),
        (
            "the fraud key again",
            with(&account(), &json!({ "reportedAt": 1_800_000_001 })),
            with(
                &account(),
                &json!({
                    "reportedAt": 1_800_000_001, "blockedUntil": 1_800_086_401, "deniedAt": 1_800_000_001,
                    "deniedVersion": 13,
                }),
            ),
            &["fraud.reported"],
        ),
        (
            "the fraud key at a number that was typed, at the end of another block",
            with(&bare, &json!({ "blockedUntil": 1_800_000_009, "deniedAt": 1_799_913_609, "deniedVersion": 3 })),
            with(
                &bare,
                &json!({
                    "blockedUntil": 1_800_086_410, "deniedAt": 1_800_000_010, "deniedVersion": 12, "reportedNumber": MAC,
                }),
            ),
            &["fraud.reported"],
        ),
        (
            "an administrator unblocks",
            blocked.clone(),
            by_admin(&blocked, "unblock", &json!({ "blockedUntil": null })),
            &["subject.unblocked"],
        ),
        (
            "an administrator unblocks, and with it the number that was reported",
            with(&blocked, &json!({ "reportedNumber": MAC })),
            by_admin(&blocked, "unblock", &json!({ "blockedUntil": null })),
            &["subject.unblocked"],
        ),
        (
            "the block is removed past the API",
            blocked.clone(),
            with(&blocked, &json!({ "blockedUntil": null })),
            &["subject.unblocked"],
        ),
        ("a hundred failures", with(&account(), &json!({ "failures": 100 })), locked.clone(), &["subject.locked"]),
        (
            "an administrator unlocks",
            locked.clone(),
            by_admin(&locked, "unlock", &json!({ "failures": 0, "lockedAt": null })),
            &["subject.unlocked"],
        ),
        (
            "an administrator resets a phone that is locked and blocked",
            with(&blocked, &json!({ "failures": 100, "lockedAt": 1_799_999_000 })),
            reset,
            &["phone.reset", "subject.unlocked", "subject.unblocked"],
        ),
        ("a start is refused", NOTHING, refusal(), &["challenge.refused"]),
        (
            "a start is refused again, in the same second",
            refusal(),
            with(&refusal(), &json!({ "refusals": 2, "channel": "call", "reason": "locked" })),
            &["challenge.refused"],
        ),
    ]
}

fn of_an_opening() -> Vec<Case> {
    let opening = |until: u64| json!({ "until": until, "adminBy": "arn:aws:iam::123456789012:user/ops", "adminAt": until - 86_400 });
    let bare = with(&account(), &json!({ "phone": null, "binding": null, "country": null, "line": null }));
    let opened = with(&bare, &json!({ "opening": opening(1_800_086_400) }));
    let first = json!({ "version": 1, "failures": null, "smsSent": null, "callsPlaced": null, "lastSuccessAt": null });
    let again = with(&opened, &json!({ "opening": opening(1_800_086_500) }));
    vec![
        ("an administrator opens enrolment", bare.clone(), opened.clone(), &["subject.enrolment-opened"]),
        (
            "an administrator opens enrolment for an account that nothing is known of",
            NOTHING,
            with(&opened, &first),
            &["subject.enrolment-opened"],
        ),
        ("an administrator opens enrolment again", opened.clone(), again, &["subject.enrolment-opened"]),
        ("a login begins under an opening", opened.clone(), with(&opened, &json!({ "version": 13 })), &[]),
        (
            "an opening is used up",
            opened,
            with(&account(), &json!({ "lastSuccessAt": 1_800_000_001 })),
            &["phone.enrolled"],
        ),
    ]
}

fn of_what_is_shared() -> Vec<Case> {
    let number = number_partition(NUMBER);
    let of_number = |used| limit(&number, "number-long#20833#0", used);
    let country = |used| limit("country#ES", "country-sms#20833#3", used);
    let breaker = json!({
        "pk": "country#ES", "sk": "breaker#call", "openedAt": 1_800_000_001, "openUntil": 1_800_003_600, "ttl": 1_800_007_200,
    });
    let owned = json!({ "pk": number.clone(), "sk": "number" });
    vec![
        ("a send counts", of_number(8), of_number(9), &[]),
        ("the last send of a number", of_number(9), of_number(10), &["limit.reached"]),
        ("a send beyond a limit that only records", of_number(10), of_number(11), &[]),
        ("a send is given back", of_number(10), of_number(9), &[]),
        (
            "the last send of a network",
            NOTHING,
            with(&limit("network#203.0.113.7", "network#3000000#0", 1), &json!({ "quota": 1 })),
            &["limit.reached"],
        ),
        (
            "the last send of a range",
            limit("range#+1415555", "range-unverified#20833#0", 9),
            limit("range#+1415555", "range-unverified#20833#0", 10),
            &["limit.reached"],
        ),
        ("the last send of a country's shard", country(9), country(10), &["limit.reached"]),
        ("a breaker opens", NOTHING, breaker.clone(), &["breaker.opened"]),
        ("a breaker stays open", breaker.clone(), with(&breaker, &json!({ "openUntil": 1_800_007_200 })), &[]),
        (
            "a number is reported",
            owned.clone(),
            with(&owned, &json!({ "blockedUntil": 1_800_086_400 })),
            &["number.blocked"],
        ),
        ("a number's block is lifted", with(&owned, &json!({ "blockedUntil": 1_800_086_400 })), owned.clone(), &[]),
        ("a country's statistics", NOTHING, json!({ "pk": "country#ES", "sk": "verified#20833", "verified": 10 }), &[]),
    ]
}

fn of_the_switches() -> Vec<Case> {
    let (soon, later) = (1_800_000_060_u64, 1_800_007_200_u64);
    let set = |until: u64| json!({ "reason": "toll fraud", "until": until, "adminBy": JANE, "adminAt": 1_800_000_000 });
    let item = |version: u64, switches: Value| {
        json!({
            "pk": "switches", "sk": "switches", "version": version, "switches": switches,
            "adminBy": JOE, "adminAt": 1_800_000_001,
        })
    };
    let stopped = item(1, json!({ "call-ES": set(later) }));
    let both = item(2, json!({ "call-ES": set(later), "sms": set(soon) }));
    let mode = with(&set(later), &json!({ "mode": "record-only" }));
    vec![
        ("the first switch is set", NOTHING, stopped.clone(), &["switch.set"]),
        ("another switch is set", stopped.clone(), both.clone(), &["switch.set"]),
        ("a switch is given another end", stopped.clone(), item(2, json!({ "call-ES": set(soon) })), &["switch.set"]),
        ("the budget's mode is set", NOTHING, item(1, json!({ "unverified-budget": mode })), &["switch.set"]),
        ("a switch is cleared", both.clone(), with(&stopped, &json!({ "version": 3 })), &["switch.cleared"]),
        (
            "one is cleared and another had ended",
            both.clone(),
            with(&item(3, json!({})), &json!({ "adminAt": 1_800_000_100 })),
            &["switch.cleared"],
        ),
        (
            "a switch is removed by hand",
            stopped.clone(),
            with(&stopped, &json!({ "switches": {} })),
            &["switch.cleared"],
        ),
        ("nothing of the switches changes", stopped.clone(), with(&stopped, &json!({ "version": 2 })), &[]),
    ]
}

const JANE: &str = "arn:aws:sts::123456789012:assumed-role/operators/jane";
const JOE: &str = "arn:aws:sts::123456789012:assumed-role/operators/joe";

pub(crate) fn every_case() -> impl Iterator<Item = Case> {
    [
        of_a_start(),
        of_a_challenge(),
        of_a_message(),
        of_an_end(),
        of_an_approval_by_call(),
        of_an_account(),
        of_an_opening(),
        of_what_is_shared(),
        of_the_switches(),
    ]
    .into_iter()
    .flatten()
}

fn case(what: &'static str, (old, new): (Value, Value), types: &'static [&'static str]) -> Case {
    (what, old, new, types)
}

fn from(base: &Value, change: &Value) -> (Value, Value) {
    (base.clone(), with(base, change))
}
