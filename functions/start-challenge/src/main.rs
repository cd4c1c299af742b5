//! Composes the function from its settings and the clients it calls.

use std::process::ExitCode;

use domain::code::MacKeys;
use platform::aws::Aws;
use platform::clock;
use platform::run::{self, Error};
use platform::secrets::{Secret, SecretsManager};
use platform::sms::{Codes, Sender};
use platform::store::DynamoStore;
use platform::switchboard::Switchboard;
use platform::voice::TwilioCallPlacer;
use start_challenge::App;
use start_challenge::config::Config;
use start_challenge::countries::Countries;

fn main() -> ExitCode {
    run::main(Config::read, serve)
}

async fn serve(config: Config) -> Result<(), Error> {
    let aws = Aws::from_environment().await?;
    let secrets = SecretsManager::new(&aws.config);
    let keys = Secret::<MacKeys, _>::open(secrets.clone(), config.mac_keys_secret, clock::now());
    let edge = Secret::maybe_open(secrets.clone(), config.edge_secret, clock::now());
    let caller = async {
        let Some((settings, secret)) = config.voice else { return Ok(None) };
        Secret::open(secrets, secret, clock::now()).await.map(|secret| Some(TwilioCallPlacer::new(settings, secret)))
    };
    // Concurrently, each over its own connection: a handshake takes less time than another round trip.
    let (keys, edge, caller, ()) = tokio::join!(keys, edge, caller, DynamoStore::connect(&aws.config, &aws.connector));
    let app = App {
        store: DynamoStore::new(&aws.config, config.settings.table.clone()),
        keys: keys?,
        sms: Codes { publisher: Sender::new(&aws.config, config.sender), brand: config.brand, host: config.host },
        caller: caller?,
        edge: edge?,
        countries: Countries::default(),
        switchboard: Switchboard::default(),
        send_timeout: config.send_timeout,
        settings: config.settings,
    };
    run::serve(|request, now| app.handle(request, now)).await
}
