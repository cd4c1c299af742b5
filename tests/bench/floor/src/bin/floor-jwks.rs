//! The floor of jwks: KMS, during init only.

use floor::{serve, setup};
use lambda_http::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = setup::sdk_config(&setup::connector()?).await;
    let client = aws_sdk_kms::Client::new(&config);
    client.get_public_key().key_id(setup::variable("SIGNING_KEY_ARN")?).send().await?;

    serve(async |_| Ok(())).await
}
