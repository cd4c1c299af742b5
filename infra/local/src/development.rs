//! Development identities and secrets: constants that are worthless outside this machine's loopback
//! interface, and the only credentials that the local stack ever gives to a function.

pub(crate) const REGION: &str = "us-east-1";
pub(crate) const ACCOUNT: &str = "123456789012";

/// Used by the functions and by administrators alike: some emulators keep one database per access key,
/// so everybody must use the same one.
pub(crate) const ACCESS_KEY: &str = "local";
pub(crate) const ACCESS_SECRET: &str = "local";

/// The IAM user that the gateway says this key belongs to.
pub(crate) const USER_ARN: &str = "arn:aws:iam::123456789012:user/local";
pub(crate) const USER_ID: &str = "AIDALOCAL000000000000";
pub(crate) const ORGANISATION: &str = "o-local00000";

pub(crate) const TABLE: &str = "alliance-mfa-local";

pub(crate) const SIGNING_KEY_ARN: &str = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000001";
/// The issuer's key, with which the functions mint first-factor tokens for the logins that cannot.
pub(crate) const FIRST_FACTOR_KEY_ARN: &str =
    "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000002";
/// Signs the answers to Entra.
pub(crate) const ANSWER_KEY_ARN: &str = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000003";

/// Entra's tenant, the app of the integration and the client.
pub(crate) const ENTRA_TENANT: &str = "00000000-0000-4000-8000-00000000000a";
pub(crate) const ENTRA_APP: &str = "00000000-0000-4000-8000-00000000000b";
pub(crate) const ENTRA_CLIENT: &str = "00000000-0000-4000-8000-00000000000c";

pub(crate) const COGNITO_POOL: &str = "us-east-1_Local0000";
pub(crate) const COGNITO_CLIENT: &str = "local00000000000000000000";

/// The key for the MACs of codes. Fixed, so that a fixture written today can still be checked tomorrow.
pub(crate) const MAC_KEY: &str = "development-mac-key-0123456789abcdef";
/// The key for the digits that a page shows during a call.
pub(crate) const CALL_DIGITS_KEY: &str = "development-call-digits-0123456789abcdef";

/// The voice provider's account, its REST API key and the token that signs its webhooks.
pub(crate) const VOICE_ACCOUNT: &str = "AC00000000000000000000000000000001";
pub(crate) const VOICE_API_KEY: &str = "SK00000000000000000000000000000001";
pub(crate) const VOICE_API_SECRET: &str = "development-voice-api-secret";
pub(crate) const VOICE_AUTH_TOKEN: &str = "development-voice-auth-token";
pub(crate) const VOICE_FROM: &str = "+14155552600";

/// The audience of first-factor tokens (which call the API) and that of result tokens.
pub(crate) const AUDIENCE: &str = "alliance-mfa";
pub(crate) const RESULT_AUDIENCE: &str = "demo-login";

/// Names of the secrets, as they follow `secret:` in the ARN.
pub(crate) const MAC_KEYS_SECRET: &str = "alliance-mfa/mac-keys-local0";
pub(crate) const CALL_DIGITS_SECRET: &str = "alliance-mfa/call-digits-local0";
pub(crate) const VOICE_API_SECRET_NAME: &str = "alliance-mfa/voice-api-local0";
pub(crate) const VOICE_SIGNING_SECRET: &str = "alliance-mfa/voice-signing-local0";

pub(crate) const CANARY_SECRET: &str = "alliance-mfa/canary-local0";

/// The account that the canary signs in as, its test number and the code.
pub(crate) const CANARY: &str = "canary";
pub(crate) const CANARY_NUMBER: &str = "+15005550006";
pub(crate) const CANARY_CODE: &str = "424242";

pub(crate) fn secret_arn(name: &str) -> String {
    format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}")
}
