//! Composes the function: configuration, one connector, the clients it calls.

use std::process::ExitCode;

use domain::code::MacKeys;
use lambda_http::Error;
use platform::aws::{Roots, connector, sdk_config};
use platform::config::Environment;
use platform::secrets::{Secret, SecretsManager};
use platform::sms::SnsSender;
use platform::store::DynamoStore;
use platform::voice::TwilioCaller;
use platform::{clock, run};
use start_challenge::App;
use start_challenge::config::Config;
use start_challenge::countries::Countries;

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
    let keys = Secret::<MacKeys, _>::open(secrets.clone(), config.mac_keys_secret, clock::now());
    let caller = async {
        let Some((settings, secret)) = config.voice else { return Ok(None) };
        Secret::open(secrets, secret, clock::now()).await.map(|secret| Some(TwilioCaller::new(settings, secret)))
    };
    // Side by side, each over a connection of its own: a handshake costs less than waiting for one more answer.
    let (keys, caller, ()) = tokio::join!(keys, caller, DynamoStore::connect(&aws, &connector));
    let app = App {
        store: DynamoStore::new(&aws, config.settings.table.clone()),
        keys: keys?,
        sms: SnsSender::new(&aws, config.sms, config.codes),
        caller: caller?,
        countries: Countries::default(),
        send_timeout: config.send_timeout,
        settings: config.settings,
    };
    run::serve(|request, now| app.handle(request, now)).await
}
