//! Composes the function: configuration, one connector, the clients it calls.

use std::convert::Infallible;
use std::process::ExitCode;

use follow_up::config::Config;
use follow_up::{App, TIME};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use platform::aws::{Roots, connector, sdk_config};
use platform::config::Environment;
use platform::sms::SnsNotifier;
use platform::store::DynamoStore;
use platform::stream::Batch;
use platform::{lines, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    run::ended(serve().await)
}

async fn serve() -> Result<(), Error> {
    let config = Environment::of_process().read(Config::read)?;
    config.telemetry.init();

    let aws = sdk_config(&connector(Roots::Amazon)?).await;
    let app = App {
        store: DynamoStore::new(&aws, config.table),
        reach: config.reach,
        notifier: config.notices.map(|(sms, notices)| SnsNotifier::new(&aws, sms, notices)),
        time: TIME,
    };
    let app = &app;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Batch>| {
        let answer = Box::pin(app.handle(&event.payload)); // else a type too deep for the compiler
        Ok::<_, Infallible>(lines::of_request(event.context.request_id.clone(), answer).await)
    }))
    .await
}
