//! Composes the function from its settings and the clients it calls.

use std::process::ExitCode;

use jwks::config::Config;
use jwks::{App, OpenId};
use platform::aws::Aws;
use platform::run::{self, Error};
use platform::{jwks as results, openid};

fn main() -> ExitCode {
    run::main(Config::read, serve)
}

async fn serve(config: Config) -> Result<(), Error> {
    let aws = Aws::from_environment().await?;
    let app = App {
        key_set: results::key_set(&aws.config, &config.key_arns).await?.to_string(),
        discovery: results::discovery(&config.issuer).to_string(),
        openid: openid(&aws, &config).await?,
    };
    run::serve(async |request, now| app.handle(&request, now)).await
}

async fn openid(aws: &Aws, config: &Config) -> Result<Option<OpenId>, Error> {
    if config.answer_keys.is_empty() {
        return Ok(None);
    }
    let key_set = openid::key_set(&aws.config, &config.answer_keys).await?.to_string();
    Ok(Some(OpenId { key_set, discovery: openid::discovery(&config.issuer).to_string() }))
}
