//! Composes the function from its settings and the clients it calls.

use std::process::ExitCode;

use domain::code::MacKeys;
use platform::aws::Aws;
use platform::clock;
use platform::run::{self, Error};
use platform::secrets::{Secret, SecretsManager};
use platform::signer::KmsSigner;
use platform::store::DynamoStore;
use verify_code::App;
use verify_code::config::Config;

fn main() -> ExitCode {
    run::main(Config::read, serve)
}

async fn serve(config: Config) -> Result<(), Error> {
    let aws = Aws::from_environment().await?;
    let secrets = SecretsManager::new(&aws.config);
    let edge = Secret::maybe_open(secrets.clone(), config.edge_secret, clock::now());
    let keys = Secret::<MacKeys, _>::open(secrets, config.mac_keys_secret, clock::now());
    let (keys, edge, ()) = tokio::join!(keys, edge, DynamoStore::connect(&aws.config, &aws.connector));
    let app = App {
        store: DynamoStore::new(&aws.config, config.settings.table.clone()),
        keys: keys?,
        signer: KmsSigner::new(&aws.config, config.signer),
        settings: config.settings,
        edge: edge?,
    };
    run::serve(|request, now| app.handle(request, now)).await
}
