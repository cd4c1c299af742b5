//! Composes the function from its settings and the clients it calls.

use std::process::ExitCode;

use audit_events::App;
use audit_events::config::Config;
use audit_events::correlation::CorrelationKey;
use platform::aws::Aws;
use platform::clock;
use platform::events::EventBridge;
use platform::run::{self, Error};
use platform::secrets::{Secret, SecretsManager};

fn main() -> ExitCode {
    run::main(Config::read, serve)
}

async fn serve(config: Config) -> Result<(), Error> {
    let aws = Aws::from_environment().await?;
    let secrets = SecretsManager::new(&aws.config);
    let app = App {
        bus: EventBridge::new(&aws.config, config.bus),
        correlation: Secret::<CorrelationKey, _>::open(secrets, config.correlation_secret, clock::now()).await?,
        issuer: config.issuer,
    };
    run::serve_stream(async |batch| app.handle(batch, clock::now()).await).await
}
