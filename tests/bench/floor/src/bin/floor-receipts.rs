//! The floor of message-receipts: DynamoDB.

use floor::{dynamodb, serve_batches, setup};
use lambda_http::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let connector = setup::connector()?;
    let config = setup::sdk_config(&connector).await;
    let table = aws_sdk_dynamodb::Client::new(&config);
    let requests = setup::requests()?;
    let calls = requests.iter().map(|request| dynamodb::Call::read(&request.operation, &request.body));
    let calls = calls.collect::<Result<Vec<_>, _>>()?;
    serve_batches(async |values| {
        for call in &calls {
            call.ask(&table, &values).await?;
        }
        Ok(())
    })
    .await
}
