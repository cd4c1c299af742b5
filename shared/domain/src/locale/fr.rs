//! French.

use super::words::{Door, Messages, Phrases, Words};

pub(super) const WORDS: Words = Words {
    messages: MESSAGES,
    login: LOGIN,
    change: CHANGE,
    cannot_approve_change: "Cet appel concerne le changement du numéro de téléphone de votre compte, qu'aucune \
                            touche ne peut approuver. Saisissez un code là où vous le changez. Si vous ne l'avez \
                            pas demandé, appuyez sur zéro.",
};

const MESSAGES: Messages = Messages {
    login: |brand, code| format!("{code} est votre code {brand}. Ne le communiquez à personne."),
    change: |brand, code| {
        format!("{code} est votre code pour CHANGER de numéro de téléphone chez {brand}. Ne le communiquez à personne.")
    },
    changed: |brand, ending| {
        format!("Votre numéro de téléphone chez {brand} a été remplacé par un autre finissant par {ending}. ")
    },
    see_page: "Si ce n'est pas vous : ",
    ask_support: "Si ce n'est pas vous, contactez l'assistance.",
};

const LOGIN: Phrases = Phrases {
    language: "fr-FR",
    prompt: "Pour terminer votre connexion, appuyez sur la touche dièse. Si vous n'êtes pas en train de vous connecter, \
             appuyez sur zéro.",
    wrong_key: "Cette touche n'a aucune fonction ici.",
    enter_digits: "Pour terminer votre connexion, tapez les chiffres affichés sur votre écran, puis appuyez sur la \
                   touche dièse.",
    or_zero_and_pound: "Si vous n'êtes pas en train de vous connecter, appuyez sur zéro, puis sur dièse.",
    wrong_digits: "Ce ne sont pas les chiffres affichés sur votre écran. Vous pouvez demander un nouvel appel. Au revoir.",
    code_is: "Votre code est :",
    code_ends: "Saisissez-le là où vous vous connectez et ne le communiquez à personne. \
                Si vous n'êtes pas en train de vous connecter, appuyez sur zéro.",
    said_once: "Cet appel ne répète pas son code. Vous pouvez demander un nouvel appel. \
                Si vous n'êtes pas en train de vous connecter, appuyez sur zéro.",
    goodbye: "Au revoir.",
    approved: "C'est fait. Regardez votre écran. Au revoir.",
    stopped: "Merci. Nous avons interrompu cette connexion.",
    change_password: "Veuillez changer votre mot de passe. Au revoir.",
    not_in_time: "Merci de nous avoir prévenus. Cette connexion avait déjà abouti.",
    block_for_day: "Pour bloquer toutes les connexions pendant 24 heures, appuyez de nouveau sur zéro.",
    block_for_now: "Pour bloquer toutes les connexions pour l'instant, appuyez de nouveau sur zéro.",
    blocked: "Merci. Toutes les connexions sont bloquées pour l'instant.",
    code_entered: "Un code a déjà été saisi pour cette connexion. Si ce n'était pas vous, appuyez sur zéro.",
    too_late: "Il est trop tard pour approuver cette connexion. Si elle n'est pas de vous, appuyez sur zéro.",
    use_code: "Nous n'avons pas pu confirmer cet appel. Vous pouvez demander un code par SMS. Au revoir.",
    over: "Cet appel n'est plus nécessaire. Au revoir.",
};

const CHANGE: Phrases = Phrases {
    enter_digits: "Cet appel sert à changer le numéro de téléphone de votre compte. Si vous êtes d'accord, tapez \
                   les chiffres affichés sur votre écran, puis appuyez sur la touche dièse.",
    or_zero_and_pound: "Si vous ne l'avez pas demandé, appuyez sur zéro, puis sur dièse.",
    code_is: "Votre code pour changer de numéro de téléphone est :",
    code_ends: "Saisissez-le là où vous changez de numéro de téléphone et ne le communiquez à personne. \
                Si vous ne l'avez pas demandé, appuyez sur zéro.",
    said_once: "Cet appel ne répète pas son code. Vous pouvez demander un nouvel appel. \
                Si vous n'êtes pas en train de changer de numéro de téléphone, appuyez sur zéro.",
    stopped: "Merci. Nous avons interrompu le changement de votre numéro de téléphone.",
    not_in_time: "Merci de nous avoir prévenus. Le changement de votre numéro de téléphone était déjà confirmé.",
    code_entered: "Un code a déjà été saisi pour changer votre numéro de téléphone. Si ce n'était pas vous, appuyez sur zéro.",
    too_late: "Il est trop tard pour approuver ce changement de numéro de téléphone. Si vous ne l'avez pas demandé, \
               appuyez sur zéro.",
    ..LOGIN
};

pub(super) const DOOR: Door = Door {
    going_back: "Retour en cours…",
    go_on: "Continuer",
    ended: "Cette connexion ne peut pas se poursuivre",
    start_again: "Revenez à l’application ou au site auquel vous vous connectiez, puis recommencez.",
    reference: "Référence",
};
