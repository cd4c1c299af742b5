//! What every language must have, and the limits that its messages keep.

use std::collections::BTreeMap;

use super::words::Messages;
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
        let ending = [": ", "："].map(|colon| format!("{colon}{short}"));
        assert!(ending.iter().any(|ending| notice(locale, short).ends_with(ending)), "{locale:?}");
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
        (
            Locale::Fr,
            "012345 est votre code pour CHANGER de numéro de téléphone chez Example. Ne le communiquez à personne.",
        ),
        (Locale::De, "012345 ist Ihr Code zum ÄNDERN Ihrer Telefonnummer bei Example. Geben Sie ihn nie weiter."),
        (Locale::Pt, "Use 012345 para ALTERAR seu telefone em Example. Nunca revele esta chave a ninguém."),
        (Locale::It, "012345 è il Suo codice per CAMBIARE numero di telefono su Example. Non lo comunichi a nessuno."),
        (Locale::Ja, "【Example】電話番号変更コード：012345"),
        (Locale::Zh, "【Example】更换手机号验证码：012345"),
        (Locale::ZhHant, "【Example】更換手機號碼驗證碼：012345"),
        (Locale::Ar, "لتغيير رقمك Example: 012345"),
    ] {
        assert_eq!(words(locale, Purpose::Change), change);
        assert_ne!(words(locale, Purpose::Login), change);
    }
}

#[test]
fn every_language_has_words_of_its_own_for_all_that_is_said() {
    let mut said_by = BTreeMap::new();
    for locale in Locale::ALL {
        for text in texts(locale) {
            assert!(!text.trim().is_empty(), "{locale:?}");
            let other = said_by.insert(text.clone(), locale).filter(|other| *other != locale);
            assert_eq!(other, None, "{locale:?} says what another language says: {text}");
        }
    }
}

#[test]
fn a_call_to_change_the_number_has_words_of_its_own_where_the_english_one_has() {
    let alike = |locale: Locale| {
        let [login, change] = PURPOSES.map(|purpose| spoken(locale.phrases(purpose)));
        login.into_iter().zip(change).map(|(login, change)| login == change).collect::<Vec<_>>()
    };
    for locale in Locale::ALL {
        assert_eq!(alike(locale), alike(Locale::En), "{locale:?}");
    }
}

/// Whoever takes the call may believe they are signing in.
#[test]
fn a_call_to_change_the_number_says_so_and_does_not_mention_signing_in() {
    for locale in Locale::ALL {
        let (number, sign_in) = terms(locale);
        let mentions_it = |text: &str| sign_in.iter().any(|stem| text.contains(stem));
        let (login, change) = (locale.phrases(Purpose::Login), locale.phrases(Purpose::Change));
        for (login, change) in spoken(login).into_iter().zip(spoken(change)) {
            assert!(login == change || !mentions_it(change), "{change}");
        }
        for said in [
            [locale.cannot_approve_change(), ""],
            [change.too_late, ""],
            [change.enter_digits, ""],
            [change.code_is, change.code_ends],
            [change.said_once, ""],
            [change.stopped, ""],
            [change.not_in_time, ""],
            [change.code_entered, ""],
        ] {
            assert!(said.concat().contains(number) && !mentions_it(&said.concat()), "{said:?}");
        }
        for said in [login.too_late, login.enter_digits, login.stopped, login.not_in_time, login.code_entered] {
            assert!(mentions_it(said), "{said}");
        }
        assert!(mentions_it(&[login.code_is, login.code_ends].concat()), "{locale:?}");
        // An approval has yet to be settled: the phone must not say that anybody is signed in, or a number confirmed.
        for approved in [login.approved, change.approved] {
            assert!(!approved.contains(number) && !mentions_it(approved), "{approved}");
        }
    }
}

