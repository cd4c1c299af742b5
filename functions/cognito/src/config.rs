//! What the function reads from its environment.

use platform::settings::{Environment, table};

#[derive(Debug)]
pub struct Config {
    pub pool: String,
    pub issuer: IssuerSettings,
    pub result_key: String,
    /// The second key while keys are rotated.
    pub second_result_key: Option<String>,
    /// The API's public address.
    pub base_url: String,
    pub result_audience: String,
}

/// Who mints first-factor tokens.
#[derive(Debug)]
pub struct IssuerSettings {
    pub key_arn: String,
    pub name: String,
    pub audience: String,
}

impl Config {
    pub fn read(env: &mut Environment) -> Option<Self> {
        let pool = env.get(&table::COGNITO_USER_POOL_ID);
        let key_arn = env.get(&table::FIRST_FACTOR_KEY_ARN);
        let name = env.get(&table::FIRST_FACTOR_ISSUER);
        let audiences = env.get(&table::FIRST_FACTOR_AUDIENCE);
        // Or one key would vouch for the password and for the phone.
        let minted_with = env.peek(&table::FIRST_FACTOR_KEY_ARN);
        let apart = |key: &Option<String>| match key {
            Some(_) if *key == minted_with => Err("must not be FIRST_FACTOR_KEY_ARN".to_owned()),
            _ => Ok(()),
        };
        let result_key = env.parse(&table::SIGNING_KEY_ARN, |key| apart(&Some(key.clone())).map(|()| key));
        let second_result_key = env.parse(&table::PREVIOUS_SIGNING_KEY_ARN, |key| apart(&key).map(|()| key));
        let base_url = env.get(&table::PUBLIC_BASE_URL);
        let result_audience = env.parse(&table::RESULT_AUDIENCE, |audience| match &audiences {
            // Then a first-factor token would say that it is for whoever takes results.
            Some(others) if others.contains(&audience) => Err("must not be one of FIRST_FACTOR_AUDIENCE".to_owned()),
            _ => Ok(audience),
        });
        // Minted tokens have no other claim that names the login.
        let session = env.parse(&table::SESSION_CLAIM, |claim| match claim.as_str() {
            "jti" => Ok(()),
            _ => Err("must be jti, the claim that names a login through Cognito".to_owned()),
        });
        session?;
        Some(Self {
            pool: pool?,
            issuer: IssuerSettings { key_arn: key_arn?, name: name?, audience: audiences?.first()?.clone() },
            result_key: result_key?,
            second_result_key: second_result_key?,
            base_url: base_url?,
            result_audience: result_audience?,
        })
    }
}
