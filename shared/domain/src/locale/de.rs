//! German.

use super::words::{Door, Messages, Phrases, Words};

pub(super) const WORDS: Words = Words {
    messages: MESSAGES,
    login: LOGIN,
    change: CHANGE,
    cannot_approve_change: "Es geht um die Änderung der Telefonnummer Ihres Kontos, die keine Taste in diesem Anruf \
                            bestätigt. Geben Sie dort, wo Sie die Nummer ändern, einen Code ein. Wenn Sie das nicht \
                            veranlasst haben, drücken Sie die Null.",
};

const MESSAGES: Messages = Messages {
    login: |brand, code| format!("{code} ist Ihr Code für {brand}. Geben Sie ihn nie weiter, wir fragen nicht danach."),
    change: |brand, code| {
        format!("{code} ist Ihr Code zum ÄNDERN Ihrer Telefonnummer bei {brand}. Geben Sie ihn nie weiter.")
    },
    changed: |brand, ending| format!("Ihre Telefonnummer bei {brand} wurde geändert und endet nun auf {ending}. "),
    see_page: "Falls Sie das nicht waren: ",
    ask_support: "Falls Sie das nicht waren, wenden Sie sich an den Support.",
};

const LOGIN: Phrases = Phrases {
    language: "de-DE",
    prompt: "Um Ihre Anmeldung abzuschließen, drücken Sie die Rautetaste. Wenn Sie sich gerade nicht anmelden, \
             drücken Sie die Null.",
    wrong_key: "Diese Taste hat hier keine Funktion.",
    enter_digits: "Um Ihre Anmeldung abzuschließen, geben Sie die Ziffern ein, die Ihr Bildschirm zeigt, und \
                   drücken Sie dann die Rautetaste.",
    or_zero_and_pound: "Wenn Sie sich gerade nicht anmelden, drücken Sie die Null und dann die Rautetaste.",
    wrong_digits: "Das sind nicht die Ziffern, die Ihr Bildschirm zeigt. Sie können einen neuen Anruf anfordern. \
                   Auf Wiederhören.",
    code_is: "Ihr Code lautet:",
    code_ends: "Geben Sie ihn dort ein, wo Sie sich anmelden, und nennen Sie ihn niemandem. \
                Wenn Sie sich gerade nicht anmelden, drücken Sie die Null.",
    said_once: "Dieser Anruf wiederholt seinen Code nicht. Sie können einen neuen Anruf anfordern. \
                Wenn Sie sich gerade nicht anmelden, drücken Sie die Null.",
    goodbye: "Auf Wiederhören.",
    approved: "Fertig. Schauen Sie auf Ihren Bildschirm. Auf Wiederhören.",
    stopped: "Vielen Dank. Wir haben diese Anmeldung gestoppt.",
    change_password: "Bitte ändern Sie Ihr Passwort. Auf Wiederhören.",
    not_in_time: "Danke für den Hinweis. Diese Anmeldung war schon abgeschlossen.",
    block_for_day: "Um alle Anmeldungen für 24 Stunden zu sperren, drücken Sie noch einmal die Null.",
    block_for_now: "Um vorerst alle Anmeldungen zu sperren, drücken Sie noch einmal die Null.",
    blocked: "Vielen Dank. Alle Anmeldungen sind vorerst gesperrt.",
    code_entered: "Für diese Anmeldung wurde schon ein Code eingegeben. Wenn Sie das nicht waren, drücken Sie die Null.",
    too_late: "Es ist zu spät, diese Anmeldung zu bestätigen. Wenn sie nicht von Ihnen stammt, drücken Sie die Null.",
    use_code: "Wir konnten diesen Anruf nicht bestätigen. Sie können stattdessen einen Code per SMS anfordern. \
               Auf Wiederhören.",
    over: "Dieser Anruf wird nicht mehr benötigt. Auf Wiederhören.",
};

const CHANGE: Phrases = Phrases {
    enter_digits: "Dieser Anruf dient dazu, die Telefonnummer Ihres Kontos zu ändern. Wenn Sie einverstanden sind, \
                   geben Sie die Ziffern ein, die Ihr Bildschirm zeigt, und drücken Sie dann die Rautetaste.",
    or_zero_and_pound: "Wenn Sie das nicht veranlasst haben, drücken Sie die Null und dann die Rautetaste.",
    code_is: "Ihr Code zum Ändern Ihrer Telefonnummer lautet:",
    code_ends: "Geben Sie ihn dort ein, wo Sie Ihre Telefonnummer ändern, und nennen Sie ihn niemandem. \
                Wenn Sie das nicht veranlasst haben, drücken Sie die Null.",
    said_once: "Dieser Anruf wiederholt seinen Code nicht. Sie können einen neuen Anruf anfordern. \
                Wenn Sie Ihre Telefonnummer gerade nicht ändern, drücken Sie die Null.",
    stopped: "Vielen Dank. Wir haben die Änderung Ihrer Telefonnummer gestoppt.",
    not_in_time: "Danke für den Hinweis. Die Änderung Ihrer Telefonnummer war schon bestätigt.",
    code_entered: "Für die Änderung Ihrer Telefonnummer wurde schon ein Code eingegeben. Wenn Sie das nicht waren, drücken Sie die Null.",
    too_late: "Es ist zu spät, diese Änderung Ihrer Telefonnummer zu bestätigen. Wenn Sie das nicht veranlasst haben, \
               drücken Sie die Null.",
    ..LOGIN
};

pub(super) const DOOR: Door = Door {
    going_back: "Sie werden zurückgeleitet …",
    go_on: "Weiter",
    ended: "Diese Anmeldung kann nicht fortgesetzt werden",
    start_again: "Gehen Sie zurück zu der App oder Website, bei der Sie sich anmelden wollten, und beginnen Sie von vorn.",
    reference: "Referenz",
};
