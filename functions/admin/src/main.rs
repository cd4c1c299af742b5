//! Composes the function: configuration, one connector, the clients it calls.

use std::process::ExitCode;

use admin::App;
use admin::config::Config;
use lambda_http::Error;
use platform::aws::{Roots, connector, sdk_config};
use platform::config::Environment;
use platform::run;
use platform::store::DynamoStore;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    run::ended(serve().await)
}

async fn serve() -> Result<(), Error> {
    let config = Environment::of_process().read(Config::read)?;
    config.telemetry.init();

    let aws = sdk_config(&connector(Roots::Amazon)?).await;
    let app = App { issuer: config.issuer, policy: config.policy, store: DynamoStore::new(&aws, config.table) };
    run::serve(|request, now| app.handle(request, now)).await
}
