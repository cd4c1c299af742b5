//! Composes the function: configuration, one connector, the clients it calls.

use std::process::ExitCode;

use domain::code::MacKeys;
use lambda_http::Error;
use platform::aws::{Roots, connector, sdk_config};
use platform::config::Environment;
use platform::secrets::{Secret, SecretsManager};
use platform::signer::KmsSigner;
use platform::store::DynamoStore;
use platform::{clock, run};
use verify_code::App;
use verify_code::config::Config;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    run::ended(serve().await)
}

async fn serve() -> Result<(), Error> {
    let config = Environment::of_process().read(Config::read)?;
    config.telemetry.init();

    let connector = connector(Roots::Amazon)?;
    let aws = sdk_config(&connector).await;
    let keys = Secret::<MacKeys, _>::open(SecretsManager::new(&aws), config.mac_keys_secret, clock::now());
    let (keys, ()) = tokio::join!(keys, DynamoStore::connect(&aws, &connector));
    let app = App {
        store: DynamoStore::new(&aws, config.settings.table.clone()),
        keys: keys?,
        signer: KmsSigner::new(&aws, config.signer),
        settings: config.settings,
    };
    run::serve(|request, now| app.handle(request, now)).await
}
