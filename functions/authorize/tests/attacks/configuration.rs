//! Deployments in which one kind of token could be taken for another do not start.

use authorize::config::Config;

use crate::world::{ANSWER_KEY, BASE_URL, CLIENT, FIRST_FACTOR, LOGIN_KEY, RESULT, RESULT_KEY, TENANT, environment};

fn fault(changes: &[(&str, &str)]) -> String {
    environment(changes).read(Config::read).map(drop).expect_err("a fault").to_string()
}

#[test]
fn the_usual_settings_are_right_and_tenants_are_read_in_any_case() {
    let list = format!("{}, 9f2d1b6a-1111-4222-8333-444455556666", TENANT.to_uppercase());
    let config = environment(&[("ENTRA_TENANT_IDS", &list)]).read(Config::read).expect("right");
    let tenants: Vec<_> = config.registration.tenants.iter().map(ToString::to_string).collect();
    assert_eq!(tenants, [TENANT, "9f2d1b6a-1111-4222-8333-444455556666"]);
    assert_eq!([config.door.logins.audience.as_str(), &config.door.results.audience], [FIRST_FACTOR, RESULT]);
    let cloud = &config.registration.cloud;
    assert_eq!(cloud.redirect_uri(), "https://login.microsoftonline.com/common/federation/externalauthprovider");
    assert_eq!(cloud.discovery(), "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration");
}

#[test]
fn a_client_id_that_equals_an_audience() {
    for audience in [RESULT, FIRST_FACTOR] {
        assert_eq!(
            fault(&[("ENTRA_CLIENT_ID", audience)]),
            "configuration: ENTRA_CLIENT_ID must be neither RESULT_AUDIENCE nor one of FIRST_FACTOR_AUDIENCE"
        );
    }
    let second = format!("{FIRST_FACTOR},{CLIENT}");
    assert!(fault(&[("FIRST_FACTOR_AUDIENCE", &second)]).contains("ENTRA_CLIENT_ID"));
    assert!(fault(&[("RESULT_AUDIENCE", CLIENT)]).contains("ENTRA_CLIENT_ID"));
}

#[test]
fn one_audience_for_two_kinds_of_token() {
    let listed = format!("{FIRST_FACTOR},{RESULT}");
    assert_eq!(
        fault(&[("FIRST_FACTOR_AUDIENCE", &listed)]),
        "configuration: RESULT_AUDIENCE must not be one of FIRST_FACTOR_AUDIENCE"
    );
}

#[test]
fn one_key_or_issuer_for_two_kinds_of_token() {
    assert_eq!(
        fault(&[("SIGNING_KEY_ARN", LOGIN_KEY)]),
        "configuration: SIGNING_KEY_ARN must not be FIRST_FACTOR_KEY_ARN"
    );
    for key in [LOGIN_KEY, RESULT_KEY] {
        assert_eq!(fault(&[("ANSWER_KEY_ARN", key)]), "configuration: ANSWER_KEY_ARN must be a key of its own");
    }
    assert_eq!(
        fault(&[("PREVIOUS_SIGNING_KEY_ARN", ANSWER_KEY)]),
        "configuration: ANSWER_KEY_ARN must be a key of its own"
    );
    assert_eq!(
        fault(&[("PREVIOUS_SIGNING_KEY_ARN", LOGIN_KEY)]),
        "configuration: PREVIOUS_SIGNING_KEY_ARN must not be FIRST_FACTOR_KEY_ARN"
    );
    for issuer in [BASE_URL.to_owned(), format!("{BASE_URL}/openid")] {
        assert_eq!(
            fault(&[("FIRST_FACTOR_ISSUER", &issuer)]),
            "configuration: FIRST_FACTOR_ISSUER must differ from PUBLIC_BASE_URL and from the issuer of answers to Entra"
        );
    }
}

#[test]
fn a_tenant_that_is_no_guid() {
    for tenants in [
        "common",
        "contoso.onmicrosoft.com",
        "organizations",
        &format!("{TENANT},"),
        &format!("{TENANT};{TENANT}"),
        "*",
    ] {
        assert!(
            fault(&[("ENTRA_TENANT_IDS", tenants)])
                .starts_with("configuration: ENTRA_TENANT_IDS must list GUIDs, which "),
            "{tenants}"
        );
    }
}

#[test]
fn what_is_missing_or_not_set_yet() {
    for name in [
        "FIRST_FACTOR_KEY_ARN",
        "ANSWER_KEY_ARN",
        "ENTRA_TENANT_IDS",
        "ENTRA_APP_ID",
        "ENTRA_CLIENT_ID",
        "SIGNING_KEY_ARN",
        "BRAND",
    ] {
        assert_eq!(fault(&[(name, "")]), format!("configuration: {name} is not set"));
    }
    assert_eq!(fault(&[("PUBLIC_BASE_URL", "https://unset.invalid")]), "configuration: PUBLIC_BASE_URL is not set");
    assert_eq!(
        fault(&[("ENTRA_AUTHORITY", "http://login.example.com")]),
        "configuration: ENTRA_AUTHORITY must be an https URL without a trailing slash"
    );
    assert_eq!(
        fault(&[("SESSION_CLAIM", "sid")]),
        "configuration: SESSION_CLAIM must be jti, which names logins through Entra and Cognito"
    );
}

#[test]
fn a_hint_that_may_be_older_than_the_first_factor() {
    let fault = |max_age| fault(&[("ENTRA_HINT_AGE_SECONDS", "600"), ("MAX_AUTH_AGE_SECONDS", max_age)]);
    assert_eq!(fault("599"), "configuration: ENTRA_HINT_AGE_SECONDS must be at most MAX_AUTH_AGE_SECONDS");
    let longest = [("ENTRA_HINT_AGE_SECONDS", "900")];
    assert_eq!(environment(&longest).read(Config::read).expect("right").registration.hint_age.as_secs(), 900);
}
