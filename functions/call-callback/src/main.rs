//! Composes the function: configuration, one connector, the clients it calls.

use std::process::ExitCode;

use call_callback::App;
use call_callback::config::Config;
use domain::code::MacKeys;
use lambda_http::Error;
use platform::aws::{Roots, connector, sdk_config};
use platform::callback::SigningTokens;
use platform::config::Environment;
use platform::secrets::{Secret, SecretsManager};
use platform::store::DynamoStore;
use platform::{clock, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    run::ended(serve().await)
}

async fn serve() -> Result<(), Error> {
    let config = Environment::of_process().read(Config::read)?;
    config.telemetry.init();

    let aws = sdk_config(&connector(Roots::Amazon)?).await;
    let secrets = SecretsManager::new(&aws);
    let keys = match config.mac_keys_secret {
        Some(secret) => Some(Secret::<MacKeys, _>::open(secrets.clone(), secret, clock::now()).await?),
        None => None,
    };
    let app = App {
        store: DynamoStore::new(&aws, config.table),
        tokens: Secret::<SigningTokens, _>::open(secrets, config.signing_secret, clock::now()).await?,
        keys,
        policy: config.policy,
        public_base_url: config.public_base_url,
        brand: config.brand,
    };
    run::serve(|request, now| app.handle(request, now)).await
}
