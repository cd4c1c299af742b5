//! English.

use super::words::{Door, Messages, Phrases, Words};

pub(super) const WORDS: Words = Words {
    messages: MESSAGES,
    login: LOGIN,
    change: CHANGE,
    cannot_approve_change: "This call is about changing the phone number of your account. You cannot confirm that \
                            by pressing a key. Enter a code where you are changing it. If you did not ask for it, \
                            press zero.",
};

const MESSAGES: Messages = Messages {
    login: |brand, code| format!("{code} is your {brand} code. Never share it, we will not ask for it."),
    change: |brand, code| format!("{code} is your code to CHANGE your phone number at {brand}. Never share it."),
    changed: |brand, ending| {
        format!("The phone number of your {brand} sign-in was changed to one ending in {ending}. ")
    },
    see_page: "If this was not you: ",
    ask_support: "If this was not you, contact support.",
};

const LOGIN: Phrases = Phrases {
    language: "en-US",
    prompt: "To finish signing in, press the pound key. If you are not signing in, press zero.",
    wrong_key: "That key does nothing here.",
    enter_digits: "To finish signing in, enter the digits on your screen, then press the pound key.",
    or_zero_and_pound: "If you are not signing in, press zero, then the pound key.",
    wrong_digits: "Those are not the digits on your screen. You can ask for a new call. Goodbye.",
    code_is: "Your code is:",
    code_ends: "Enter it where you are signing in, and never share it. If you are not signing in, press zero.",
    said_once: "This call cannot repeat its code. You can ask for a new call. \
                If you are not signing in, press zero.",
    goodbye: "Goodbye.",
    approved: "Done. Look at your screen. Goodbye.",
    stopped: "Thank you. We stopped this sign-in.",
    change_password: "Please change your password. Goodbye.",
    not_in_time: "Thank you for telling us. This sign-in had already gone through.",
    block_for_day: "To block all sign-ins for 24 hours, press zero again.",
    block_for_now: "To block all sign-ins for now, press zero again.",
    blocked: "Thank you. All sign-ins are blocked for now.",
    code_entered: "A code was already entered for this sign-in. If that was not you, press zero.",
    too_late: "It is too late to confirm this sign-in. If it is not you, press zero.",
    use_code: "We could not confirm this call. You can ask for a code by text message instead. Goodbye.",
    over: "This call is no longer needed. Goodbye.",
};

const CHANGE: Phrases = Phrases {
    enter_digits: "This is to change the phone number of your account. To agree, enter the digits on your screen, \
                   then press the pound key.",
    or_zero_and_pound: "If you did not ask for it, press zero, then the pound key.",
    code_is: "Your code to change your phone number is:",
    code_ends: "Enter it where you are changing your phone number, and never share it. \
                If you did not ask for it, press zero.",
    said_once: "This call cannot repeat its code. You can ask for a new call. \
                If you are not changing your phone number, press zero.",
    stopped: "Thank you. We stopped the change of your phone number.",
    not_in_time: "Thank you for telling us. The change of your phone number was already confirmed.",
    code_entered: "A code was already entered to change your phone number. If that was not you, press zero.",
    too_late: "It is too late to confirm this change of your phone number. If you did not ask for it, press zero.",
    ..LOGIN
};

pub(super) const DOOR: Door = Door {
    going_back: "Taking you back…",
    go_on: "Continue",
    ended: "This sign-in can’t continue",
    start_again: "Go back to the app or website where you were signing in, and start again.",
    reference: "Reference",
};
