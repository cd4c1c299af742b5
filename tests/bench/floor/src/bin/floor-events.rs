//! The floor of audit-events: EventBridge.

use floor::{events, serve_batches, setup};
use lambda_http::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let connector = setup::connector()?;
    let config = setup::sdk_config(&connector).await;
    setup::prepare(&config, &connector).await?;
    let client = aws_sdk_eventbridge::Client::new(&config);
    let mut puts = Vec::new();
    for request in setup::requests()? {
        puts.push(events::Put::read(&request.body)?);
    }

    serve_batches(async |values| {
        for put in &puts {
            put.ask(&client, &values).await?;
        }
        Ok(())
    })
    .await
}
