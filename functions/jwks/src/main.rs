//! Composes the function from its settings and the clients it calls.

use std::process::ExitCode;

use jwks::App;
use jwks::config::Config;
use platform::aws::Aws;
use platform::jwks::{discovery, key_set};
use platform::run::{self, Error};

fn main() -> ExitCode {
    run::main(Config::read, serve)
}

async fn serve(config: Config) -> Result<(), Error> {
    let aws = Aws::from_environment().await?;
    let app = App {
        key_set: key_set(&aws.config, &config.key_arns).await?.to_string(),
        discovery: discovery(&config.issuer).to_string(),
    };
    run::serve(async |request, now| app.handle(&request, now)).await
}
