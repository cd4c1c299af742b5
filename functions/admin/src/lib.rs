//! `GET /v1/admin/subjects/{subject}` and its actions, and the [`switches`], for callers authorized by IAM.
//!
//! A `GET` is one read. An action reads, decides, and writes on condition that the subject has not
//! changed, so the response can show the new state without a second read. If the subject has changed,
//! nothing is written and the caller has to try again.

use domain::administration::{self, Action, Occasion};
use domain::identity::SubjectId;
use domain::policy::Policy;
use domain::ports::{Administration, ChallengeStore, StoreError, SwitchStore};
use domain::snapshot::Snapshot;
use domain::time::Timestamp;
use http::{Method, Response};
use lambda_http::{Body, Request, RequestExt as _};
use platform::clock::Stopwatch;
use platform::encoding::base64url_text;
use platform::iam::administrator;
use platform::problem::{Failure, Problem};
use platform::run;

pub mod config;
pub mod switches;
pub mod view;

pub struct App<S> {
    /// The first factor's issuer, which is part of a subject's identity.
    pub issuer: String,
    pub policy: Policy,
    pub store: S,
}

impl<S: ChallengeStore + Administration + SwitchStore> App<S> {
    pub async fn handle(&self, request: Request, now: Timestamp) -> Response<Body> {
        let watch = Stopwatch::start();
        run::conclude("admin", self.administer(&request, now).await, watch, now)
    }

    async fn administer(&self, request: &Request, now: Timestamp) -> Result<Response<Body>, Failure> {
        let by = administrator(request)?;
        if let Some(asked) = switches::Asked::of(request)? {
            return asked.answer(request, &self.store, &by, now).await;
        }
        let asked = asked(request)?;
        let subject = self.subject(request).ok_or(Problem::SubjectUnknown)?;
        let stored = self.store.load(&subject).await?;
        if !stored.subject.is_known() && asked != Asked::OpenEnrolment {
            return Err(Problem::SubjectUnknown.into());
        }
        tracing::info!(?subject, by = by.as_str(), action = asked.action(), "administration");
        let occasion = Occasion { subject, version: stored.subject.version, by, at: now };
        let current = match asked {
            Asked::Show => stored,
            Asked::Act(action) => self.act(action, &stored, &occasion).await?,
            Asked::OpenEnrolment => self.open_enrolment(stored, &occasion).await?,
        };
        Ok(view::subject(&subject, &administration::report(&current, &self.policy, now)))
    }

    fn subject(&self, request: &Request) -> Option<SubjectId> {
        let parameters = request.path_parameters();
        let sub = base64url_text(parameters.first("subject")?)?;
        (!is_misspelt(&sub)).then(|| SubjectId::new(&self.issuer, &sub))
    }

    async fn act(&self, action: Action, stored: &Snapshot, occasion: &Occasion) -> Result<Snapshot, StoreError> {
        if stored.is_torn(occasion.at) {
            return Err(StoreError::Conflict); // a live challenge may have been missed
        }
        match action {
            Action::Unlock => {
                let after = administration::unlocked(stored, occasion.at);
                self.store.unlock(occasion, &after.subject.reserved).await.map(|()| after)
            }
            Action::Unblock => {
                let (after, number) = administration::unblocked(stored);
                self.store.unblock(occasion, number.as_ref()).await.map(|()| after)
            }
            Action::ResetPhone => {
                let after = administration::phone_reset(stored);
                let released = stored.subject.binding.as_ref().map(|binding| &binding.number);
                self.store.reset_phone(occasion, released).await.map(|()| after)
            }
        }
    }

    async fn open_enrolment(&self, mut stored: Snapshot, occasion: &Occasion) -> Result<Snapshot, Failure> {
        let until = administration::opening(&stored, occasion.at).ok_or(Problem::PhoneEnrolled)?;
        self.store.open_enrolment(occasion, until).await?;
        stored.subject.enrolment_open_until = Some(until);
        Ok(stored)
    }
}

/// Whether this would be the account of somebody who comes through Entra, but can be nobody's: their ids are in lower case
/// there. Enrolment is opened for accounts of which nothing is known yet, so nothing else would notice.
fn is_misspelt(sub: &str) -> bool {
    let Some(ids) = sub.strip_prefix("entra:") else { return false };
    let is_id = |id: &str| {
        let is_right = |(index, byte): (usize, u8)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        };
        id.len() == 36 && id.bytes().enumerate().all(is_right)
    };
    !ids.split_once(':').is_some_and(|(tenant, object)| is_id(tenant) && is_id(object))
}

/// What the route asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Show,
    Act(Action),
    OpenEnrolment,
}

impl Asked {
    /// How the log calls it.
    const fn action(self) -> Option<&'static str> {
        match self {
            Self::Show => None,
            Self::Act(action) => Some(action.as_str()),
            Self::OpenEnrolment => Some("open-enrolment"),
        }
    }
}

fn asked(request: &Request) -> Result<Asked, Problem> {
    let path = request.raw_http_path();
    match (request.method(), path.rsplit('/').next()) {
        (&Method::GET, _) => Ok(Asked::Show),
        (&Method::POST, Some("reset-phone")) => Ok(Asked::Act(Action::ResetPhone)),
        (&Method::POST, Some("unlock")) => Ok(Asked::Act(Action::Unlock)),
        (&Method::POST, Some("unblock")) => Ok(Asked::Act(Action::Unblock)),
        (&Method::POST, Some("open-enrolment")) => Ok(Asked::OpenEnrolment),
        _ => Err(Problem::NotFound),
    }
}
