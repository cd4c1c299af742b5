//! Composes the function from its settings and the clients it calls.

use std::process::ExitCode;

use message_receipts::App;
use message_receipts::config::Config;
use platform::aws::Aws;
use platform::clock;
use platform::run::{self, Error};
use platform::store::DynamoStore;

fn main() -> ExitCode {
    run::main(Config::read, serve)
}

async fn serve(config: Config) -> Result<(), Error> {
    let aws = Aws::from_environment().await?;
    let app = App { store: DynamoStore::new(&aws.config, config.table) };
    run::serve_events(async |event| app.handle(event, clock::now()).await).await
}
