//! What a function says about an invalid environment: everything that is wrong, at once.

use platform::settings::Environment;

fn faults<T: std::fmt::Debug>(read: impl FnOnce(&mut Environment) -> Option<T>, variables: &[(&str, &str)]) -> String {
    let env: Environment = variables.iter().copied().collect();
    env.read(read).expect_err("something is wrong").to_string()
}

#[test]
fn every_function_names_every_missing_variable() {
    let missing = |faults: String| {
        let named =
            faults.trim_start_matches("configuration: ").split("; ").map(|fault| fault.trim_end_matches(" is not set"));
        named.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        missing(faults(start_challenge::config::Config::read, &[])),
        [
            "TABLE_NAME",
            "ALLOWED_COUNTRIES",
            "BRAND",
            "ORIGIN_HOST",
            "VOICE_FROM",
            "PUBLIC_BASE_URL",
            "VOICE_API_SECRET_ARN",
            "MAC_KEYS_SECRET_ARN",
        ]
    );
    let sms_only = missing(faults(
        start_challenge::config::Config::read,
        &[("TABLE_NAME", "t"), ("ALLOWED_COUNTRIES", "US"), ("CHANNELS", "sms")],
    ));
    assert_eq!(sms_only, ["BRAND", "ORIGIN_HOST", "MAC_KEYS_SECRET_ARN"]);
    let signing = ["TABLE_NAME", "ALLOWED_COUNTRIES", "SIGNING_KEY_ARN", "PUBLIC_BASE_URL"];
    assert_eq!(missing(faults(get_challenge::config::Config::read, &[])), signing);
    assert_eq!(
        missing(faults(verify_code::config::Config::read, &[])),
        [&signing[..], &["MAC_KEYS_SECRET_ARN"]].concat()
    );
    assert_eq!(
        missing(faults(call_callback::config::Config::read, &[])),
        ["TABLE_NAME", "PUBLIC_BASE_URL", "BRAND", "VOICE_SIGNING_SECRET_ARN", "CALL_DIGITS_SECRET_ARN"]
    );
    assert_eq!(missing(faults(follow_up::config::Config::read, &[])), ["TABLE_NAME", "ALLOWED_COUNTRIES", "BRAND"]);
    let calls_only = missing(faults(follow_up::config::Config::read, &[("CHANNELS", "call")]));
    assert_eq!(calls_only, ["TABLE_NAME", "ALLOWED_COUNTRIES"], "no brand is needed if no message is sent");
    assert_eq!(missing(faults(login_page::config::Config::read, &[])), ["BRAND", "ALLOWED_COUNTRIES"]);
    assert_eq!(missing(faults(message_receipts::config::Config::read, &[])), ["TABLE_NAME"]);
    assert_eq!(missing(faults(canary::config::Config::read, &[])), ["PUBLIC_BASE_URL", "CANARY_SECRET_ARN"]);
    assert_eq!(
        missing(faults(authorize::config::Config::read, &[])),
        [
            "PUBLIC_BASE_URL",
            "SIGNING_KEY_ARN",
            "FIRST_FACTOR_KEY_ARN",
            "FIRST_FACTOR_ISSUER",
            "BRAND",
            "ENTRA_TENANT_IDS",
            "ENTRA_APP_ID",
            "ENTRA_CLIENT_ID",
            "ANSWER_KEY_ARN",
        ]
    );
    assert_eq!(
        missing(faults(cognito::config::Config::read, &[])),
        ["COGNITO_USER_POOL_ID", "PUBLIC_BASE_URL", "SIGNING_KEY_ARN", "FIRST_FACTOR_KEY_ARN", "FIRST_FACTOR_ISSUER"]
    );
    assert_eq!(missing(faults(admin::config::Config::read, &[])), ["TABLE_NAME", "FIRST_FACTOR_ISSUER"]);
    assert_eq!(missing(faults(jwks::config::Config::read, &[])), ["SIGNING_KEY_ARN", "PUBLIC_BASE_URL"]);
    assert_eq!(
        missing(faults(audit_events::config::Config::read, &[])),
        ["EVENT_BUS_NAME", "CORRELATION_KEY_SECRET_ARN", "PUBLIC_BASE_URL"]
    );
}

