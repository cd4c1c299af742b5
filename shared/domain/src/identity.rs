//! Who and what a challenge belongs to, as digests: identifiers that reveal nothing and cannot be guessed.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use thiserror::Error;

use crate::digest::sha256;
use crate::time::Timestamp;

/// A subject, as a digest of the first factor's issuer and its `sub`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectId([u8; 32]);

impl SubjectId {
    /// The subject that `issuer` calls `sub`.
    #[must_use]
    pub fn new(issuer: &str, sub: &str) -> Self {
        Self(sha256(&[b"subject", issuer.as_bytes(), sub.as_bytes()]))
    }

    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// One login session of a subject, as a digest of the first factor's session claim.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId([u8; 32]);

impl SessionId {
    /// The session that the claim identifies: the claim alone if it is new with each login, or together with
    /// the time of authentication if it outlives one.
    #[must_use]
    pub fn new(claim: &str, auth_time: Option<Timestamp>) -> Self {
        let auth_time = auth_time.map_or(0, Timestamp::as_unix).to_be_bytes();
        Self(sha256(&[b"session", claim.as_bytes(), &auth_time]))
    }

    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl SessionId {
    /// The same session for a number change, whose challenge is not the login's own.
    #[must_use]
    pub fn to_change(&self) -> Self {
        Self(sha256(&[b"change", &self.0]))
    }

    /// Whether both are of one login: the same, or one the number change of the other.
    #[must_use]
    pub fn is_same_login(&self, other: &Self) -> bool {
        self == other || self.to_change() == *other || other.to_change() == *self
    }
}

/// A network that requests come from: one IPv4 address, or the IPv6 /64 that one connection gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(IpAddr::V4(address)),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self(IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)))
            }
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl fmt::Debug for SubjectId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(out, "SubjectId({a:02x}{b:02x}{c:02x}{d:02x}…)")
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(out, "SessionId({a:02x}{b:02x}{c:02x}{d:02x}…)")
    }
}

/// Where a login session's challenge is stored. It is the caller's own identity, so there is nothing to leak
/// or guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChallengeKey {
    pub subject: SubjectId,
    pub session: SessionId,
}

/// One challenge among the generations of its login session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChallengeId {
    pub key: ChallengeKey,
    /// Increases with each replacement.
    pub generation: u32,
}

impl ChallengeId {
    /// A digest that identifies this challenge to the outside: the `jti` of its result.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        sha256(&[
            b"challenge",
            self.key.subject.as_bytes(),
            self.key.session.as_bytes(),
            &self.generation.to_be_bytes(),
        ])
    }
}

/// The challenge that a reservation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reservation {
    pub session: SessionId,
    pub generation: u32,
}

/// An administrator, by the name that the platform's authorisation gives them (an ARN).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Administrator(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not the ARN of a caller")]
pub struct NotACaller;

impl Administrator {
    const LONGEST: usize = 2048;

    /// Parses an ARN. Spaces and control characters, which no ARN contains, could forge lines of a report.
    pub fn parse(arn: &str) -> Result<Self, NotACaller> {
        let well_formed = arn.len() <= Self::LONGEST && arn.chars().all(|c| c.is_ascii_graphic());
        if well_formed && arn.starts_with("arn:") { Ok(Self(arn.to_owned())) } else { Err(NotACaller) }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
