//! How identifiers look in paths, keys and tokens: base64url without padding, since API Gateway
//! decodes percent-escapes in paths before a function sees them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::call::CallToken;
use domain::identity::{ChallengeId, ChallengeKey, SessionId, SubjectId};

#[must_use]
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[must_use]
pub fn from_base64url<const N: usize>(text: &str) -> Option<[u8; N]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// Decodes a non-empty string.
#[must_use]
pub fn base64url_text(text: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok().filter(|text| !text.is_empty())
}

/// The challenge as a path segment of its webhooks' URLs.
#[must_use]
pub fn challenge_path(challenge: &ChallengeId) -> String {
    let mut bytes = [0; 68];
    bytes[..32].copy_from_slice(challenge.key.subject.as_bytes());
    bytes[32..64].copy_from_slice(challenge.key.session.as_bytes());
    bytes[64..].copy_from_slice(&challenge.generation.to_be_bytes());
    base64url(&bytes)
}

#[must_use]
pub fn parse_challenge_path(segment: &str) -> Option<ChallengeId> {
    let bytes = from_base64url::<68>(segment)?;
    let (subject, rest) = bytes.split_first_chunk::<32>()?;
    let (session, generation) = rest.split_first_chunk::<32>()?;
    Some(ChallengeId {
        key: ChallengeKey { subject: SubjectId::from_bytes(*subject), session: SessionId::from_bytes(*session) },
        generation: u32::from_be_bytes(generation.try_into().ok()?),
    })
}

/// The call's token as a path segment of its webhooks' URLs.
#[must_use]
pub fn call_token(token: &CallToken) -> String {
    base64url(token.expose())
}

#[must_use]
pub fn parse_call_token(segment: &str) -> Option<CallToken> {
    from_base64url(segment).map(CallToken::from_bytes)
}

#[must_use]
pub fn webhook_url(public_base_url: &str, challenge: &ChallengeId, token: &CallToken, event: &str) -> String {
    format!("{public_base_url}/v1/calls/{}/{}/{event}", challenge_path(challenge), call_token(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_path_parses_back_to_its_challenge_and_call() {
        let key = ChallengeKey { subject: SubjectId::new("https://idp", "a"), session: SessionId::new("s", None) };
        let challenge = ChallengeId { key, generation: 258 };
        assert_eq!(parse_challenge_path(&challenge_path(&challenge)), Some(challenge));
        let token = CallToken::draw(&mut crate::clock::random());
        assert_eq!(parse_call_token(&call_token(&token)).map(|back| back.digest()), Some(token.digest()));
        assert!(parse_challenge_path("").is_none() && parse_call_token("AAAA").is_none());
    }
}
