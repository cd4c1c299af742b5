//! The floor of call-callback and admin: DynamoDB.

use floor::{dynamodb, serve, setup};
use lambda_http::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let connector = setup::connector()?;
    let config = setup::sdk_config(&connector).await;
    setup::prepare(&config, &connector).await?;
    let client = aws_sdk_dynamodb::Client::new(&config);
    let requests = setup::requests()?;
    let calls = requests.iter().map(|request| dynamodb::Call::read(&request.operation, &request.body));
    let calls = calls.collect::<Result<Vec<_>, _>>()?;

    serve(async |values| {
        for call in &calls {
            call.ask(&client, &values).await?;
        }
        Ok(())
    })
    .await
}
