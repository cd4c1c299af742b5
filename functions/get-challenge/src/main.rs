//! Composes the function from its settings and the clients it calls.

use std::process::ExitCode;

use domain::code::MacKeys;
use get_challenge::App;
use get_challenge::config::Config;
use platform::aws::Aws;
use platform::clock;
use platform::run::{self, Error};
use platform::secrets::{Secret, SecretsManager};
use platform::signer::KmsSigner;
use platform::store::DynamoStore;
use platform::switchboard::Switchboard;

fn main() -> ExitCode {
    run::main(Config::read, serve)
}

async fn serve(config: Config) -> Result<(), Error> {
    let aws = Aws::from_environment().await?;
    let secrets = SecretsManager::new(&aws.config);
    let keys = Secret::<MacKeys, _>::maybe_open(secrets.clone(), config.mac_keys_secret, clock::now());
    let edge = Secret::maybe_open(secrets.clone(), config.edge_secret, clock::now());
    let on_demand = config.call_digits_secret.map(|id| Secret::on_demand(secrets, id));
    let (keys, edge, ()) = tokio::join!(keys, edge, DynamoStore::connect(&aws.config, &aws.connector));
    let app = App {
        store: DynamoStore::new(&aws.config, config.settings.table.clone()),
        switchboard: Switchboard::default(),
        signer: KmsSigner::new(&aws.config, config.signer),
        settings: config.settings,
        keys: keys?.or(on_demand),
        edge: edge?,
    };
    run::serve(|request, now| app.handle(request, now)).await
}
