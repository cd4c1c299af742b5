//! Composes the function from its settings and the clients it calls.

use std::process::ExitCode;

use cognito::config::Config;
use cognito::{App, Results};
use platform::aws::Aws;
use platform::clock;
use platform::door::{Issuer, ResultKeys};
use platform::door_settings::DoorSettings;
use platform::run::{self, Error};

fn main() -> ExitCode {
    run::main(Config::read, serve)
}

async fn serve(config: Config) -> Result<(), Error> {
    let aws = Aws::from_environment().await?;
    // It also opens the connection over which Create has its token signed: Cognito waits for a cold start no longer than
    // for any other answer.
    let DoorSettings { base_url, logins, results, .. } = config.door;
    let keys = ResultKeys::read(&aws.config, results.key, results.second_key).await?;
    let app = App {
        pool: config.pool,
        issuer: Issuer::new(&aws.config, logins.key, logins.issuer, logins.audience),
        results: Results { keys, base_url, audience: results.audience },
    };
    run::serve_events(async |event| app.handle(event, clock::now()).await).await
}
