//! A trusted edge in front of the API, such as CloudFront: it adds a secret header to what it forwards, and the
//! viewer's address. Where a deployment has one, requests without the secret are refused before they cost anything.
//!
//! Nothing that a client sends counts: the edge overwrites both headers, and a client that goes around it doesn't know
//! the secret.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use domain::identity::Network;
use domain::time::Timestamp;
use http::{HeaderMap, HeaderValue};
use lambda_http::Request;
use serde::Deserialize;
use subtle::{Choice, ConstantTimeEq as _};
use thiserror::Error;

use crate::problem::{Failure, Problem};
use crate::request;
use crate::secrets::{Document, SHORTEST_KEY, Secret, SecretSource, document};

/// The header with the secret. `infra/edge.yaml` sets it.
pub const SECRET_HEADER: &str = "x-origin-verify";
/// The header in which CloudFront gives the viewer's address and port.
pub const VIEWER_HEADER: &str = "cloudfront-viewer-address";

/// The edge's secret, or `None` where requests come straight to the API.
pub type Edge<S> = Option<Secret<EdgeSecret, S>>;

/// The values of the secret header that are accepted: the current one and, during a rotation, the previous one.
#[derive(Clone, Deserialize)]
pub struct EdgeSecret {
    #[serde(default)] // a missing value counts as too short
    current: String,
    previous: Option<String>,
}

impl EdgeSecret {
    fn values(&self) -> impl Iterator<Item = &str> {
        [Some(&self.current), self.previous.as_ref()].into_iter().flatten().map(String::as_str)
    }

    /// Compares with every value, in a time that doesn't depend on which is right.
    fn accepts(&self, given: &HeaderValue) -> bool {
        let right = self.values().map(|value| value.as_bytes().ct_eq(given.as_bytes()));
        right.fold(Choice::from(0), |any, right| any | right).into()
    }
}

impl fmt::Debug for EdgeSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("EdgeSecret(…)")
    }
}

impl Document for EdgeSecret {
    fn parse(text: &str) -> Result<Self, String> {
        let secret: Self = document(text)?;
        let is_long = secret.values().all(|value| value.len() >= SHORTEST_KEY);
        if is_long { Ok(secret) } else { Err(format!("a value is shorter than {SHORTEST_KEY} characters")) }
    }
}

/// What is wrong with the edge's headers, for the log.
#[derive(Debug, Error)]
enum EdgeError {
    #[error("the request did not come through the edge: it has no {SECRET_HEADER}, or several")]
    Bypassed,
    #[error("{SECRET_HEADER} is neither the current nor the previous value of the edge's secret")]
    Wrong,
    #[error("the edge sent no {VIEWER_HEADER} that can be read")]
    NoViewer,
}

/// Who connected to the API, and so who says from which address a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    Client,
    Edge,
}

/// Refuses a request that did not come through the edge, where there is one.
pub async fn admit<S: SecretSource>(edge: &Edge<S>, request: &Request, now: Timestamp) -> Result<Peer, Failure> {
    let Some(secret) = edge else { return Ok(Peer::Client) };
    let secret = secret.value(now).await?;
    let refused = |why| Failure::caused(Problem::EdgeRequired, why);
    let given = only(request.headers(), SECRET_HEADER).ok_or_else(|| refused(EdgeError::Bypassed))?;
    if secret.accepts(given) { Ok(Peer::Edge) } else { Err(refused(EdgeError::Wrong)) }
}

impl Peer {
    /// The network that the request came from. The edge's own address must never count as that: a limit would then
    /// hold for everyone together, so a request without the viewer's address fails.
    pub fn network(self, request: &Request) -> Result<Network, Failure> {
        match self {
            Self::Client => Ok(request::network(request)?),
            Self::Edge => {
                let given = only(request.headers(), VIEWER_HEADER).and_then(|value| value.to_str().ok());
                let address = given.and_then(viewer).map(Network::of);
                address.ok_or_else(|| Failure::caused(Problem::TemporarilyUnavailable, EdgeError::NoViewer))
            }
        }
    }
}

/// The header's value, if it is there exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// The address in `198.51.100.7:46532` or `2001:db8::7:46532`. AWS documents only the first; IPv6 comes without
/// brackets, and is taken with them too.
fn viewer(text: &str) -> Option<IpAddr> {
    let bare = || {
        let (address, port) = text.rsplit_once(':')?;
        format!("[{address}]:{port}").parse().ok()
    };
    text.parse().ok().or_else(bare).map(|address: SocketAddr| address.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_viewers_address_is_read_with_its_port_and_not_otherwise() {
        for (text, address) in [
            ("198.51.100.7:46532", "198.51.100.7"),
            ("2001:db8::7:46532", "2001:db8::7"),
            ("2001:db8:1:2:3:4:5:6:443", "2001:db8:1:2:3:4:5:6"),
            ("::ffff:198.51.100.7:443", "::ffff:198.51.100.7"),
            ("[2001:db8::7]:46532", "2001:db8::7"),
        ] {
            assert_eq!(viewer(text), address.parse().ok(), "{text}");
        }
        for text in [
            "",
            ":",
            "198.51.100.7",
            "198.51.100.7:",
            "198.51.100.7:http",
            "198.51.100.7:65536",
            "198.51.100.7:+80",
            " 198.51.100.7:80",
            "198.51.100.7:80,203.0.113.9:80",
            "198.51.100.7:80, 203.0.113.9:80",
            "198.51.100.07:80",
            "198.51.100:80",
            "2001:db8:1:2:3:4:5:6",
            "2001:db8::7:",
            "[2001:db8::7]",
            "localhost:80",
            "unknown",
        ] {
            assert_eq!(viewer(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_secret_that_anybody_could_guess_is_none() {
        let long = "x".repeat(SHORTEST_KEY);
        let faults = |text: &str| EdgeSecret::parse(text).map(drop);
        for good in [format!(r#"{{"current":"{long}"}}"#), format!(r#"{{"current":"{long}","previous":"{long}y"}}"#)] {
            assert_eq!(faults(&good), Ok(()), "{good}");
        }
        let short = format!(r#"{{"current":"{long}","previous":""}}"#);
        for bad in ["{}", r#"{"current":""}"#, r#"{"current":"short"}"#, &short] {
            assert_eq!(faults(bad), Err("a value is shorter than 32 characters".to_owned()), "{bad}");
        }
    }

    #[test]
    fn a_secret_is_not_printed() {
        let secret = EdgeSecret::parse(&format!(r#"{{"current":"{}"}}"#, "x".repeat(SHORTEST_KEY))).expect("a secret");
        assert_eq!(format!("{secret:?}"), "EdgeSecret(…)");
    }
}
