//! The words of messages and calls, one place per language.
//!
//! A message must fit one SMS part with the longest brand (16 characters) and host (24): 160
//! characters of the GSM 7-bit alphabet, or 70 of UCS-2. Its last line is the origin-bound code of
//! the WICG draft, so that a browser offers the code only to the page it belongs to. A notice has no
//! such line, since it has no code.
//!
//! What changes the number says so: who believes to be signing in must not be talked out of that proof.

use crate::challenge::Purpose;
use crate::code::Code;
use crate::phone::PhoneNumber;

/// A language the product speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Locale {
    /// English, and the answer to every language not spoken here.
    #[default]
    En,
    /// Spanish.
    Es,
    /// Arabic.
    Ar,
}

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
    /// To whoever is not judged human: a misjudged person learns what else works.
    pub use_code: &'static str,
    /// When the call is too late or was never ours.
    pub over: &'static str,
}

impl Locale {
    /// All languages.
    pub const ALL: [Self; 3] = [Self::En, Self::Es, Self::Ar];

    /// The language of a BCP 47 tag, by its first subtag.
    #[must_use]
    pub fn from_tag(tag: &str) -> Self {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|locale| locale.tag().eq_ignore_ascii_case(primary)).unwrap_or_default()
    }

    /// The language's BCP 47 tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Es => "es",
            Self::Ar => "ar",
        }
    }

    /// The message that carries `code` for `purpose`, bound to the page at `host`.
    #[must_use]
    pub fn sms(self, purpose: Purpose, brand: &str, host: &str, code: &Code) -> String {
        let code = code.expose();
        let words = match (self, purpose) {
            (Self::En, Purpose::Login) => {
                format!("{code} is your {brand} code. Never share it, we will not ask for it.")
            }
            (Self::En, Purpose::Change) => {
                format!("{code} is your code to CHANGE your phone number at {brand}. Never share it.")
            }
            (Self::Es, Purpose::Login) => format!("{code} es su clave de {brand}. No la comparta con nadie."),
            (Self::Es, Purpose::Change) => {
                format!("{code} es su clave para CAMBIAR su teléfono en {brand}. No la comparta con nadie.")
            }
            (Self::Ar, Purpose::Login) => format!("رمز {brand}: {code}"),
            (Self::Ar, Purpose::Change) => format!("لتغيير رقمك {brand}: {code}"),
        };
        format!("{words}\n@{host} #{code}")
    }

    /// The message to a number that is replaced by `new`: that it is, and where to turn, which is the
    /// support page if its address fits.
    #[must_use]
    pub fn notice(self, brand: &str, new: &PhoneNumber, support_url: Option<&str>) -> String {
        let ending = new.ending();
        let (told, asked, support) = match self {
            Self::En => (
                format!("The phone number of your {brand} sign-in was changed to one ending in {ending}."),
                "If this was not you",
                ", contact support.",
            ),
            Self::Es => (
                format!("Su acceso a {brand} usa ahora el teléfono acabado en {ending}, en vez de este."),
                "Si usted no hizo el cambio",
                ", contacte con soporte.",
            ),
            Self::Ar => (format!("تغير رقم {brand} إلى رقم آخره {ending}."), "لم تطلب ذلك", "؟ اتصل بالدعم."),
        };
        let with_page = support_url.map(|url| format!("{told} {asked}: {url}"));
        with_page.filter(|text| fits_one_part(text)).unwrap_or_else(|| format!("{told} {asked}{support}"))
    }

    /// The words of a call for `purpose`.
    #[must_use]
    pub const fn phrases(self, purpose: Purpose) -> &'static Phrases {
        match (self, purpose) {
            (Self::En, Purpose::Login) => &ENGLISH,
            (Self::En, Purpose::Change) => &ENGLISH_CHANGE,
            (Self::Es, Purpose::Login) => &SPANISH,
            (Self::Es, Purpose::Change) => &SPANISH_CHANGE,
            (Self::Ar, Purpose::Login) => &ARABIC,
            (Self::Ar, Purpose::Change) => &ARABIC_CHANGE,
        }
    }
}

/// Whether a text is sent in one part: 160 places of the GSM 7-bit alphabet (3GPP TS 23.038 §6.2.1, in
/// whose extension a character takes two), or 70 of UCS-2 where one character is in neither.
fn fits_one_part(text: &str) -> bool {
    let places = |character| match character {
        _ if GSM7.contains(character) => Some(1),
        _ if GSM7_EXTENSION.contains(character) => Some(2),
        _ => None,
    };
    match text.chars().map(places).sum::<Option<usize>>() {
        Some(places) => places <= 160,
        None => text.encode_utf16().count() <= 70,
    }
}