#[test]
fn a_key_of_answers_and_its_certificate_come_together() {
    let needed = [("SIGNING_KEY_ARN", "arn:results"), ("PUBLIC_BASE_URL", "https://mfa.example.com")];
    let refused = |given: &[(&str, &str)]| faults(jwks::config::Config::read, &[&needed[..], given].concat());
    assert_eq!(
        refused(&[("ANSWER_KEY_ARN", "arn:answers"), ("NEXT_ANSWER_KEY_ARN", "arn:next")]),
        "configuration: ANSWER_CERTIFICATE is not set: make it with infra/tools/certificate arn:answers; \
         NEXT_ANSWER_CERTIFICATE is not set: make it with infra/tools/certificate arn:next"
    );
    assert_eq!(
        refused(&[("ANSWER_CERTIFICATE", "MIIC"), ("NEXT_ANSWER_CERTIFICATE", "MIIC")]),
        "configuration: ANSWER_CERTIFICATE is set without ANSWER_KEY_ARN; \
         NEXT_ANSWER_CERTIFICATE is set without NEXT_ANSWER_KEY_ARN"
    );
    let published = |given: &[(&str, &str)]| {
        let env: Environment = needed.iter().chain(given).copied().collect();
        let keys = env.read(jwks::config::Config::read).expect("right settings").answer_keys;
        keys.into_iter().map(|key| (key.arn, key.certificate)).collect::<Vec<_>>()
    };
    let (current, next) = (("arn:answers", "MIIC"), ("arn:next", "MIID"));
    let answers = [("ANSWER_KEY_ARN", current.0), ("ANSWER_CERTIFICATE", current.1)];
    let and_next = [("NEXT_ANSWER_KEY_ARN", next.0), ("NEXT_ANSWER_CERTIFICATE", next.1)];
    let owned = |(arn, certificate): (&str, &str)| (arn.to_owned(), certificate.to_owned());
    assert_eq!(published(&[]), []);
    assert_eq!(published(&answers), [owned(current)]);
    assert_eq!(published(&[answers, and_next].concat()), [owned(current), owned(next)]);
    let twice = [("NEXT_ANSWER_KEY_ARN", current.0), ("NEXT_ANSWER_CERTIFICATE", next.1)];
    assert_eq!(published(&[answers, twice].concat()), [owned(current)], "once, with the certificate of today");
}

#[test]
fn a_key_that_is_given_twice_is_published_once() {
    let given = [("PUBLIC_BASE_URL", "https://mfa.example.com"), ("SIGNING_KEY_ARN", "arn:results")];
    for (previous, published) in [("arn:results", &["arn:results"][..]), ("arn:old", &["arn:results", "arn:old"])] {
        let env: Environment = given.into_iter().chain([("PREVIOUS_SIGNING_KEY_ARN", previous)]).collect();
        assert_eq!(env.read(jwks::config::Config::read).expect("right settings").key_arns, published);
    }
}

#[test]
fn the_page_names_every_address_that_it_cannot_link_to() {
    let variables = [
        ("BRAND", "Example"),
        ("ALLOWED_COUNTRIES", "US"),
        ("SUPPORT_URL", "javascript:alert(1)"),
        ("TERMS_URL", "http://www.example.com/terms"),
        ("PRIVACY_URL", "www.example.com/privacy"),
    ];
    assert_eq!(
        faults(login_page::config::Config::read, &variables),
        "configuration: SUPPORT_URL must be an https, mailto or tel address; \
         TERMS_URL must be at most 120 characters of an https address; \
         PRIVACY_URL must be at most 120 characters of an https address"
    );
}

#[test]
fn each_call_mode_requires_the_keys_that_it_needs_and_no_others() {
    let wanted = |mode: &str, channels: &str| {
        let variables = [
            ("TABLE_NAME", "t"),
            ("ALLOWED_COUNTRIES", "US"),
            ("PUBLIC_BASE_URL", "https://mfa.example.com"),
            ("RESULT_AUDIENCE", "login"),
            ("SIGNING_KEY_ARN", "arn"),
            ("BRAND", "Example"),
            ("VOICE_SIGNING_SECRET_ARN", "arn"),
            ("CALL_MODE", mode),
            ("CHANNELS", channels),
        ];
        let env = || variables.into_iter().collect::<Environment>();
        let wanted = |fault: Option<String>| match fault.as_deref() {
            None => "none",
            Some("configuration: MAC_KEYS_SECRET_ARN is not set") => "MAC keys",
            Some("configuration: CALL_DIGITS_SECRET_ARN is not set") => "call digits",
            Some(other) => panic!("{other}"),
        };
        (
            wanted(env().read(call_callback::config::Config::read).err().map(|fault| fault.to_string())),
            wanted(env().read(get_challenge::config::Config::read).err().map(|fault| fault.to_string())),
        )
    };
    assert_eq!(wanted("", ""), ("call digits", "call digits"));
    assert_eq!(wanted("press-pound", "sms,call"), ("call digits", "call digits"));
    assert_eq!(wanted("press-pound", "sms").1, "none", "no digits are shown without calls");
    assert_eq!(wanted("match-digits", "sms,call"), ("MAC keys", "MAC keys"));
    assert_eq!(wanted("match-digits", "sms").1, "none");
    assert_eq!(wanted("speak-code", "call"), ("MAC keys", "none"));
    let given = [("TABLE_NAME", "t"), ("MAC_KEYS_SECRET_ARN", "arn:mac")];
    let mode = |mode| given.into_iter().chain([("CALL_MODE", mode)]).collect::<Environment>();
    let said = mode("knock-twice").read(call_callback::config::Config::read).expect_err("no such mode").to_string();
    assert!(said.contains("CALL_MODE must be one of press-pound, match-digits, speak-code"), "{said}");
}

