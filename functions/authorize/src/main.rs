//! Composes the function from its settings and the clients it calls.

use std::process::ExitCode;

use authorize::App;
use authorize::config::Config;
use authorize::keys::EntraKeys;
use authorize::tokens::Tokens;
use platform::aws::Aws;
use platform::clock;
use platform::run::{self, Error};
use platform::secrets::{Secret, SecretsManager};

fn main() -> ExitCode {
    run::main(Config::read, serve)
}

async fn serve(config: Config) -> Result<(), Error> {
    let aws = Aws::from_environment().await?;
    let tokens = Tokens::new(&aws.config, &config);
    let edge = Secret::maybe_open(SecretsManager::new(&aws.config), config.edge_secret.clone(), clock::now());
    let (edge, ()) = tokio::join!(edge, tokens.prepare());
    let app = App { keys: EntraKeys::new(config.registration.cloud.clone()), tokens, config, edge: edge? };
    run::serve(|request, now| app.handle(request, now)).await
}
