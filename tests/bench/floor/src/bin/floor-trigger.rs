//! The floor of cognito: KMS.

use floor::{kms, serve_batches, setup};
use lambda_http::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let connector = setup::connector()?;
    let config = setup::sdk_config(&connector).await;
    let signer = aws_sdk_kms::Client::new(&config);
    let requests = setup::requests()?;
    let calls = requests.iter().map(|request| kms::Sign::read(&request.body)).collect::<Result<Vec<_>, _>>()?;
    serve_batches(async |values| {
        for call in &calls {
            call.ask(&signer, &values).await?;
        }
        Ok(())
    })
    .await
}
