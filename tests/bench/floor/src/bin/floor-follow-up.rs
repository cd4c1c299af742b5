//! The floor of follow-up: DynamoDB and SNS.

use floor::{dynamodb, serve_batches, setup, sns};
use lambda_http::Error;

enum Call {
    Table(dynamodb::Call),
    Publish(sns::Publish),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let connector = setup::connector()?;
    let config = setup::sdk_config(&connector).await;
    let table = aws_sdk_dynamodb::Client::new(&config);
    let publisher = aws_sdk_sns::Client::new(&config);
    let mut calls = Vec::new();
    for request in setup::requests()? {
        calls.push(match request.operation.as_str() {
            "Publish" => Call::Publish(sns::Publish::read(&request.body)?),
            operation => Call::Table(dynamodb::Call::read(operation, &request.body)?),
        });
    }

    serve_batches(async |values| {
        for call in &calls {
            match call {
                Call::Table(call) => call.ask(&table, &values).await?,
                Call::Publish(publish) => publish.ask(&publisher, &values).await?,
            }
        }
        Ok(())
    })
    .await
}
