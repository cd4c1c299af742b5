//! Composes the function from its settings and the clients it calls.

use std::process::ExitCode;

use follow_up::config::Config;
use follow_up::{App, TIME};
use platform::aws::Aws;
use platform::run::{self, Error};
use platform::sms::{Notices, Sender};
use platform::store::DynamoStore;

fn main() -> ExitCode {
    run::main(Config::read, serve)
}

async fn serve(config: Config) -> Result<(), Error> {
    let aws = Aws::from_environment().await?;
    let notifier = config.notices.map(|notices| Notices {
        publisher: Sender::new(&aws.config, notices.sender),
        brand: notices.brand,
        support_url: notices.support_url,
    });
    let app = App {
        store: DynamoStore::new(&aws.config, config.table),
        reach: config.reach,
        feedback: notifier.as_ref().and_then(|notices| notices.publisher.feedback()),
        notifier,
        time: TIME,
    };
    run::serve_stream(async |batch| app.handle(batch).await).await
}
