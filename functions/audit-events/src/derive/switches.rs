//! The events of the switches, which are all in one item: each switch that differs from before.

use domain::switches::{Setting, Switch, Switches};
use domain::time::Timestamp;
use platform::clock::rfc3339;
use platform::item::Unreadable;
use platform::item::attribute::{ADMIN_AT, ADMIN_BY, VERSION};
use platform::item::switches::read;

use super::Step;
use crate::event::{About, Event, Fact};

pub(super) fn events(step: &Step<'_>) -> Result<Vec<Event>, Unreadable> {
    let (before, after) = (step.old.map(read).transpose()?.unwrap_or_default(), read(step.new)?);
    // Somebody who edits the table directly raises no version, and is named in no event.
    let by = if step.set(VERSION) { Some(step.new.text(ADMIN_BY)?.to_owned()) } else { None };
    let at = if step.set(VERSION) { step.new.require(ADMIN_AT)? } else { step.at };
    let set = after.stored().filter(|(switch, setting)| find(&before, *switch) != Some(setting)).map(set);
    let gone = before.stored().filter(|(switch, _)| find(&after, *switch).is_none());
    let cleared = gone.filter(|(_, setting)| setting.until > at).map(|(switch, _)| cleared(switch, by.clone(), at));
    Ok(set.chain(cleared).collect())
}

fn find(switches: &Switches, wanted: Switch) -> Option<&Setting> {
    switches.stored().find(|(switch, _)| *switch == wanted).map(|(_, setting)| setting)
}

fn set((switch, setting): (Switch, &Setting)) -> Event {
    let Setting { reason, until, mode, by, at } = setting;
    let fact = Fact::SwitchSet {
        switch: switch.to_string(),
        until: rfc3339(*until),
        reason: reason.as_str().to_owned(),
        mode: mode.map(domain::policy::BudgetMode::as_str),
        by: by.as_str().to_owned(),
    };
    Event { at: *at, about: About::default(), fact }
}

fn cleared(switch: Switch, by: Option<String>, at: Timestamp) -> Event {
    Event { at, about: About::default(), fact: Fact::SwitchCleared { switch: switch.to_string(), by } }
}
