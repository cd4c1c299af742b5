//! What has to be said, the same in each language.
//!
//! A message or call that changes the number says so, and such a call doesn't mention a sign-in: someone who
//! believes they are signing in must not be tricked into that proof.

/// All words of one language.
pub(super) struct Words {
    pub(super) messages: Messages,
    pub(super) login: Phrases,
    /// A call to change the number: what is not particular to it is taken over from `login`.
    pub(super) change: Phrases,
    /// Where no key can approve a number change: who may be deceived, and the fraud key.
    pub(super) cannot_approve_change: &'static str,
}

/// What messages say. The first line of a code's message, and the notice, which has one line.
pub(super) struct Messages {
    /// Carries a code: of the brand and the code.
    pub(super) login: fn(brand: &str, code: &str) -> String,
    /// Carries a code that changes the number: of the brand and the code.
    pub(super) change: fn(brand: &str, code: &str) -> String,
    /// That the number was changed: of the brand and the new number's end. One of the next two follows at once.
    pub(super) changed: fn(brand: &str, ending: &str) -> String,
    /// Where to turn if it was not the reader: the support page's address follows.
    pub(super) see_page: &'static str,
    /// The same without an address.
    pub(super) ask_support: &'static str,
}

/// What a call says.
pub struct Phrases {
    /// The `language` attribute for the provider's text-to-speech.
    pub language: &'static str,
    /// Introduces the call; the brand is spoken before it.
    pub prompt: &'static str,
    /// After a key that means nothing.
    pub wrong_key: &'static str,
    /// Asks for the digits on the page, two or four; the brand is spoken before it.
    pub enter_digits: &'static str,
    /// The fraud key, where `#` ends an entry.
    pub or_zero_and_pound: &'static str,
    /// After digits that the page does not show.
    pub wrong_digits: &'static str,
    /// Before a code, whose digits are spoken one by one; at first the brand is spoken before it.
    pub code_is: &'static str,
    /// What to do with a code, and what if it is not wanted.
    pub code_ends: &'static str,
    /// When the call has said its code and cannot say it again.
    pub said_once: &'static str,
    /// When nothing more is to be said.
    pub goodbye: &'static str,
    /// After approval, which the next status has yet to settle: it promises nothing but that the page goes on.
    pub approved: &'static str,
    /// After the fraud key. What can be done besides follows.
    pub stopped: &'static str,
    /// The last words after a report.
    pub change_password: &'static str,
    /// After the fraud key, when it was too late to stop it.
    pub not_in_time: &'static str,
    /// Offers to block the account, where that is for 24 hours.
    pub block_for_day: &'static str,
    /// The same without a time.
    pub block_for_now: &'static str,
    /// After the account was blocked.
    pub blocked: &'static str,
    /// When a code was entered before the call was taken, and the fraud key still works.
    pub code_entered: &'static str,
    /// When the challenge is closed, and the fraud key works still.
    pub too_late: &'static str,
    /// To whoever is not judged human: a misjudged person learns what else works.
    pub use_code: &'static str,
    /// When the call is too late or was never ours.
    pub over: &'static str,
}

/// What the pages say between another site's login and ours. They are apart from the other words: only the functions of
/// those logins carry them.
#[derive(Debug)]
pub struct Door {
    /// On the page that takes the user back, while it does.
    pub going_back: &'static str,
    /// Its button, for a browser that doesn't do it by itself.
    pub go_on: &'static str,
    /// On the page about a request that can't be answered.
    pub ended: &'static str,
    /// What to do then.
    pub start_again: &'static str,
    /// Before the reference that the user can give to support.
    pub reference: &'static str,
}
