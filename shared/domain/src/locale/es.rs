//! Spanish.

use super::words::{Door, Messages, Phrases, Words};

pub(super) const WORDS: Words = Words {
    messages: MESSAGES,
    login: LOGIN,
    change: CHANGE,
    cannot_approve_change: "Esta llamada es para cambiar el teléfono de su cuenta, lo que ninguna tecla aprueba. \
                            Introduzca un código donde lo está cambiando. Si no lo ha pedido, pulse cero.",
};

const MESSAGES: Messages = Messages {
    login: |brand, code| format!("{code} es su clave de {brand}. No la comparta con nadie."),
    change: |brand, code| format!("{code} es su clave para CAMBIAR su teléfono en {brand}. No la comparta con nadie."),
    changed: |brand, ending| format!("Su acceso a {brand} usa ahora el teléfono acabado en {ending}, en vez de este. "),
    see_page: "Si usted no hizo el cambio: ",
    ask_support: "Si usted no hizo el cambio, contacte con soporte.",
};

const LOGIN: Phrases = Phrases {
    language: "es-ES",
    prompt: "Para terminar de iniciar sesión, pulse la tecla almohadilla. Si no está iniciando sesión, pulse cero.",
    wrong_key: "Esa tecla no hace nada aquí.",
    enter_digits: "Para terminar de iniciar sesión, marque las cifras que muestra su pantalla y pulse almohadilla.",
    or_zero_and_pound: "Si no está iniciando sesión, pulse cero y almohadilla.",
    wrong_digits: "Esas no son las cifras que muestra su pantalla. Puede pedir una nueva llamada. Adiós.",
    code_is: "Su código es:",
    code_ends: "Introdúzcalo donde está iniciando sesión y no se lo diga a nadie. \
                Si no está iniciando sesión, pulse cero.",
    said_once: "Esta llamada no repite su código. Puede pedir una nueva llamada. \
                Si no está iniciando sesión, pulse cero.",
    goodbye: "Adiós.",
    approved: "Listo. Mire la pantalla. Adiós.",
    stopped: "Gracias. Hemos detenido este inicio de sesión.",
    change_password: "Cambie su contraseña. Adiós.",
    not_in_time: "Gracias por avisarnos. Este inicio de sesión ya se había completado.",
    block_for_day: "Para bloquear todos los inicios de sesión durante 24 horas, vuelva a pulsar cero.",
    block_for_now: "Para bloquear todos los inicios de sesión por ahora, vuelva a pulsar cero.",
    blocked: "Gracias. Todos los inicios de sesión quedan bloqueados por ahora.",
    code_entered: "Ya se ha introducido un código para este inicio de sesión. Si no ha sido usted, pulse cero.",
    too_late: "Ya es tarde para aprobar este inicio de sesión. Si no es suyo, pulse cero.",
    use_code: "No hemos podido confirmar esta llamada. Puede pedir un código por mensaje de texto. Adiós.",
    over: "Esta llamada ya no es necesaria. Adiós.",
};

const CHANGE: Phrases = Phrases {
    enter_digits: "Esta llamada es para cambiar el teléfono de su cuenta. Si está de acuerdo, marque las cifras que \
                   muestra su pantalla y pulse almohadilla.",
    or_zero_and_pound: "Si no lo ha pedido, pulse cero y almohadilla.",
    code_is: "Su código para cambiar de teléfono es:",
    code_ends: "Introdúzcalo donde está cambiando su teléfono y no se lo diga a nadie. Si no lo ha pedido, pulse cero.",
    said_once: "Esta llamada no repite su código. Puede pedir una nueva llamada. \
                Si no está cambiando su teléfono, pulse cero.",
    stopped: "Gracias. Hemos detenido el cambio de su teléfono.",
    not_in_time: "Gracias por avisarnos. El cambio de su teléfono ya estaba confirmado.",
    code_entered: "Ya se ha introducido un código para cambiar su teléfono. Si no ha sido usted, pulse cero.",
    too_late: "Ya es tarde para aprobar este cambio de teléfono. Si no lo ha pedido, pulse cero.",
    ..LOGIN
};

pub(super) const DOOR: Door = Door {
    going_back: "Le llevamos de vuelta…",
    go_on: "Continuar",
    ended: "No se puede continuar con este inicio de sesión",
    start_again: "Vuelva a la aplicación o al sitio web donde estaba iniciando sesión y empiece de nuevo.",
    reference: "Referencia",
};