const GSM7: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const GSM7_EXTENSION: &str = "^{}\\[~]|€";

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
    ..ARABIC
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_fits_one_part_with_the_longest_brand_and_host() {
        let code = Code::parse("123456").expect("six digits");
        for (locale, brand) in Locale::ALL.into_iter().flat_map(|locale| [(locale, "B"), (locale, "~")]) {
            let brand = brand.repeat(16);
            let sms = |purpose| locale.sms(purpose, &brand, &"h".repeat(24), &code);
            for text in [sms(Purpose::Login), sms(Purpose::Change), locale.notice(&brand, &number(), None)] {
                assert!(fits_one_part(&text), "{locale:?}: {text}");
            }
        }
    }

    #[test]
    fn a_part_has_160_places_of_the_gsm_alphabet_or_70_of_ucs_2() {
        for (character, most) in [("a", 160), ("é", 160), ("~", 80), ("ú", 70), ("ر", 70), ("📞", 35)] {
            assert!(fits_one_part(&character.repeat(most)), "{character}");
            assert!(!fits_one_part(&character.repeat(most + 1)), "{character}");
        }
    }

    const PURPOSES: [Purpose; 2] = [Purpose::Login, Purpose::Change];

    fn number() -> PhoneNumber {
        PhoneNumber::parse("+14155552671").expect("a number")
    }

    #[test]
    fn a_notice_tells_the_new_number_by_its_end_alone_and_has_no_code() {
        for locale in Locale::ALL {
            let text = locale.notice("Example", &number(), None);
            assert!(text.contains("Example") && text.contains("71"), "{text}");
            assert!(!text.contains('@') && !text.contains('#') && !text.contains('\n'), "{text}");
            assert_eq!(text.chars().filter(char::is_ascii_digit).count(), 2, "{text}");
        }
    }

    #[test]
    fn a_notice_names_the_support_page_where_its_address_fits() {
        let notice = |locale: Locale, url| locale.notice("Example", &number(), Some(url));
        let (short, long) = ("https://x.co/help", format!("https://example.com/{}", "h".repeat(99)));
        for locale in Locale::ALL {
            assert!(notice(locale, short).ends_with(&format!(": {short}")), "{locale:?}");
            assert_eq!(notice(locale, &long), locale.notice("Example", &number(), None), "{locale:?}");
        }
        assert_eq!(
            notice(Locale::En, "https://example.com/help"),
            "The phone number of your Example sign-in was changed to one ending in 71. \
             If this was not you: https://example.com/help"
        );
    }

    #[test]
    fn the_last_line_binds_the_code_to_its_origin() {
        let code = Code::parse("012345").expect("six digits");
        for (locale, purpose) in Locale::ALL.into_iter().flat_map(|locale| PURPOSES.map(|purpose| (locale, purpose))) {
            let text = locale.sms(purpose, "Example", "login.example.com", &code);
            assert_eq!(text.lines().last(), Some("@login.example.com #012345"));
            assert!(!text.ends_with('\n'));
        }
    }

    #[test]
    fn a_message_says_that_its_code_changes_the_number() {
        let code = Code::parse("012345").expect("six digits");
        let words = |locale: Locale, purpose| {
            let text = locale.sms(purpose, "Example", "login.example.com", &code);
            text.lines().next().expect("words").to_owned()
        };
        for (locale, change) in [
            (Locale::En, "012345 is your code to CHANGE your phone number at Example. Never share it."),
            (Locale::Es, "012345 es su clave para CAMBIAR su teléfono en Example. No la comparta con nadie."),
            (Locale::Ar, "لتغيير رقمك Example: 012345"),
        ] {
            assert_eq!(words(locale, Purpose::Change), change);
            assert_ne!(words(locale, Purpose::Login), change);
        }
    }

    #[test]
    fn tags_choose_by_their_language_and_fall_back_to_english() {
        let chosen = ["es-MX", "ES", "ar_EG", "en", "tlh", ""].map(|tag| Locale::from_tag(tag).tag());
        assert_eq!(chosen, ["es", "es", "ar", "en", "en", "en"]);
    }
}
