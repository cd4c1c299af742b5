//! Define: which challenge comes next. The password first, then the phone, then tokens; any other sequence ends the
//! sign-in, so that no way of signing in leads around the phone.

use serde::{Deserialize, Serialize};

/// A challenge that was answered.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answered {
    pub challenge_name: Challenge,
    pub challenge_result: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Challenge {
    /// The start of a sign-in with a password.
    SrpA,
    PasswordVerifier,
    CustomChallenge,
    /// A remembered device, a code by Cognito, or what Cognito invents next.
    #[serde(other)]
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Ask(Challenge),
    IssueTokens,
    Fail,
}

/// What follows on these answers.
///
/// A result that was refused ends the sign-in. Asking again would help hardly anybody: a result lives longer than most
/// Cognito sessions, so that someone whose result has expired needs a new session anyway, and starts with the password.
#[must_use]
pub fn next(session: &[Answered]) -> Next {
    use Challenge::{CustomChallenge, PasswordVerifier, SrpA};
    let passed = |answered: &Answered| answered.challenge_result.then_some(answered.challenge_name);
    let Some(passed) = session.iter().map(passed).collect::<Option<Vec<_>>>() else { return Next::Fail };
    match passed[..] {
        [SrpA] => Next::Ask(PasswordVerifier),
        [SrpA, PasswordVerifier] => Next::Ask(CustomChallenge),
        [SrpA, PasswordVerifier, CustomChallenge] => Next::IssueTokens,
        _ => Next::Fail,
    }
}
