//! Attacks on calls in which `#` alone is not enough.

use serde_json::json;

use super::{Attack, HUMAN, POUND, Tally, call, guess, post, signed, sms};
use crate::api::{Api, Login};
use crate::limits::{stranger, typing};

async fn shown(api: &Api, login: &Login) -> String {
    api.status(login).await.json["matchDigits"].as_str().unwrap_or_default().to_owned()
}

/// The victim takes the stranger's call for her own, and enters what her own page shows.
pub(super) async fn contested_call_with_digits() -> Tally {
    let mut tally = Tally::default();
    for _ in 0..10 {
        let (mut attack, victim) = (Attack::new().await, Login::known());
        let stranger = victim.again("the stranger's");
        attack.api.post(&victim, call()).await;
        attack.api.post(&stranger, sms()).await;
        let of_the_victim = shown(&attack.api, &victim).await;
        attack.api.webhook("status", &[("CallStatus", "no-answer")]).await;
        attack.api.pass(31);
        attack.begins();
        attack.tries(post(&stranger, &call())).await;
        if shown(&attack.api, &stranger).await == of_the_victim {
            continue; // once in ten thousand
        }
        attack.tries(signed(&attack.api, "answer", &HUMAN)).await;
        attack.tries(signed(&attack.api, "digits", &POUND)).await;
        for _ in 0..2 {
            attack.tries(signed(&attack.api, "four-digits", &[("Digits", &of_the_victim)])).await;
        }
        let view = attack.api.status(&stranger).await.json;
        attack.tally.approved += usize::from(view["state"] == "approved");
        attack.tally.judged += 5 - usize::try_from(view["attemptsLeft"].as_u64().expect("a number")).expect("few");
        tally.add(&attack.ends());
    }
    tally
}

/// A voicemail greeting that plays tones, in every call that a day allows.
pub(super) async fn machine_that_keys_digits() -> Tally {
    let (mut attack, login) = (Attack::new().await, Login::known());
    for attempt in 0..10 {
        let login = login.again(&format!("login-{attempt}")).at(attack.api.now);
        attack.tries(post(&login, &call())).await;
        attack.tries(signed(&attack.api, "answer", &[("AnsweredBy", "machine_start")])).await;
        let greeting = if shown(&attack.api, &login).await == "1234" { "1235" } else { "1234" };
        for kind in ["digits", "four-digits"] {
            attack.tries(signed(&attack.api, kind, &[("Digits", greeting)])).await;
        }
        attack.tries(signed(&attack.api, "digits", &[("Digits", "0")])).await;
        attack.api.webhook("status", &[("CallStatus", "completed")]).await;
        let view = attack.api.status(&login).await.json;
        assert_eq!((&view["state"], &view["call"]), (&json!("pending"), &json!("voicemail")), "{view}");
        attack.api.pass(601);
    }
    attack.tally.judged =
        usize::try_from(attack.api.administer("alice", None).await.json["failures"].as_u64().expect("a number"))
            .expect("few");
    attack.ends()
}

/// The victim has just signed in, and thinks that the call is still about that.
pub(super) async fn attacker_who_waits_until_the_victim_is_through() -> Tally {
    let (mut attack, victim) = (Attack::new().await, Login::known());
    let attacker = victim.again("the attacker's");
    attack.api.post(&victim, call()).await;
    attack.api.webhook("answer", &HUMAN).await;
    attack.api.webhook("digits", &POUND).await;
    attack.api.webhook("status", &[("CallStatus", "completed")]).await;
    assert_eq!(attack.api.status(&victim).await.json["state"], "approved");
    attack.begins();
    for wait in [1, 598] {
        attack.api.pass(wait);
        attack.tries(post(&attacker.at(attack.api.now), &call())).await;
        attack.tries(signed(&attack.api, "answer", &HUMAN)).await;
        attack.tries(signed(&attack.api, "digits", &POUND)).await;
        let state = attack.api.status(&attacker.at(attack.api.now)).await.json["state"].clone();
        attack.tally.approved += usize::from(state == "approved");
        attack.api.webhook("status", &[("CallStatus", "completed")]).await;
    }
    attack.ends()
}

/// The attacker keeps the account's one call busy.
pub(super) async fn live_call_slot_held_against_the_victim() -> Tally {
    let (mut attack, victim) = (Attack::new().await, Login::known());
    let attacker = victim.again("the attacker's");
    attack.tries(post(&attacker, &call())).await;
    let refused = attack.api.post(&victim, call()).await;
    assert_eq!((refused.status, &refused.json["limit"]), (429, &json!("call-live")));
    for (kind, form) in [("answer", &HUMAN[..]), ("digits", &POUND[..])] {
        attack.tries(signed(&attack.api, kind, form)).await;
    }
    let state = attack.api.status(&attacker).await.json["state"].clone();
    attack.tally.approved += usize::from(state == "approved");
    attack.api.pass(140);
    attack.tally.sent = attack.sent();
    assert_eq!(attack.api.post(&victim, call()).await.status, 201, "the slot is free");
    let digits = shown(&attack.api, &victim).await;
    attack.api.webhook("answer", &HUMAN).await;
    attack.api.webhook("four-digits", &[("Digits", &digits)]).await;
    assert_eq!(attack.api.status(&victim).await.json["state"], "approved", "she is in");
    attack.tally
}

/// The thief has the victim's messages too, and is through before the victim presses zero.
pub(super) async fn late_fraud_key() -> Tally {
    let (mut attack, victim) = (Attack::new().await, Login::known());
    let thief = victim.again("the thief's");
    attack.tries(post(&thief, &call())).await;
    attack.api.webhook("answer", &HUMAN).await;
    attack.tries(post(&thief, &sms())).await;
    attack.api.guess(&thief, &attack.api.phone.last_code()).await;
    attack.api.webhook("status", &[("CallStatus", "completed")]).await;
    attack.api.webhook("digits", &[("Digits", "0")]).await;
    let next = attack.tries(post(&victim.again("the next"), &call())).await;
    assert_eq!(next.json["limit"], "call-reported", "{}", next.text);
    attack.api.webhook("block", &[("Digits", "0")]).await;
    for channel in [call(), sms()] {
        let last = attack.tries(post(&victim.again("the last"), &channel)).await;
        assert_eq!(last.problem(), "blocked", "{}", last.text);
    }
    attack.ends()
}

/// The thief has a code sent to a number of his own before the victim presses zero.
pub(super) async fn crossed_fraud_key() -> Tally {
    let mut attack = Attack::new().await;
    let victims = "+14155552671";
    attack.tries(post(&stranger(1), &json!({ "channel": "call", "phoneNumber": victims }))).await;
    attack.api.webhook("answer", &HUMAN).await;
    attack.tries(post(&stranger(1), &typing("+14155550199"))).await;
    attack.api.webhook("digits", &[("Digits", "0")]).await;
    let code = attack.api.phone.last_code();
    attack.tries(guess(&stranger(1), &code)).await;
    assert_eq!(attack.tries(post(&stranger(1), &typing("+14155550199"))).await.problem(), "denied");
    let called = attack.tries(post(&stranger(2), &typing(victims))).await;
    assert_eq!(called.problem(), "phone-number-unavailable", "{}", called.text);
    attack.ends()
}
