//! Composes the function: configuration, one connector, the bus and the key of the digests.

use std::convert::Infallible;
use std::process::ExitCode;

use audit_events::App;
use audit_events::config::Config;
use audit_events::correlation::CorrelationKey;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use platform::aws::{Roots, connector, sdk_config};
use platform::config::Environment;
use platform::events::EventBridge;
use platform::secrets::{Secret, SecretsManager};
use platform::stream::Batch;
use platform::{clock, lines, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    run::ended(serve().await)
}

async fn serve() -> Result<(), Error> {
    let config = Environment::of_process().read(Config::read)?;
    config.telemetry.init();

    let aws = sdk_config(&connector(Roots::Amazon)?).await;
    let secrets = SecretsManager::new(&aws);
    let app = App {
        bus: EventBridge::new(&aws, config.bus),
        correlation: Secret::<CorrelationKey, _>::open(secrets, config.correlation_secret, clock::now()).await?,
        issuer: config.issuer,
    };
    let app = &app;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Batch>| {
        let answer = app.handle(&event.payload, clock::now());
        Ok::<_, Infallible>(lines::of_request(event.context.request_id.clone(), answer).await)
    }))
    .await
}
