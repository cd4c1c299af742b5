//! `GET /v1/admin/subjects/{subject}` and its actions, and the [`switches`], for callers authorized by IAM.
//!
//! A `GET` is one read. An action reads, decides, and writes on condition that the subject has not
//! changed, so the response can show the new state without a second read. If the subject has changed,
//! nothing is written and the caller has to try again.

use domain::administration::{self, Action, Occasion};
use domain::identity::{Administrator, SubjectId};
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
        let action = action(request)?;
        let subject = self.subject(request).ok_or(Problem::SubjectUnknown)?;
        let stored = self.store.load(&subject).await?;
        if !stored.subject.is_known() {
            return Err(Problem::SubjectUnknown.into());
        }
        tracing::info!(?subject, by = by.as_str(), action = action.map(Action::as_str), "administration");
        let current = match action {
            None => stored,
            Some(action) => self.act(action, subject, &stored, by, now).await?,
        };
        Ok(view::subject(&subject, &administration::report(&current, &self.policy, now)))
    }

    fn subject(&self, request: &Request) -> Option<SubjectId> {
        let parameters = request.path_parameters();
        let sub = base64url_text(parameters.first("subject")?)?;
        Some(SubjectId::new(&self.issuer, &sub))
    }

    async fn act(
        &self,
        action: Action,
        subject: SubjectId,
        stored: &Snapshot,
        by: Administrator,
        now: Timestamp,
    ) -> Result<Snapshot, StoreError> {
        if stored.is_torn(now) {
            return Err(StoreError::Conflict); // a live challenge may have been missed
        }
        let occasion = Occasion { subject, version: stored.subject.version, by, at: now };
        match action {
            Action::Unlock => {
                let after = administration::unlocked(stored, now);
                self.store.unlock(&occasion, &after.subject.reserved).await.map(|()| after)
            }
            Action::Unblock => {
                let (after, number) = administration::unblocked(stored);
                self.store.unblock(&occasion, number.as_ref()).await.map(|()| after)
            }
            Action::ResetPhone => {
                let after = administration::phone_reset(stored);
                let released = stored.subject.binding.as_ref().map(|binding| &binding.number);
                self.store.reset_phone(&occasion, released).await.map(|()| after)
            }
        }
    }
}

/// The action that the route names, or `None` for a plain `GET`.
fn action(request: &Request) -> Result<Option<Action>, Problem> {
    let path = request.raw_http_path();
    match (request.method(), path.rsplit('/').next()) {
        (&Method::GET, _) => Ok(None),
        (&Method::POST, Some("reset-phone")) => Ok(Some(Action::ResetPhone)),
        (&Method::POST, Some("unlock")) => Ok(Some(Action::Unlock)),
        (&Method::POST, Some("unblock")) => Ok(Some(Action::Unblock)),
        _ => Err(Problem::NotFound),
    }
}
