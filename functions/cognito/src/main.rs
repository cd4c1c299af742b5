//! Composes the function from its settings and the clients it calls.

use std::process::ExitCode;

use cognito::config::Config;
use cognito::{App, Results};
use platform::aws::Aws;
use platform::clock;
use platform::door::{Issuer, ResultKeys};
use platform::run::{self, Error};

fn main() -> ExitCode {
    run::main(Config::read, serve)
}

async fn serve(config: Config) -> Result<(), Error> {
    let aws = Aws::from_environment().await?;
    // It also opens the connection over which Create has its token signed: Cognito waits for a cold start no longer than
    // for any other answer.
    let keys = ResultKeys::read(&aws.config, config.result_key, config.second_result_key).await?;
    let app = App {
        pool: config.pool,
        issuer: Issuer::new(&aws.config, config.issuer.key_arn, config.issuer.name, config.issuer.audience),
        results: Results { keys, base_url: config.base_url, audience: config.result_audience },
    };
    run::serve_events(async |event| app.handle(event, clock::now()).await).await
}