#[test]
fn a_first_factor_token_and_a_result_never_share_an_audience() {
    for (first_factor, result, shared) in [
        ("a,urn:x", "urn:x", true),
        ("urn:alliance-mfa:first-factor", "urn:alliance-mfa:result", false),
        ("", "urn:alliance-mfa:first-factor", true),
    ] {
        let variables = [("FIRST_FACTOR_AUDIENCE", first_factor), ("RESULT_AUDIENCE", result)];
        let said = faults(cognito::config::Config::read, &variables);
        assert_eq!(said.contains("RESULT_AUDIENCE must not be one of FIRST_FACTOR_AUDIENCE"), shared, "{said}");
    }
}

#[test]
fn the_key_of_first_factor_tokens_signs_no_results() {
    for result_key in ["SIGNING_KEY_ARN", "PREVIOUS_SIGNING_KEY_ARN"] {
        for (other, shared) in [("arn:one", true), ("arn:two", false)] {
            let said =
                faults(cognito::config::Config::read, &[("FIRST_FACTOR_KEY_ARN", "arn:one"), (result_key, other)]);
            assert_eq!(said.contains(&format!("{result_key} must not be FIRST_FACTOR_KEY_ARN")), shared, "{said}");
        }
    }
}

#[test]
fn each_door_refuses_an_address_an_issuer_or_a_claim_with_which_no_login_could_end() {
    let base_url = ("PUBLIC_BASE_URL", "https://mfa.example.com");
    let jti = "SESSION_CLAIM must be jti";
    let issuer = "FIRST_FACTOR_ISSUER must differ from PUBLIC_BASE_URL";
    for (variables, wrong) in [
        (vec![("PUBLIC_BASE_URL", "https://unset.invalid")], "PUBLIC_BASE_URL is not set"),
        (vec![("SESSION_CLAIM", "sid")], jti),
        (vec![base_url, ("FIRST_FACTOR_ISSUER", base_url.1)], issuer),
        (vec![base_url, ("FIRST_FACTOR_ISSUER", "https://mfa.example.com/openid")], issuer),
    ] {
        for said in
            [faults(cognito::config::Config::read, &variables), faults(authorize::config::Config::read, &variables)]
        {
            assert!(said.contains(wrong), "{wrong}: {said}");
        }
    }
}

#[test]
fn only_start_challenge_reads_the_test_numbers_with_their_codes() {
    let variables = [("TEST_NUMBERS", "+15005550006 424242")];
    assert!(faults(start_challenge::config::Config::read, &variables).contains("TEST_NUMBERS must be entries"));
    assert!(!faults(get_challenge::config::Config::read, &variables).contains("TEST_NUMBERS"));
    assert!(!faults(verify_code::config::Config::read, &variables).contains("TEST_NUMBERS"));

    let variables = [
        ("TABLE_NAME", "t"),
        ("CHANNELS", "sms"),
        ("ALLOWED_COUNTRIES", "US"),
        ("BRAND", "Example"),
        ("ORIGIN_HOST", "login.example.com"),
        ("MAC_KEYS_SECRET_ARN", "arn"),
        (
            "TEST_NUMBERS",
            "+15005550006 424242 2027-01-31T00:00:00Z reviewer-1; +15005550007 424243 2027-01-31T00:00:00Z a b",
        ),
    ];
    let env: Environment = variables.into_iter().collect();
    let config = env.read(start_challenge::config::Config::read).expect("a configuration");
    let read = config.settings.rules.test_numbers.iter().map(|test| (test.number.expose(), test.subjects.len()));
    assert_eq!(read.collect::<Vec<_>>(), [("+15005550006", 1), ("+15005550007", 2)]);
}

