//! Every setting of the functions, each declared once: the environment variable, what it means, its type, its
//! bounds and its default.
//!
//! A function cannot read a variable that is not in this table. What [`ALL`] says of each setting becomes the table
//! of parameters in `infra/README.md` and is compared with `infra/template.yaml`.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::channel::Channel;
use domain::phone::{PhoneNumber, Reach};
use domain::policy::{BudgetMode, CallMode, Policy};
use domain::rules::{Enrolment, TestNumber};
use tracing::Level;

use super::parse;
use super::provider::SmsProvider;
use super::setting::{Fallback, Group, Listed, Setting};
use super::setting::{
    deployed, deployed_as, number, optional, optional_as, or, or_as, percent, required, required_as, seconds,
    short_ascii, words,
};

/// Declares a setting per line, with its doc comment as its meaning, and lists them all.
macro_rules! settings {
    ($($group:ident {
        $( $(#[doc = $meaning:literal])+ $name:ident $(($parameter:literal))?: $type:ty = $kind:expr; )+
    })+) => {
        $($(
            $(#[doc = $meaning])+
            pub static $name: Setting<$type> = Setting {
                name: stringify!($name),
                group: Group::$group,
                meaning: concat!($($meaning),+),
                renamed: settings!(@renamed $($parameter)?),
                kind: $kind,
            };
        )+)+

        /// All settings, in the order of the documentation.
        pub static ALL: &[&dyn Listed] = &[$($( &$name, )+)+];
    };
    (@renamed) => { None };
    (@renamed $parameter:literal) => { Some($parameter) };
}

const LIMITS: Policy = Policy::DEFAULT;
/// What is left of a function's 4 KB.
const MOST_SENDERS: usize = 400;
/// A function has two of them.
const CERTIFICATE: usize = 1500;
const CERTIFICATE_FORM: &str = "characters of base64, as infra/tools/certificate prints them";

settings! {
    Login {
        /// Issuer (iss) of the first factor's tokens.
        FIRST_FACTOR_ISSUER: String = required("the issuer as the tokens spell it");
        /// Audiences (aud) of the first factor's tokens. Tokens that the stack mints itself have the first one.
        FIRST_FACTOR_AUDIENCE: Vec<String> =
            or_as("urn:alliance-mfa:first-factor", "audiences without spaces, separated by commas", parse::audiences);
        /// Claim that names the login session, which has one challenge. Any claim but `jti` is combined with
        /// `auth_time`.
        SESSION_CLAIM: String = or("jti", "the name of a claim");
        /// How old the first factor (`auth_time`) may be.
        MAX_AUTH_AGE_SECONDS: Duration = seconds(60..=86_400, Duration::from_mins(15));
        /// Where users who are stuck find help.
        SUPPORT_URL: Option<String> = optional_as(None, "an https, mailto or tel address", |text| parse::support(text).ok());
    }
    Result {
        /// Public base URL of this API: issuer of the result token and host of the webhooks.
        PUBLIC_BASE_URL: String = deployed_as(
            "that of DomainName; else deploy, then again with the output ApiUrl",
            "https:// and a host in lower case, without a path or trailing slash",
            parse::origin
        );
        /// Audience (aud) of the result token: the name of the backend that verifies it.
        RESULT_AUDIENCE: String = or("urn:alliance-mfa:result", "the name of a backend");
        /// KMS key that signs result tokens.
        SIGNING_KEY_ARN: String = deployed("the stack's own key", "the ARN of a KMS key");
        /// Second key in the JWKS while keys are rotated.
        PREVIOUS_SIGNING_KEY_ARN: Option<String> = optional(None, "the ARN of a KMS key");
    }
    Doors {
        /// KMS key that signs first-factor tokens for Entra and Cognito, which sign none: the output of `issuer.yaml`.
        FIRST_FACTOR_KEY_ARN: String = deployed("none", "the ARN of a KMS key");
        /// The Amazon Cognito user pool that asks for the phone after the password.
        COGNITO_USER_POOL_ID ("CognitoUserPoolArn"): String = deployed("none", "the ARN of a user pool");
        /// KMS key that signs the answers to Entra: the output of `issuer.yaml`.
        ANSWER_KEY_ARN: Option<String> = optional(None, "the ARN of a KMS key");
        /// Its certificate, which `infra/tools/certificate` makes and Entra requires.
        ANSWER_CERTIFICATE: Option<String> = optional(Some(CERTIFICATE), CERTIFICATE_FORM);
        /// Second key that is published while that one is rotated.
        NEXT_ANSWER_KEY_ARN: Option<String> = optional(None, "the ARN of a KMS key");
        /// The second key's certificate.
        NEXT_ANSWER_CERTIFICATE: Option<String> = optional(Some(CERTIFICATE), CERTIFICATE_FORM);
        /// Tenants of Microsoft Entra that send people here for their second factor. Empty: Entra is off.
        ENTRA_TENANT_IDS: Option<String> = optional(None, "the ids of tenants, separated by commas");
        /// App ID of the external authentication method's registration in Entra.
        ENTRA_APP_ID: String = deployed("none", "an app ID");
        /// Client ID of the external authentication method, that Entra sends as `client_id`.
        ENTRA_CLIENT_ID: String = deployed("none", "a client ID");
        /// Entra's cloud: worldwide, that of the US government, or that of China.
        ENTRA_AUTHORITY: String = or_as(
            "https://login.microsoftonline.com",
            "an https URL without a trailing slash",
            parse::base_url
        );
        /// How old the token may be with which Entra sends somebody, and so how long a login may take from its date on.
        /// Raise it if Entra dates these tokens back.
        ENTRA_HINT_AGE_SECONDS: Duration = seconds(300..=900, Duration::from_mins(5));
    }
    Page {
        /// Colour of buttons and links. Text on it, or in it, is adjusted until it is readable.
        BRAND_COLOR: String = or("#0b57d0", "a colour such as #0b57d0");
        /// Logo above the brand. All variables of a Lambda function together have 4 KiB.
        BRAND_LOGO: Option<String> =
            optional(Some(1792), "characters of base64 of an SVG, a gzipped SVG or a PNG: gzip the SVG, or simplify it");
        /// Your terms of service. The page links to them where a number is typed, if messages are on offer.
        TERMS_URL: Option<String> = optional_as(Some(120), "characters of an https address", |text| parse::page(text).ok());
        /// Your privacy policy, linked to beside them. US registrations of senders require both.
        PRIVACY_URL: Option<String> = optional_as(Some(120), "characters of an https address", |text| parse::page(text).ok());
        /// URIs to which the page may send the browser with the result, compared as written.
        REDIRECT_URIS: Option<String> = optional(None, "https URIs, or an app's such as com.example.app:/done, without a fragment, separated by commas");
        /// Origins whose pages may embed the page in a frame and get the result from it.
        FRAME_ANCESTORS: Option<String> = optional(None, "origins such as https://login.example.com, separated by commas");
    }
    Reach {
        /// Channels on offer. Calls need the voice provider's parameters.
        CHANNELS: BTreeSet<Channel> = or_as("sms,call", "sms, call or both, separated by a comma", parse::channels);
        /// Whether users may enrol a number at the prompt (self), or only one that the first factor's token states as
        /// verified (claims-only).
        ENROLMENT: Enrolment = words(&[Enrolment::SelfService, Enrolment::ClaimsOnly], parse::enrolment, "self");
        /// Countries that may be reached, and by which channels if not by all. List only those you need: nothing
        /// protects better against SMS pumping.
        ALLOWED_COUNTRIES: Reach = required_as(
            "ISO 3166-1 alpha-2 codes, each with its channels if not all, such as US,CA:sms,GB:sms+call",
            parse::reach
        );
        /// Numbers for smoke tests and app reviewers: nothing is sent to them, and their code is fixed.
        TEST_NUMBERS: Vec<TestNumber> = or_as(
            "",
            "entries such as +15005550006 424242 2027-01-31T00:00:00Z reviewer-1, separated by semicolons",
            parse::test_numbers
        );
        /// Name in messages, in calls and on the login page.
        BRAND: String = short_ascii(16, Fallback::Required);
        /// Time the provider has to accept a message or a call, counted from the request. After it, the send counts as failed or
        /// unknown.
        SEND_TIMEOUT_SECONDS: Duration = seconds(1..=10, Duration::from_secs(10));
    }
    Sms {
        /// Host of the login page. The SMS binds its code to it (last line, "@host #123456").
        ORIGIN_HOST: String = short_ascii(24, Fallback::Deployed("DomainName"));
        /// Who sends the messages: Amazon SNS, or AWS End User Messaging, whose messages have receipts.
        SMS_PROVIDER: SmsProvider = words(&SmsProvider::ALL, SmsProvider::as_str, "sns");
        /// What messages are sent from in each country: a number, a short code, a sender id or a pool. `*` is for all
        /// countries without a sender of their own. India needs the ids of its registrations (DLT) too.
        SMS_SENDERS: Option<String> = optional(
            Some(MOST_SENDERS),
            "characters of entries such as US=+18005550100 GB=EXAMPLE IN=EXMPLE,entity:1,code:2,change:3,notice:4 \
             *=pool-0123, separated by spaces"
        );
        /// Configuration set of AWS End User Messaging to send with. A pool needs one.
        SMS_CONFIGURATION_SET: Option<String> = optional(Some(64), "characters of the name of a configuration set");
        /// Most that one SMS may cost, in US dollars.
        SMS_MAX_PRICE: Option<String> = or_as("", "an amount below 100 such as 0.10", parse::price);
    }
    Calls {
        /// Secret with the voice provider's API key. Needed to offer calls.
        VOICE_API_SECRET_ARN: String = deployed("no calls", "the ARN of a secret");
        /// Secret with the token that signs the provider's webhooks. Needed to offer calls.
        VOICE_SIGNING_SECRET_ARN: String = deployed("no calls", "the ARN of a secret");
        /// The provider's number that calls. Needed to offer calls.
        VOICE_FROM ("VoiceFromNumber"): PhoneNumber = deployed_as("no calls", "a number in E.164, such as +14155550100", parse::number);
        /// The provider's REST API, or another that speaks the same protocol.
        VOICE_API_BASE_URL: String =
            or_as("https://api.twilio.com", "an https URL without a trailing slash", parse::base_url);
        /// Whether the provider must recognise a human before "#" or two digits can approve, or a code is spoken.
        /// Otherwise a press-pound call asks for four digits. When off, a voicemail greeting can approve, and codes
        /// are recorded on voicemail.
        MACHINE_DETECTION: bool = words(&[true, false], parse::on_off, "on");
        /// What a call asks for. press-pound: "#" approves, or four digits of the page if another sign-in was active
        /// or no human seems to have answered. match-digits: the user keys two digits that the page shows.
        /// speak-code: the call says six digits that the user types on the page.
        CALL_MODE: CallMode = words(&CallMode::ALL, CallMode::as_str, LIMITS.call_mode.as_str());
    }
    Limits {
        /// How long a code is valid. NIST SP 800-63B allows ten minutes at most.
        CODE_LIFE_SECONDS: Duration = seconds(60..=Policy::MAX_CODE_LIFE.as_secs(), LIMITS.code_life);
        /// Guesses that one challenge judges. PSD2 allows five at most.
        MAX_GUESSES: u32 = number(1..=5, LIMITS.max_guesses as u64);
        /// Sends through one channel within one challenge.
        MAX_SENDS: u32 = number(1..=5, LIMITS.max_sends as u64);
        /// Pause between two sends through one channel.
        COOLDOWN_SECONDS: Duration = seconds(1..=300, LIMITS.cooldown);
        /// Messages and calls to one account in ten minutes.
        MAX_SENDS_PER_10_MINUTES: usize = number(1..=20, LIMITS.max_sends_short as u64);
        /// Messages and calls to one account in a day.
        MAX_SENDS_PER_DAY: usize = number(1..=50, LIMITS.max_sends_long as u64);
        /// Calls to one account in ten minutes.
        MAX_CALLS_PER_10_MINUTES: usize = number(1..=5, LIMITS.max_calls_short as u64);
        /// Messages and calls to one number in ten minutes, from accounts that have verified it.
        MAX_SENDS_PER_NUMBER_PER_10_MINUTES: u32 = number(1..=100, LIMITS.max_sends_number_short as u64);
        /// Messages and calls to one number in a day, from accounts that have verified it.
        MAX_SENDS_PER_NUMBER_PER_DAY: u32 = number(1..=200, LIMITS.max_sends_number_long as u64);
        /// Messages and calls to one number in a day, from all accounts that have not verified it. Counted apart, so that
        /// strangers cannot use up what its owner has.
        MAX_UNVERIFIED_SENDS_PER_NUMBER_PER_DAY: u32 = number(1..=50, LIMITS.max_sends_number_unverified as u64);
        /// Messages and calls that one network (an IPv4 address, or 64 bits of IPv6) may ask for in ten minutes. Raise it
        /// where many people sign in from behind one address.
        MAX_SENDS_PER_NETWORK_PER_10_MINUTES: u32 = number(1..=100_000, LIMITS.max_sends_network as u64);
        /// Accounts that may enrol one number.
        MAX_ACCOUNTS_PER_NUMBER: u32 = number(1..=100, LIMITS.max_accounts as u64);
        /// Whether a country, or a range of numbers in it, that has used up its budget of unverified sends gets no more
        /// (enforce), or is only counted (record-only, for the days before a launch).
        UNVERIFIED_BUDGET_MODE: BudgetMode = words(&BudgetMode::ALL, BudgetMode::as_str, "enforce");
        /// Sends to unverified numbers that a country gets in a day through each channel, at the least.
        UNVERIFIED_BUDGET_FLOOR: u32 = number(1..=1_000_000, LIMITS.unverified.floor as u64);
        /// What a country gets as sends to unverified numbers, as a share of its accounts that verified in a day.
        UNVERIFIED_BUDGET_SHARE_PERCENT: u32 = percent(0..=100, LIMITS.unverified.share_percent as u64);
        /// Sends to unverified numbers that one range of ten thousand numbers gets in a day.
        UNVERIFIED_SENDS_PER_RANGE_PER_DAY: u32 = number(1..=10_000, LIMITS.unverified.per_range as u64);
        /// Consecutive failures of an account after which the next challenge has to wait: 30 seconds at first, then twice
        /// as long each time, up to an hour.
        DELAY_FROM_FAILURES: u32 = number(5..=50, LIMITS.delay_from_failures as u64);
        /// Consecutive failures that lock an account's phone factor until an administrator unlocks it. NIST SP 800-63B
        /// allows 100 at most.
        LOCK_AT_FAILURES: u32 = number(5..=100, LIMITS.lock_at_failures as u64);
        /// How long an account is blocked after its second report of fraud.
        FRAUD_BLOCK_SECONDS: Duration = seconds(300..=2_592_000, LIMITS.fraud_block);
    }
    Operation {
        /// Least severe lines that the functions log. At no level do they log a code, a full number or a token.
        LOG_LEVEL: Level = words(
            &[Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE],
            parse::level,
            "info"
        );
        /// Secret with what the canary signs in with. Without it there is no canary.
        CANARY_SECRET_ARN: String = deployed("no canary", "the ARN of a secret");
        /// Secret of the trusted edge in front of the API, if there is one: the output `EdgeSecretArn` of `edge.yaml`.
        EDGE_SECRET_ARN: Option<String> = optional(None, "the ARN of a secret");
    }
    Stack {
        /// Whether Entra sends people to the login page.
        ENTRA: bool = words(&[true, false], parse::on_off, "off");
        /// The table of challenges and accounts.
        TABLE_NAME: String = required("the name of a table");
        /// Secret with the keys of the codes' MACs.
        MAC_KEYS_SECRET_ARN: String = required("the ARN of a secret");
        /// Secret with the keys of the four digits that a page shows during a call.
        CALL_DIGITS_SECRET_ARN: String = required("the ARN of a secret");
        /// The bus that gets the audit events.
        EVENT_BUS_NAME: String = required("the name of a bus");
        /// Secret with the key of the digests in audit events.
        CORRELATION_KEY_SECRET_ARN: String = required("the ARN of a secret");
        /// The function's name, which Lambda sets: a dimension of its metrics.
        AWS_LAMBDA_FUNCTION_NAME: Option<String> = optional(None, "the name of a function");
    }
}
