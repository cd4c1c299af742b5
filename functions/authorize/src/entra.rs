//! What is known of Microsoft Entra before anybody comes from there: its clouds, and what the operator registered. No
//! address is ever taken from a request.

use std::fmt;
use std::time::Duration;

/// One of Entra's clouds, by the address of its logins.
#[derive(Clone, Debug)]
pub struct Cloud {
    authority: String,
}

impl Cloud {
    #[must_use]
    pub const fn new(authority: String) -> Self {
        Self { authority }
    }

    /// The only address that gets answers.
    #[must_use]
    pub fn redirect_uri(&self) -> String {
        format!("{}/common/federation/externalauthprovider", self.authority)
    }

    #[must_use]
    pub fn discovery(&self) -> String {
        format!("{}/common/v2.0/.well-known/openid-configuration", self.authority)
    }

    /// `iss` of what Entra signs for a tenant.
    #[must_use]
    pub fn issuer(&self, tenant: &Guid) -> String {
        format!("{}/{tenant}/v2.0", self.authority)
    }

    /// Whether the address is this cloud's. Whoever could write another one into a document would vouch for anybody, and
    /// have any address asked.
    #[must_use]
    pub fn has(&self, url: &str) -> bool {
        url.strip_prefix(&self.authority).is_some_and(|path| path.starts_with('/'))
    }
}

/// A tenant, or a person in it, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guid(String);

impl Guid {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let groups = text.split('-');
        let is_group = |(group, length): (&str, usize)| {
            group.len() == length && group.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        let lengths = [8, 4, 4, 4, 12];
        let right = groups.clone().count() == lengths.len() && groups.zip(lengths).all(is_group);
        right.then(|| Self(text.to_ascii_lowercase()))
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The external authentication method, as it is registered in Entra.
#[derive(Clone, Debug)]
pub struct Registration {
    pub cloud: Cloud,
    /// Whose people are let in.
    pub tenants: Vec<Guid>,
    /// Whom Entra's hints are for.
    pub app: String,
    /// What Entra calls us: `aud` of the answers.
    pub client: String,
    /// How long a hint is worth anything: as long as Entra remembers the attempt, and longer by what it dates hints back.
    /// A hint's own `exp` is past when it arrives.
    pub hint_age: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_has_five_groups_of_hexadecimal_digits() {
        let right = "7A1F0C9E-5d0e-4a4b-9a53-2f6b8d3c1e70";
        assert_eq!(Guid::parse(right).map(|guid| guid.to_string()), Some(right.to_lowercase()));
        for wrong in [
            "",
            "common",
            "organizations",
            &right[1..],
            &format!("{right}0"),
            &format!("{{{right}}}"),
            &right.replace('-', ""),
            &right.replace('A', "G"),
            &format!("{right}-0"),
            &right.replace("-5d0e", "5-d0e"),
            "contoso.onmicrosoft.com",
        ] {
            assert_eq!(Guid::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_addresses_below_the_authority_are_the_clouds() {
        let cloud = Cloud::new("https://login.microsoftonline.com".to_owned());
        assert!(cloud.has("https://login.microsoftonline.com/common/discovery/v2.0/keys"));
        for elsewhere in [
            "https://login.microsoftonline.com.thief.example/keys",
            "https://login.microsoftonline.com@thief.example/keys",
            "https://login.microsoftonline.com:444/keys",
            "http://login.microsoftonline.com/keys",
            "/common/keys",
            "",
            "https://login.microsoftonline.com",
            "//login.microsoftonline.com/keys",
            "https://LOGIN.microsoftonline.com/keys",
            "https://login.microsoftonline.com\\@thief.example/",
        ] {
            assert!(!cloud.has(elsewhere), "{elsewhere}");
        }
    }
}