/// Both functions that send read the same settings, so that neither starts with a sender that can't work.
#[test]
fn senders_that_do_not_fit_their_countries_are_refused_at_init_by_every_function_that_sends() {
    let common = [("TABLE_NAME", "t"), ("BRAND", "Example"), ("ORIGIN_HOST", "login.example.com"), ("CHANNELS", "sms")];
    let variables = |own: &[(&'static str, &'static str)]| -> Vec<(&'static str, &'static str)> {
        common
            .into_iter()
            .chain([("MAC_KEYS_SECRET_ARN", "arn"), ("ALLOWED_COUNTRIES", "US,GB,IN")])
            .chain(own.iter().copied())
            .collect()
    };
    let wrong = variables(&[
        ("SMS_SENDERS", "US=EXAMPLE GB=+18005550100 FR=EXAMPLE IN=EXMPLE *=pool-0123"),
        ("SMS_MAX_PRICE", "100"),
        ("MAX_GUESSES", "0"),
    ]);
    let senders = "SMS_SENDERS has faults: US supports no sender ids such as EXAMPLE, \
                   +18005550100 can't be a number or short code of GB, FR gets no SMS by ALLOWED_COUNTRIES, \
                   EXMPLE needs its registrations in India, pool-0123 is a pool, which SNS can't use; \
                   SMS_MAX_PRICE must be an amount below 100 such as 0.10";
    let said = faults(start_challenge::config::Config::read, &wrong);
    assert!(
        said.starts_with(&format!("configuration: MAX_GUESSES must be a whole number from 1 to 5; {senders}")),
        "{said}"
    );
    assert_eq!(faults(follow_up::config::Config::read, &wrong), format!("configuration: {senders}"));

    let pool = [("SMS_PROVIDER", "end-user-messaging"), ("SMS_SENDERS", "GB=EXAMPLE *=pool-0123")];
    let bare = "configuration: SMS_SENDERS has faults: pool-0123 is a pool, which needs SMS_CONFIGURATION_SET";
    assert_eq!(faults(start_challenge::config::Config::read, &variables(&pool)), bare);
    assert_eq!(faults(follow_up::config::Config::read, &variables(&pool)), bare);
    let right = variables(&[pool[0], pool[1], ("SMS_CONFIGURATION_SET", "alliance-mfa")]);
    let env = || right.iter().copied().collect::<Environment>();
    assert!(env().read(start_challenge::config::Config::read).is_ok());
    assert!(env().read(follow_up::config::Config::read).is_ok());
    let said = faults(follow_up::config::Config::read, &variables(&[("SMS_PROVIDER", "pigeon")]));
    assert_eq!(said, "configuration: SMS_PROVIDER must be one of sns, end-user-messaging");
}

#[test]
fn invalid_settings_of_the_login_page_are_refused_at_init() {
    let long = "x".repeat(2049);
    let wrong = [
        ("BRAND", "seventeen letters"),
        ("BRAND_COLOR", "blue"),
        ("BRAND_LOGO", &long),
        ("ALLOWED_COUNTRIES", "US:fax"),
        ("CHANNELS", "fax"),
        ("CALL_MODE", "knock-twice"),
        ("REDIRECT_URIS", "https://login.example.com/done,http://login.example.com/done"),
        ("FRAME_ANCESTORS", "https://*.example.com"),
    ];
    let said = faults(login_page::config::Config::read, &wrong);
    for (variable, _) in wrong {
        assert!(said.contains(variable), "{variable} is not named in: {said}");
    }
    assert!(said.contains(r#"which "http://login.example.com/done" is not"#), "{said}");
}

#[test]
fn settings_that_would_break_a_message_or_a_limit_are_refused_at_init() {
    let said = faults(
        start_challenge::config::Config::read,
        &[
            ("TABLE_NAME", "t"),
            ("CHANNELS", "sms,fax"),
            ("ENROLMENT", "open"),
            ("MAX_GUESSES", "0"),
            ("CODE_LIFE_SECONDS", "601"),
            ("BRAND", "Back`tick"),
            ("ORIGIN_HOST", "lögin.example.com"),
            ("ALLOWED_COUNTRIES", "US,USA"),
            ("MAC_KEYS_SECRET_ARN", "arn"),
            ("VOICE_FROM", "5551234"),
            ("VOICE_API_SECRET_ARN", "arn"),
            ("PUBLIC_BASE_URL", "http://example.com"),
        ],
    );
    let notices = faults(follow_up::config::Config::read, &[("TABLE_NAME", "t"), ("BRAND", "Back`tick")]);
    assert!(notices.contains("BRAND must be"), "{notices}");
    for variable in [
        "CHANNELS",
        "ENROLMENT",
        "MAX_GUESSES",
        "CODE_LIFE_SECONDS",
        "BRAND",
        "ORIGIN_HOST",
        "ALLOWED_COUNTRIES",
        "VOICE_FROM",
        "PUBLIC_BASE_URL",
    ] {
        assert!(said.contains(variable), "{variable} is not named in: {said}");
    }
}
