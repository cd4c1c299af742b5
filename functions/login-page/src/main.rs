//! Composes the function: configuration, and nothing outward.

use std::process::ExitCode;

use lambda_http::Error;
use login_page::App;
use login_page::config::Config;
use platform::config::Environment;
use platform::run;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    run::ended(serve().await)
}

async fn serve() -> Result<(), Error> {
    let config = Environment::of_process().read(Config::read)?;
    config.telemetry.clone().init();

    let app = App::new(config)?;
    run::serve(async |request, now| app.handle(&request, now)).await
}
