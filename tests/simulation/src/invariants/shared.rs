//! What subjects share: counters, and a number's accounts.

use domain::challenge::Challenge;
use domain::identity::{ChallengeId, SubjectId};
use domain::limit::Limit;
use domain::phone::PhoneNumber;
use domain::quota::{Counter, Scope};
use domain::start_transaction::StartTransaction;

use crate::cast::{ISSUER, NUMBERS, PEOPLE};
use crate::coverage::Seen;
use crate::model::counter_key;
use crate::world::World;

/// Records what a start was charged, and checks each counter against its quota.
pub(super) fn charged(world: &mut World, transaction: &StartTransaction) {
    for charge in &transaction.charges {
        let used = world.model.used(&charge.counter);
        if charge.enforced && used > i64::from(charge.quota) {
            world.breaks(format!("{used} of {} by {:?}", charge.quota, charge.counter));
        }
        *world.past.charges.entry(counter_key(&charge.counter)).or_default() += 1;
        if is_unverified(&charge.counter) {
            world.past.refundable.entry(transaction.challenge.id).or_default().push(charge.counter.clone());
        }
    }
    if transaction.max_accounts.is_none() {
        return;
    }
    let number = world.model.number(&transaction.challenge.phone);
    let most = world.policy.max_accounts as usize;
    if number.accounts.len() >= most && !number.accounts.contains(&transaction.challenge.id.key.subject) {
        world.breaks("sent to a number that has no room for the account".to_owned());
    }
    if transaction.challenge.source.is_unverified() && number.blocked_until.is_some_and(|until| until > transaction.at)
    {
        world.breaks("sent to a reported number".to_owned());
    }
}

/// Whether it counts unverified sends.
fn is_unverified(counter: &Counter) -> bool {
    match counter.scope {
        Scope::Range(_) | Scope::Country(_) => true,
        Scope::Number(_) => counter.limit == Limit::NumberUnverified,
        Scope::Network(_) => false,
    }
}

/// A send that certainly failed gives back what it was charged to its range and country, or less, and only once.
pub(super) fn given_back(world: &mut World, id: &ChallengeId, counters: &[Counter]) {
    for counter in counters {
        let refundable = world.past.refundable.entry(*id).or_default();
        let at = refundable.iter().position(|charged| charged == counter);
        let of_send = matches!(counter.scope, Scope::Range(_) | Scope::Country(_));
        let Some(at) = at.filter(|_| of_send) else {
            world.breaks(format!("a failed send gives back {counter:?}"));
            continue;
        };
        refundable.swap_remove(at);
        *world.past.charges.entry(counter_key(counter)).or_default() -= 1;
        counts_every_send(world, counter);
    }
}

fn counts_every_send(world: &mut World, counter: &Counter) {
    let (used, least) = (world.model.used(counter), world.past.charges.get(&counter_key(counter)).copied());
    if used < least.unwrap_or_default() {
        world.breaks(format!("{counter:?} is at {used}, but at least {least:?} sends did not lead to an enrolment"));
    }
}

/// An enrolment gives back what its challenge was charged, or less, and only once.
pub(super) fn enrolled(world: &mut World, challenge: &Challenge) {
    let (now, number) = (world.errand().now, world.model.number(&challenge.phone));
    if challenge.source.is_unverified() && number.blocked_until.is_some_and(|until| until > now) {
        world.breaks("a reported number was enrolled by a user who only typed it".to_owned());
    }
    let refundable = world.past.refundable.remove(&challenge.id).unwrap_or_default();
    if !refundable.is_empty() {
        world.saw(Seen::Refunded);
    }
    for counter in &refundable {
        *world.past.charges.entry(counter_key(counter)).or_default() -= 1;
    }
    for (counter, _) in &challenge.charged {
        counts_every_send(world, counter);
    }
}

/// A number's accounts are those that have it enrolled, and no more than allowed.
pub(crate) fn shared(world: &mut World) {
    for text in NUMBERS {
        let Ok(phone) = PhoneNumber::parse(text) else { continue };
        let accounts = world.model.number(&phone).accounts;
        if accounts.len() > world.policy.max_accounts as usize {
            world.breaks(format!("{} accounts of {phone}", accounts.len()));
        }
        for sub in PEOPLE {
            let subject = SubjectId::new(ISSUER, sub);
            let bound = world.model.items(&subject).0.binding.is_some_and(|binding| binding.number == phone);
            if bound != accounts.contains(&subject) {
                world.breaks(format!("{sub} has {phone} enrolled: {bound}, and is its account: {}", !bound));
            }
        }
    }
}
