//! The words of calls, one place per language and in it one per purpose.
//!
//! A call to change the number says so, and nothing of a sign-in: who takes it may believe to be signing in.

use crate::challenge::Purpose;
use crate::locale::Locale;

/// What a call says.
pub struct Phrases {
    /// The `language` attribute for the provider's text-to-speech.
    pub language: &'static str,
    /// Introduces the call; the brand is spoken before it.
    pub prompt: &'static str,
    /// After a key that means nothing.
    pub wrong_key: &'static str,
    /// Asks for the digits on the page; the brand is spoken before it.
    pub enter_digits: &'static str,
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
    /// After approval.
    pub approved: &'static str,
    /// After the fraud key.
    pub denied: &'static str,
    /// Where no key approves, who may be deceived, and the fraud key; the brand is spoken before it.
    pub cannot_approve: &'static str,
    /// When the challenge is closed, and the fraud key works still.
    pub too_late: &'static str,
    /// To whoever is not judged human: a misjudged person learns what else works.
    pub use_code: &'static str,
    /// When the call is too late or was never ours.
    pub over: &'static str,
}

impl Phrases {
    /// The words of a call for `purpose`.
    #[must_use]
    pub const fn of(locale: Locale, purpose: Purpose) -> &'static Self {
        match (locale, purpose) {
            (Locale::En, Purpose::Login) => &ENGLISH,
            (Locale::En, Purpose::Change) => &ENGLISH_CHANGE,
            (Locale::Es, Purpose::Login) => &SPANISH,
            (Locale::Es, Purpose::Change) => &SPANISH_CHANGE,
            (Locale::Ar, Purpose::Login) => &ARABIC,
            (Locale::Ar, Purpose::Change) => &ARABIC_CHANGE,
        }
    }
}

const ENGLISH: Phrases = Phrases {
    language: "en-US",
    prompt: "To finish signing in, press the pound key. If you are not signing in, press zero.",
    wrong_key: "That key does nothing here.",
    enter_digits: "To finish signing in, key the two digits that your screen shows, then press the pound key. \
                   If you are not signing in, press zero, then the pound key.",
    wrong_digits: "These are not the digits that your screen shows. You can ask for a new call. Goodbye.",
    code_is: "Your code is:",
    code_ends: "Enter it where you are signing in, and tell it to nobody. If you are not signing in, press zero.",
    said_once: "This call does not say its code again. You can ask for a new call. \
                If you are not signing in, press zero.",
    goodbye: "Goodbye.",
    approved: "Thank you. You are signed in. Goodbye.",
    denied: "Thank you. We stopped this sign-in. Please change your password. Goodbye.",
    cannot_approve: "Another sign-in to your account is waiting, so no key approves this one. Enter a code where you \
                     are signing in. If one of the two is not you, press zero.",
    too_late: "It is too late to approve this sign-in. If it is not you, press zero.",
    use_code: "We could not confirm this call. You can ask for a code by text message instead. Goodbye.",
    over: "This call is no longer needed. Goodbye.",
};

const ENGLISH_CHANGE: Phrases = Phrases {
    enter_digits: "This is to change the phone number of your account. To agree, key the two digits that your screen \
                   shows, then press the pound key. If you did not ask for it, press zero, then the pound key.",
    code_is: "Your code to change your phone number is:",
    code_ends: "Enter it where you are changing your phone number, and tell it to nobody. \
                If you did not ask for it, press zero.",
    said_once: "This call does not say its code again. You can ask for a new call. \
                If you are not changing your phone number, press zero.",
    approved: "Thank you. This phone number is confirmed. Goodbye.",
    denied: "Thank you. We stopped the change of your phone number. Please change your password. Goodbye.",
    cannot_approve: "This is about changing the phone number of your account, which no key in this call approves. \
                     Enter a code where you are changing it. If you did not ask for it, press zero.",
    too_late: "It is too late to approve this change of your phone number. If you did not ask for it, press zero.",
    ..ENGLISH
};

const SPANISH: Phrases = Phrases {
    language: "es-ES",
    prompt: "Para terminar de iniciar sesión, pulse la tecla almohadilla. Si no está iniciando sesión, pulse cero.",
    wrong_key: "Esa tecla no hace nada aquí.",
    enter_digits: "Para terminar de iniciar sesión, marque las dos cifras que muestra su pantalla y pulse \
                   almohadilla. Si no está iniciando sesión, pulse cero y almohadilla.",
    wrong_digits: "Esas no son las cifras que muestra su pantalla. Puede pedir una nueva llamada. Adiós.",
    code_is: "Su código es:",
    code_ends: "Introdúzcalo donde está iniciando sesión y no se lo diga a nadie. \
                Si no está iniciando sesión, pulse cero.",
    said_once: "Esta llamada no repite su código. Puede pedir una nueva llamada. \
                Si no está iniciando sesión, pulse cero.",
    goodbye: "Adiós.",
    approved: "Gracias. Ha iniciado sesión. Adiós.",
    denied: "Gracias. Hemos detenido este inicio de sesión. Cambie su contraseña. Adiós.",
    cannot_approve: "Hay otro inicio de sesión en espera, así que ninguna tecla aprueba este. Introduzca un código \
                     donde está iniciando sesión. Si alguno de los dos no es suyo, pulse cero.",
    too_late: "Ya es tarde para aprobar este inicio de sesión. Si no es suyo, pulse cero.",
    use_code: "No hemos podido confirmar esta llamada. Puede pedir un código por mensaje de texto. Adiós.",
    over: "Esta llamada ya no es necesaria. Adiós.",
};

