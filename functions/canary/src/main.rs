//! Composes the function from its settings and the clients it calls.

use std::process::ExitCode;

use canary::client::Client;
use canary::config::Config;
use canary::{Api, App, LIMIT};
use platform::aws::Aws;
use platform::clock;
use platform::run::{self, Error};
use platform::secrets::{Secret, SecretsManager};

fn main() -> ExitCode {
    run::main(Config::read, serve)
}

async fn serve(config: Config) -> Result<(), Error> {
    let aws = Aws::from_environment().await?;
    let app = App {
        // Not read at init: a run that cannot read it has to say so in its metric.
        account: Secret::on_demand(SecretsManager::new(&aws.config), config.secret),
        api: Api { base_url: config.base_url, audience: config.audience, session_claim: config.session_claim },
        client: Client::new(LIMIT),
    };
    run::serve_events(async |_schedule| app.run(clock::now()).await).await
}
