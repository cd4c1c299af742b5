//! Composes the function from its settings and the clients it calls.

use std::process::ExitCode;

use authorize::App;
use authorize::config::Config;
use authorize::keys::EntraKeys;
use authorize::tokens::Tokens;
use platform::aws::Aws;
use platform::run::{self, Error};

fn main() -> ExitCode {
    run::main(Config::read, serve)
}

async fn serve(config: Config) -> Result<(), Error> {
    let aws = Aws::from_environment().await?;
    let tokens = Tokens::new(&aws.config, &config);
    tokens.prepare().await;
    let app = App { keys: EntraKeys::new(config.registration.cloud.clone()), tokens, config };
    run::serve(|request, now| app.handle(request, now)).await
}
