//! The item of all switches.

use std::collections::{BTreeMap, HashMap};

use domain::identity::Administrator;
use domain::switches::{Reason, Setting, Switch, Switches};

use super::attribute::{ADMIN_AT, ADMIN_BY, MODE, REASON, SWITCHES, UNTIL, VERSION};
use super::reader::{Reader, Unreadable};
use super::value::Value;

pub fn read<V: Value>(item: Reader<'_, V>) -> Result<Switches, Unreadable> {
    let set = item.map(SWITCHES)?.into_iter().flatten().map(|(name, of)| setting(name, of));
    Ok(Switches::of(item.require(VERSION)?, set.collect::<Result<BTreeMap<_, _>, _>>()?))
}

/// One that this version does not know is not skipped: something was stopped, and it could not tell what.
fn setting<V: Value>(name: &str, value: &V) -> Result<(Switch, Setting), Unreadable> {
    let unreadable = Unreadable(SWITCHES.name);
    let switch = Switch::parse(name).ok_or(unreadable)?;
    let of: &HashMap<String, V> = value.map().ok_or(unreadable)?;
    let of = Reader(of);
    let setting = Setting {
        reason: Reason::parse(of.text(REASON)?).map_err(|_| Unreadable(REASON.name))?,
        until: of.require(UNTIL)?,
        mode: of.get(MODE)?,
        by: Administrator::parse(of.text(ADMIN_BY)?).map_err(|_| Unreadable(ADMIN_BY.name))?,
        at: of.require(ADMIN_AT)?,
    };
    if setting.mode.is_some() == (switch == Switch::UnverifiedBudget) {
        Ok((switch, setting))
    } else {
        Err(Unreadable(MODE.name))
    }
}
