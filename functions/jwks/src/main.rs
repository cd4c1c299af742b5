//! Composes the function: configuration, one connector, the keys read once.

use std::process::ExitCode;

use jwks::App;
use jwks::config::Config;
use lambda_http::Error;
use platform::aws::{Roots, connector, sdk_config};
use platform::config::Environment;
use platform::jwks::{discovery, key_set};
use platform::run;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    run::ended(serve().await)
}

async fn serve() -> Result<(), Error> {
    let config = Environment::of_process().read(Config::read)?;
    config.telemetry.init();

    let aws = sdk_config(&connector(Roots::Amazon)?).await;
    let app = App {
        key_set: key_set(&aws, &config.key_arns).await?.to_string(),
        discovery: discovery(&config.issuer).to_string(),
    };
    run::serve(async |request, now| app.handle(&request, now)).await
}