/// The words for a phone number and, as stems, for signing in.
const fn terms(locale: Locale) -> (&'static str, &'static [&'static str]) {
    match locale {
        Locale::En => ("phone number", &["sign"]),
        Locale::Es => ("teléfono", &["iniciar sesión", "iniciando sesión", "inicio de sesión", "iniciado sesión"]),
        Locale::Fr => ("numéro de téléphone", &["conne"]),
        Locale::De => ("Telefonnummer", &["nmeld", "angemeldet"]),
        Locale::Pt => ("número de telefone", &["acess"]),
        Locale::It => ("numero di telefono", &["access"]),
        Locale::Ja => ("電話番号", &["ログイン"]),
        Locale::Zh => ("电话号码", &["登录"]),
        Locale::ZhHant => ("電話號碼", &["登入"]),
        Locale::Ar => ("رقم", &["دخول"]),
    }
}

#[test]
fn only_one_of_the_two_offers_to_block_names_a_time() {
    for locale in Locale::ALL {
        let phrases = locale.phrases(Purpose::Login);
        assert!(phrases.block_for_day.contains("24") && !phrases.block_for_now.contains("24"), "{locale:?}");
    }
}

#[test]
fn only_arabic_is_written_from_right_to_left() {
    let right_to_left = Locale::ALL.into_iter().filter(|locale| locale.direction() == "rtl");
    assert_eq!(right_to_left.collect::<Vec<_>>(), [Locale::Ar]);
}

#[test]
fn a_voice_speaks_the_language_that_it_is_given() {
    let voices = Locale::ALL.map(|locale| locale.phrases(Purpose::Login).language);
    assert_eq!(voices, ["en-US", "es-ES", "fr-FR", "de-DE", "pt-BR", "it-IT", "ja-JP", "zh-CN", "zh-TW", "arb"]);
}

/// Taken apart by name, so that no phrase is forgotten here.
fn spoken(phrases: &Phrases) -> [&'static str; 20] {
    let Phrases {
        language: _,
        prompt,
        wrong_key,
        enter_digits,
        or_zero_and_pound,
        wrong_digits,
        code_is,
        code_ends,
        said_once,
        goodbye,
        approved,
        stopped,
        change_password,
        not_in_time,
        block_for_day,
        block_for_now,
        blocked,
        code_entered,
        too_late,
        use_code,
        over,
    } = *phrases;
    [
        prompt,
        wrong_key,
        enter_digits,
        or_zero_and_pound,
        wrong_digits,
        code_is,
        code_ends,
        said_once,
        goodbye,
        approved,
        stopped,
        change_password,
        not_in_time,
        block_for_day,
        block_for_now,
        blocked,
        code_entered,
        too_late,
        use_code,
        over,
    ]
}

fn texts(locale: Locale) -> Vec<String> {
    let Messages { login, change, changed, see_page, ask_support } = locale.words().messages;
    let mut texts = vec![login("B", "0"), change("B", "0"), changed("B", "0"), see_page.into(), ask_support.into()];
    texts.push(locale.cannot_approve_change().to_owned());
    for purpose in PURPOSES {
        texts.extend(spoken(locale.phrases(purpose)).map(str::to_owned));
    }
    texts
}

#[test]
fn the_longest_known_beginning_of_a_tag_chooses_and_unknown_tags_get_english() {
    for (expected, tags) in [
        (Locale::Es, &["es-MX", "ES"][..]),
        (Locale::Ar, &["ar_EG"]),
        (Locale::Pt, &["pt-BR"]),
        (Locale::Zh, &["zh", "zh-CN", "zh-SG", "zh-Hans", "zh-Hans-TW", "ZH_hans_HK"]),
        (Locale::ZhHant, &["zh-Hant", "zh-Hant-CN", "zh-TW", "zh-HK", "zh-MO", "ZH_tw", "zh_HANT_HK"]),
        (Locale::En, &["en", "tlh", "jav", "zhx-TW", "-zh", ""]),
    ] {
        for tag in tags {
            assert_eq!(Locale::from_tag(tag), expected, "{tag}");
        }
    }
    for locale in Locale::ALL {
        assert_eq!(Locale::from_tag(locale.tag()), locale);
    }
}

#[test]
fn the_pages_of_another_sites_login_are_in_every_language_and_in_none_twice() {
    let said = |locale: Locale| {
        let Door { going_back, go_on, ended, start_again, reference } = locale.door();
        [*going_back, *go_on, *ended, *start_again, *reference]
    };
    let sentences = Locale::ALL.map(|locale| said(locale)[3]);
    for (index, locale) in Locale::ALL.into_iter().enumerate() {
        assert!(said(locale).iter().all(|text| !text.trim().is_empty()), "{locale:?}");
        assert!(!sentences[..index].contains(&sentences[index]), "{locale:?} has the words of another");
        assert!(said(locale)[3].ends_with(['.', '。']), "{locale:?}");
    }
}
