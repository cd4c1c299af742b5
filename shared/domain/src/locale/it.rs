//! Italian.

use super::words::{Door, Messages, Phrases, Words};

pub(super) const WORDS: Words = Words {
    messages: MESSAGES,
    login: LOGIN,
    change: CHANGE,
    cannot_approve_change: "Questa chiamata riguarda il cambio del numero di telefono del Suo account, che nessun \
                            tasto può approvare. Inserisca un codice dove lo sta cambiando. Se non lo ha richiesto, \
                            prema zero.",
};

const MESSAGES: Messages = Messages {
    login: |brand, code| format!("{code} è il Suo codice {brand}. Non lo comunichi a nessuno."),
    change: |brand, code| {
        format!("{code} è il Suo codice per CAMBIARE numero di telefono su {brand}. Non lo comunichi a nessuno.")
    },
    changed: |brand, ending| {
        format!("Il Suo numero di telefono su {brand} è stato sostituito da uno che termina con {ending}. ")
    },
    see_page: "Se non lo ha richiesto: ",
    ask_support: "Se non lo ha richiesto, contatti l'assistenza.",
};

const LOGIN: Phrases = Phrases {
    language: "it-IT",
    prompt: "Per completare l'accesso, prema il tasto cancelletto. Se non sta effettuando l'accesso, prema zero.",
    wrong_key: "Questo tasto non ha alcuna funzione.",
    enter_digits: "Per completare l'accesso, digiti le cifre mostrate sul Suo schermo, poi prema il tasto \
                   cancelletto.",
    or_zero_and_pound: "Se non sta effettuando l'accesso, prema zero e poi cancelletto.",
    wrong_digits: "Queste non sono le cifre mostrate sul Suo schermo. Può richiedere una nuova chiamata. Arrivederci.",
    code_is: "Il Suo codice è:",
    code_ends: "Lo inserisca dove sta effettuando l'accesso e non lo comunichi a nessuno. \
                Se non sta effettuando l'accesso, prema zero.",
    said_once: "Questa chiamata non ripete il codice. Può richiedere una nuova chiamata. \
                Se non sta effettuando l'accesso, prema zero.",
    goodbye: "Arrivederci.",
    approved: "Fatto. Guardi lo schermo. Arrivederci.",
    stopped: "Grazie. Abbiamo interrotto questo accesso.",
    change_password: "Cambi la Sua password. Arrivederci.",
    not_in_time: "Grazie per la segnalazione. Questo accesso era già stato completato.",
    block_for_day: "Per bloccare tutti gli accessi per 24 ore, prema di nuovo zero.",
    block_for_now: "Per bloccare tutti gli accessi per ora, prema di nuovo zero.",
    blocked: "Grazie. Per ora tutti gli accessi sono bloccati.",
    code_entered: "È già stato inserito un codice per questo accesso. Se non è stato Lei, prema zero.",
    too_late: "È troppo tardi per approvare questo accesso. Se non è Suo, prema zero.",
    use_code: "Non è stato possibile confermare questa chiamata. Può richiedere un codice via SMS. Arrivederci.",
    over: "Questa chiamata non è più necessaria. Arrivederci.",
};

const CHANGE: Phrases = Phrases {
    enter_digits: "Questa chiamata serve a cambiare il numero di telefono del Suo account. Se è d'accordo, digiti \
                   le cifre mostrate sul Suo schermo, poi prema il tasto cancelletto.",
    or_zero_and_pound: "Se non lo ha richiesto, prema zero e poi cancelletto.",
    code_is: "Il Suo codice per cambiare numero di telefono è:",
    code_ends: "Lo inserisca dove sta cambiando numero di telefono e non lo comunichi a nessuno. \
                Se non lo ha richiesto, prema zero.",
    said_once: "Questa chiamata non ripete il codice. Può richiedere una nuova chiamata. \
                Se non sta cambiando numero di telefono, prema zero.",
    stopped: "Grazie. Abbiamo interrotto il cambio del Suo numero di telefono.",
    not_in_time: "Grazie per la segnalazione. Il cambio del Suo numero di telefono era già confermato.",
    code_entered: "È già stato inserito un codice per cambiare il Suo numero di telefono. Se non è stato Lei, prema zero.",
    too_late: "È troppo tardi per approvare questo cambio di numero di telefono. Se non lo ha richiesto, prema zero.",
    ..LOGIN
};

pub(super) const DOOR: Door = Door {
    going_back: "La riportiamo indietro…",
    go_on: "Continua",
    ended: "Questo accesso non può continuare",
    start_again: "Torni all’app o al sito a cui stava accedendo e ricominci.",
    reference: "Riferimento",
};
