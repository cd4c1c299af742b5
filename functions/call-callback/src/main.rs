//! Composes the function from its settings and the clients it calls.

use std::process::ExitCode;

use call_callback::App;
use call_callback::config::Config;
use domain::code::MacKeys;
use platform::aws::Aws;
use platform::callback::SigningTokens;
use platform::clock;
use platform::run::{self, Error};
use platform::secrets::{Secret, SecretsManager};
use platform::store::DynamoStore;

fn main() -> ExitCode {
    run::main(Config::read, serve)
}

async fn serve(config: Config) -> Result<(), Error> {
    let aws = Aws::from_environment().await?;
    let secrets = SecretsManager::new(&aws.config);
    let keys = Secret::<MacKeys, _>::maybe_open(secrets.clone(), config.mac_keys_secret, clock::now());
    let on_demand = config.call_digits_secret.map(|id| Secret::on_demand(secrets.clone(), id));
    let tokens = Secret::<SigningTokens, _>::open(secrets, config.signing_secret, clock::now());
    let (keys, tokens, ()) = tokio::join!(keys, tokens, DynamoStore::connect(&aws.config, &aws.connector));
    let app = App {
        store: DynamoStore::new(&aws.config, config.table),
        tokens: tokens?,
        keys: keys?.or(on_demand),
        policy: config.policy,
        public_base_url: config.public_base_url,
        brand: config.brand,
    };
    run::serve(|request, now| app.handle(request, now)).await
}
