//! Composes the function from its settings and the clients it calls.

use std::process::ExitCode;

use admin::App;
use admin::config::Config;
use platform::aws::Aws;
use platform::run::{self, Error};
use platform::store::DynamoStore;

fn main() -> ExitCode {
    run::main(Config::read, serve)
}

async fn serve(config: Config) -> Result<(), Error> {
    let aws = Aws::from_environment().await?;
    let store = DynamoStore::new(&aws.config, config.table);
    let app = App { issuer: config.issuer, policy: config.policy, store };
    run::serve(|request, now| app.handle(request, now)).await
}
