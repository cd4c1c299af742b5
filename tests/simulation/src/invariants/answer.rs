//! What a caller may be told and given (I2, I5, I7).

use domain::challenge::Outcome;
use domain::result::Approval;
use http::Response;
use lambda_http::Body;
use platform::first_factor::FirstFactor;

use super::{Verdict, hold, receipt};
use crate::cast::{Asked, Report};
use crate::coverage::Seen;
use crate::past::SentCode;
use crate::world::World;

/// Checks a token that is about to be signed against the store.
pub(crate) fn signed(world: &mut World, approval: &Approval, first_factor: &FirstFactor, token: &str) {
    if let Err(violation) = may_sign(world, approval, first_factor, token) {
        world.breaks(violation);
    }
}

fn may_sign(world: &mut World, approval: &Approval, first_factor: &FirstFactor, token: &str) -> Verdict {
    let key = approval.id.key;
    hold!(first_factor.key == key, "a token for another login session");
    hold!(world.errand().login == Some(key), "a token for a login session that did not ask");
    let stored = world.model.challenge(&key).filter(|stored| stored.id == approval.id);
    let outcome = stored.map(|stored| stored.outcome);
    let Some(Outcome::Approved { at, by, settled: true }) = outcome else {
        return Err(format!("a token for a challenge that is {outcome:?}"));
    };
    hold!((at, by) == (approval.at, approval.by), "a token for a different approval");
    hold!(approval.expires_at() > world.errand().now, "an expired token");
    world.errand().signed = Some(approval.id);
    let known = world.past.tokens.get(&approval.id).cloned();
    match known {
        Some(known) => {
            hold!(known == token, "the same approval yields a different token");
            world.saw(Seen::TokenAgain);
        }
        None => _ = world.past.tokens.insert(approval.id, token.to_owned()),
    }
    Ok(())
}

/// Checks an answer against what its request did.
pub(crate) fn answered(world: &mut World, response: &Response<Body>) {
    let body = match response.body() {
        Body::Text(text) => text.as_str(),
        _ => "",
    };
    let status = response.status().as_u16();
    let errand = world.running;
    world.say(|| format!("  {errand}: answers {status} {body}"));
    note_spoken(world, body);
    if let Err(violation) = may_answer(world, status, body) {
        world.breaks(format!("request {errand}: {violation}"));
    }
}

fn may_answer(world: &mut World, status: u16, body: &str) -> Verdict {
    note(world, status, body);
    hold!(matches!(status, 200 | 201 | 204 | 403 | 409 | 410 | 422 | 429 | 503), "answered {status}");
    let errand = world.errand();
    let (disturbed, counted, login) = (errand.disturbed, errand.counted, errand.login);
    let conflicts = errand.conflicts;
    hold!(status != 503 || disturbed, "not answered, although nothing failed");
    let most = match errand.asked {
        Asked::Start { .. } if status >= 400 && !disturbed => 2,
        Asked::Guess(_) if status == 422 => 1 + conflicts,
        // The third records a failed send, or closes a challenge whose settlement is refused.
        Asked::Start { .. } | Asked::Guess(_) | Asked::Status => 3 + 2 * conflicts,
        Asked::Receipt { .. } | Asked::Operate { .. } => 1 + conflicts,
        Asked::Webhook { .. } => 3 * (1 + conflicts), // a fraud report: a read, a write and a read of what refused it
    };
    let round_trips = errand.round_trips;
    hold!(round_trips <= most, "{round_trips} requests to the store, {most} at most");
    hold!(!errand.stops_at_door || matches!(status, 403 | 422), "an invalid request was answered {status}");
    let given = errand.signed;
    if body.contains("\"resultToken\"") {
        let token = given.and_then(|challenge| world.past.tokens.get(&challenge));
        hold!(token.is_some_and(|token| body.contains(token.as_str())), "handed out a token that was not signed");
    }
    if body.contains(r#""state":"approved""#) {
        let stored = login.and_then(|key| world.model.challenge(&key)).map(|challenge| challenge.outcome);
        let settled = matches!(stored, Some(Outcome::Approved { settled: true, .. }));
        hold!(settled, "answered approved, but the challenge is {stored:?}");
    }
    if body.contains(":code-wrong\"") {
        hold!(matches!(counted, Some((_, false))), "answered wrong to a guess that was {counted:?}");
    }
    if let (true, 200, Some(key)) = (world.alone, status, login) {
        receipt::told(world, &key, body)?;
    }
    one_body_for_all_that_is_closed(world, status, body)
}

fn one_body_for_all_that_is_closed(world: &mut World, status: u16, body: &str) -> Verdict {
    if status == 410 {
        let closed = world.past.closed.get_or_insert_with(|| body.to_owned());
        hold!(closed == body, "two different answers for nothing to confirm");
    }
    Ok(())
}

/// Somebody who hears a code in a call may type it.
fn note_spoken(world: &mut World, body: &str) {
    let Asked::Webhook { call, report: Report::Human | Report::Unjudged, .. } = &world.errand().asked else { return };
    let challenge = call.challenge;
    let said = body.split("<Say").find_map(|said| {
        let digits: String = said.split('>').nth(1)?.chars().filter(char::is_ascii_digit).collect();
        (digits.len() == 6).then_some(digits)
    });
    if let Some(code) = said {
        world.past.codes.push(SentCode { challenge, code, spoken: true, arrived: true });
    }
}

fn note(world: &mut World, status: u16, body: &str) {
    let seen = [
        (":code-wrong\"", Seen::WrongCode),
        (":code-malformed\"", Seen::Malformed),
        (":challenge-closed\"", Seen::ClosedChallenge),
        (":too-many-failures\"", Seen::Delayed),
        (":locked\"", Seen::Locked),
        (":blocked\"", Seen::Blocked),
        (":send-limit\"", Seen::SendLimit),
        (":channel-paused\"", Seen::ChannelPaused),
        (":enrolment-paused\"", Seen::EnrolmentPaused),
        (r#""limit":"number-"#, Seen::NumberLimit),
        (r#""limit":"network""#, Seen::NetworkLimit),
        (r#""limit":"range-unverified""#, Seen::RangeLimit),
        (r#""limit":"country-"#, Seen::CountryLimit),
        (r#""limit":"call-live""#, Seen::LiveCallElsewhere),
        (":proof-required\"", Seen::ProofAsked),
        (":phone-number-unavailable\"", Seen::NumberUnavailable),
        (":signature-invalid\"", Seen::Forged),
        (":authentication-too-old\"", Seen::LoginTooOld),
        (r#""state":"exhausted""#, Seen::Exhausted),
        (r#""state":"expired""#, Seen::Expired),
        (r#""state":"refused""#, Seen::RefusedShown),
    ];
    for (text, seen) in seen {
        if body.contains(text) {
            world.saw(seen);
        }
    }
    if status == 503 && matches!(world.errand().asked, Asked::Operate { .. }) {
        world.saw(Seen::SwitchConflict);
    }
    if status == 410 && matches!(world.errand().counted, Some((_, true))) {
        world.saw(Seen::RightCodeRefused);
    }
}