const SPANISH_CHANGE: Phrases = Phrases {
    enter_digits: "Esta llamada es para cambiar el teléfono de su cuenta. Si está de acuerdo, marque las dos cifras que \
                   muestra su pantalla y pulse almohadilla. Si no lo ha pedido, pulse cero y almohadilla.",
    code_is: "Su código para cambiar de teléfono es:",
    code_ends: "Introdúzcalo donde está cambiando su teléfono y no se lo diga a nadie. Si no lo ha pedido, pulse cero.",
    said_once: "Esta llamada no repite su código. Puede pedir una nueva llamada. \
                Si no está cambiando su teléfono, pulse cero.",
    approved: "Gracias. Este teléfono está confirmado. Adiós.",
    denied: "Gracias. Hemos detenido el cambio de su teléfono. Cambie su contraseña. Adiós.",
    cannot_approve: "Esta llamada es para cambiar el teléfono de su cuenta, lo que ninguna tecla aprueba. Introduzca \
                     un código donde lo está cambiando. Si no lo ha pedido, pulse cero.",
    too_late: "Ya es tarde para aprobar este cambio de teléfono. Si no lo ha pedido, pulse cero.",
    ..SPANISH
};

const ARABIC: Phrases = Phrases {
    language: "arb",
    prompt: "لإكمال تسجيل الدخول، اضغط على مفتاح المربع. إذا لم تكن أنت من يسجل الدخول، اضغط على صفر.",
    wrong_key: "هذا المفتاح لا يفعل شيئا هنا.",
    enter_digits: "لإكمال تسجيل الدخول، أدخل الرقمين الظاهرين على شاشتك ثم اضغط على مفتاح المربع. \
                   إذا لم تكن أنت من يسجل الدخول، اضغط على صفر ثم على مفتاح المربع.",
    wrong_digits: "هذان ليسا الرقمين الظاهرين على شاشتك. يمكنك طلب مكالمة جديدة. مع السلامة.",
    code_is: "رمزك هو:",
    code_ends: "أدخله حيث تسجل الدخول ولا تخبر به أحدا. إذا لم تكن أنت من يسجل الدخول، اضغط على صفر.",
    said_once: "لا تعيد هذه المكالمة قول رمزها. يمكنك طلب مكالمة جديدة. \
                إذا لم تكن أنت من يسجل الدخول، اضغط على صفر.",
    goodbye: "مع السلامة.",
    approved: "شكرا. تم تسجيل دخولك. مع السلامة.",
    denied: "شكرا. لقد أوقفنا عملية تسجيل الدخول هذه. يرجى تغيير كلمة المرور. مع السلامة.",
    cannot_approve: "هناك عملية تسجيل دخول أخرى قيد الانتظار، لذلك لا يوافق أي مفتاح على هذه. أدخل رمزا حيث تسجل \
                     الدخول. إذا لم تكن إحداهما منك، اضغط على صفر.",
    too_late: "فات أوان الموافقة على تسجيل الدخول هذا. إذا لم تكن أنت، اضغط على صفر.",
    use_code: "لم نتمكن من تأكيد هذه المكالمة. يمكنك طلب رمز برسالة نصية. مع السلامة.",
    over: "لم تعد هذه المكالمة مطلوبة. مع السلامة.",
};

const ARABIC_CHANGE: Phrases = Phrases {
    enter_digits: "هذه المكالمة لتغيير رقم هاتف حسابك. للموافقة، أدخل الرقمين الظاهرين على شاشتك ثم اضغط على مفتاح \
                   المربع. إذا لم تطلب ذلك، اضغط على صفر ثم على مفتاح المربع.",
    code_is: "رمزك لتغيير رقم هاتفك هو:",
    code_ends: "أدخله حيث تغير رقم هاتفك ولا تخبر به أحدا. إذا لم تطلب ذلك، اضغط على صفر.",
    said_once: "لا تعيد هذه المكالمة قول رمزها. يمكنك طلب مكالمة جديدة. \
                إذا لم تكن أنت من يغير رقم هاتفك، اضغط على صفر.",
    approved: "شكرا. تم تأكيد رقم الهاتف هذا. مع السلامة.",
    denied: "شكرا. لقد أوقفنا تغيير رقم هاتفك. يرجى تغيير كلمة المرور. مع السلامة.",
    cannot_approve: "هذه المكالمة لتغيير رقم هاتف حسابك، ولا يوافق عليه أي مفتاح فيها. أدخل رمزا حيث تغير رقمك. إذا \
                     لم تطلب ذلك، اضغط على صفر.",
    too_late: "فات أوان الموافقة على تغيير رقم هاتفك. إذا لم تطلب ذلك، اضغط على صفر.",
    ..ARABIC
};
