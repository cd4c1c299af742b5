//! What Entra asks for: how sure it wants to be (`acr`), and by which methods (`amr`).

use serde::{Deserialize, Serialize};

use crate::reason::Reason;

/// A kind of assurance that a phone gives: it is something that the user has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Acr {
    PossessionOrInherence,
    Possession,
    KnowledgeOrPossession,
    KnowledgeOrPossessionOrInherence,
}

impl Acr {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "possessionorinherence" => Some(Self::PossessionOrInherence),
            "possession" => Some(Self::Possession),
            "knowledgeorpossession" => Some(Self::KnowledgeOrPossession),
            "knowledgeorpossessionorinherence" => Some(Self::KnowledgeOrPossessionOrInherence),
            _ => None,
        }
    }

    /// The one to answer with: Entra has been seen to refuse others where it asks for several, so this one comes first.
    fn best(asked: &[String]) -> Option<Self> {
        let mut possible = asked.iter().filter_map(|text| Self::parse(text));
        possible.clone().find(|acr| *acr == Self::PossessionOrInherence).or_else(|| possible.next())
    }
}

/// The methods that an answer may name. Entra takes exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Amr {
    Sms,
    Tel,
    Otp,
}

impl Amr {
    /// The one that says most comes first.
    const ALL: [Self; 3] = [Self::Sms, Self::Tel, Self::Otp];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Tel => "tel",
            Self::Otp => "otp",
        }
    }

    /// The one to answer with, of those that were asked for and those that a result has.
    #[must_use]
    pub fn of(result: &[String], asked: &[Self]) -> Option<Self> {
        Self::ALL.into_iter().find(|amr| asked.contains(amr) && result.iter().any(|method| method == amr.as_str()))
    }
}

/// What is asked for, of what a phone can give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub acr: Acr,
    pub amr: Vec<Amr>,
}

#[derive(Deserialize)]
struct Claims {
    id_token: OfToken,
}

#[derive(Deserialize)]
struct OfToken {
    acr: Option<Wanted>,
    amr: Option<Wanted>,
}

#[derive(Deserialize)]
struct Wanted {
    values: Option<Vec<String>>,
}

impl Asked {
    /// Reads the parameter `claims` (OpenID Connect §5.5). A member that is there twice is refused. What is not for us is
    /// skipped, however deep.
    pub fn parse(claims: Option<&str>) -> Result<Self, Reason> {
        let claims: Claims = claims.and_then(|text| serde_json::from_str(text).ok()).ok_or(Reason::Claims)?;
        let values = |wanted: Option<Wanted>| wanted.and_then(|wanted| wanted.values);
        let acr = Acr::best(&values(claims.id_token.acr).unwrap_or_default()).ok_or(Reason::Acr)?;
        let amr: Vec<_> = match values(claims.id_token.amr) {
            Some(asked) => Amr::ALL.into_iter().filter(|amr| asked.iter().any(|asked| asked == amr.as_str())).collect(),
            None => Amr::ALL.into(),
        };
        if amr.is_empty() { Err(Reason::Amr) } else { Ok(Self { acr, amr }) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(acr: &[&str], amr: Option<&[&str]>) -> Result<Asked, Reason> {
        let mut claims = json!({ "id_token": { "acr": { "essential": true, "values": acr } } });
        if let Some(amr) = amr {
            claims["id_token"]["amr"] = json!({ "essential": true, "values": amr });
        }
        Asked::parse(Some(&claims.to_string()))
    }

    #[test]
    fn of_several_kinds_of_assurance_entras_usual_one_is_chosen_and_else_the_first() {
        let best = |acr: &[&str]| asked(acr, None).map(|asked| asked.acr);
        assert_eq!(best(&["possession", "possessionorinherence"]), Ok(Acr::PossessionOrInherence));
        assert_eq!(best(&["inherence", "knowledgeorpossession", "possession"]), Ok(Acr::KnowledgeOrPossession));
        assert_eq!(best(&["knowledgeorpossessionorinherence"]), Ok(Acr::KnowledgeOrPossessionOrInherence));
        for none in [&[][..], &["inherence"], &["knowledge"], &["fido"], &["Possession"], &["possession "]] {
            assert_eq!(best(none), Err(Reason::Acr), "{none:?}");
        }
    }

    #[test]
    fn the_answer_names_one_method_that_was_used_and_asked_for() {
        let methods = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let entra = ["face", "fido", "otp", "sms", "tel", "vbm"];
        for (result, amr, expected) in [
            (&["otp", "sms", "mfa"][..], Some(&entra[..]), Some(Amr::Sms)),
            (&["tel", "mfa"], Some(&entra), Some(Amr::Tel)),
            (&["otp", "tel", "mfa"], None, Some(Amr::Tel)),
            (&["pwd", "otp", "sms", "mfa"], Some(&["otp"]), Some(Amr::Otp)),
            (&["tel", "mfa"], Some(&["sms", "otp"]), None),
            (&["mfa"], None, None),
            (&[], None, None),
        ] {
            let asked = asked(&["possession"], amr).expect("can be given");
            assert_eq!(Amr::of(&methods(result), &asked.amr), expected, "{result:?} {amr:?}");
        }
        assert_eq!(asked(&["possession"], Some(&["fido", "face"])), Err(Reason::Amr));
        assert_eq!(asked(&["possession"], Some(&[])), Err(Reason::Amr));
    }
}
