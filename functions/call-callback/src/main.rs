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

    let connector = connector(Roots::Amazon)?;
    let aws = sdk_config(&connector).await;
    let secrets = SecretsManager::new(&aws);
    let keys = Secret::<MacKeys, _>::maybe_open(secrets.clone(), config.mac_keys_secret, clock::now());
    let tokens = Secret::<SigningTokens, _>::open(secrets, config.signing_secret, clock::now());
    let (keys, tokens, ()) = tokio::join!(keys, tokens, DynamoStore::connect(&aws, &connector));
    let app = App {
        store: DynamoStore::new(&aws, config.table),
        tokens: tokens?,
        keys: keys?,
        policy: config.policy,
        public_base_url: config.public_base_url,
        brand: config.brand,
    };
    run::serve(|request, now| app.handle(request, now)).await
}
