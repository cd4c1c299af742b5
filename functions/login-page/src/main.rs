//! Starts the function with its settings. It makes no outgoing calls.

use std::process::ExitCode;

use login_page::App;
use login_page::config::Config;
use platform::run::{self, Error};

fn main() -> ExitCode {
    run::main(Config::read, serve)
}

async fn serve(config: Config) -> Result<(), Error> {
    let app = App::new(config)?;
    run::serve(async |request, now| app.handle(&request, now)).await
}
