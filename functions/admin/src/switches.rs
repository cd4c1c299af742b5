//! `/v1/admin/switches`: what operators stop or change for a while.
//!
//! A change reads all switches, decides, and writes on condition that nobody has changed any since. Repeating it changes
//! nothing more, so that whoever got no answer can ask again.

use domain::identity::Administrator;
use domain::ports::SwitchStore;
use domain::switches::{Setting, Switch};
use domain::time::Timestamp;
use http::{Method, Response};
use lambda_http::{Body, Request, RequestExt as _};
use platform::clock::parse_rfc3339;
use platform::problem::{Failure, Problem};
use platform::request::{Fields, TakeFields};

use crate::view;

/// What the route asks for.
pub enum Asked {
    List,
    Set(Switch),
    Clear(Switch),
}

impl Asked {
    /// `None` if the route is one about a subject.
    pub fn of(request: &Request) -> Result<Option<Self>, Problem> {
        let parameters = request.path_parameters();
        if parameters.first("subject").is_some() {
            return Ok(None);
        }
        let Some(name) = parameters.first("switch") else {
            return if request.method() == Method::GET { Ok(Some(Self::List)) } else { Err(Problem::NotFound) };
        };
        let switch = Switch::parse(name).ok_or(Problem::NotFound)?;
        match *request.method() {
            Method::PUT => Ok(Some(Self::Set(switch))),
            Method::DELETE => Ok(Some(Self::Clear(switch))),
            _ => Err(Problem::NotFound),
        }
    }

    pub async fn answer(
        self,
        request: &Request,
        store: &impl SwitchStore,
        by: &Administrator,
        now: Timestamp,
    ) -> Result<Response<Body>, Failure> {
        let (name, change) = match self {
            Self::List => return Ok(view::switches(&store.switches().await?, now)),
            Self::Set(switch) => (switch, Some(setting(request, switch, by, now)?)),
            Self::Clear(switch) => (switch, None),
        };
        let stored = store.switches().await?;
        let until = change.as_ref().map(|setting| setting.until.as_unix());
        let action = if change.is_some() { "set" } else { "clear" };
        let after = match change {
            Some(setting) => stored.set(name, setting, now).map_err(Problem::from)?,
            None => stored.cleared(name, now),
        };
        // Without the reason, which is somebody's own words.
        tracing::info!(switch = %name, action, until, by = by.as_str(), changes = after.is_some(), "switched");
        let Some(after) = after else { return Ok(view::switches(&stored, now)) };
        store.switch(&after, by, now).await?;
        Ok(view::switches(&after, now))
    }
}

/// What the body says.
pub struct Given {
    pub reason: String,
    pub until: Timestamp,
    /// For the budget of unverified sends alone.
    pub mode: Option<String>,
}

impl Given {
    /// Takes the fields of the body.
    pub fn read(fields: &mut impl TakeFields) -> Result<Self, Problem> {
        let reason = fields.text("reason")?;
        let until = parse_rfc3339(&fields.text("until")?);
        let until =
            until.ok_or_else(|| Problem::invalid_field("until", "must be like 2026-11-30T06:00:00Z, in UTC"))?;
        Ok(Self { reason, until, mode: fields.maybe_text("mode")? })
    }
}

fn setting(request: &Request, switch: Switch, by: &Administrator, now: Timestamp) -> Result<Setting, Problem> {
    let mut fields = Fields::of(request)?;
    let Given { reason, until, mode } = Given::read(&mut fields)?;
    fields.finish()?;
    Ok(Setting::parse(switch, &reason, until, mode.as_deref(), by.clone(), now)?)
}
