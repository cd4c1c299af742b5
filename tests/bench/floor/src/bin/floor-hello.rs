//! Says hello: what the runtime alone costs. The floor of login-page, which calls no service.

use lambda_http::{Error, Request, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(async |_: Request| Ok::<_, Error>("{}"))).await
}
