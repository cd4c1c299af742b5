//! The floor of get-challenge and verify-code: DynamoDB and KMS.

use floor::{dynamodb, kms, serve, setup};
use lambda_http::Error;

enum Call {
    Table(dynamodb::Call),
    Sign(kms::Sign),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let connector = setup::connector()?;
    let config = setup::sdk_config(&connector).await;
    setup::prepare(&config, &connector).await?;
    let table = aws_sdk_dynamodb::Client::new(&config);
    let signer = aws_sdk_kms::Client::new(&config);
    let mut calls = Vec::new();
    for request in setup::requests()? {
        calls.push(match request.operation.as_str() {
            "Sign" => Call::Sign(kms::Sign::read(&request.body)?),
            operation => Call::Table(dynamodb::Call::read(operation, &request.body)?),
        });
    }

    serve(async |values| {
        for call in &calls {
            match call {
                Call::Table(call) => call.ask(&table, &values).await?,
                Call::Sign(sign) => sign.ask(&signer, &values).await?,
            }
        }
        Ok(())
    })
    .await
}
