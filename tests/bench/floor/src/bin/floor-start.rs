//! The floor of start-challenge: DynamoDB, SNS, End User Messaging and the voice provider.

use floor::{dynamodb, messaging, post, serve, setup, sns};
use lambda_http::Error;

enum Call {
    Table(dynamodb::Call),
    Publish(sns::Publish),
    Send(messaging::Send),
    Post(post::Post),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let connector = setup::connector()?;
    let config = setup::sdk_config(&connector).await;
    setup::prepare(&config, &connector).await?;
    let table = aws_sdk_dynamodb::Client::new(&config);
    let publisher = aws_sdk_sns::Client::new(&config);
    let messenger = aws_sdk_pinpointsmsvoicev2::Client::new(&config);
    let mut calls = Vec::new();
    for request in setup::requests()? {
        calls.push(match request.operation.as_str() {
            "Publish" => Call::Publish(sns::Publish::read(&request.body)?),
            "SendTextMessage" => Call::Send(messaging::Send::read(&request.body)?),
            "POST" => Call::Post(post::Post::read(setup::variable("VOICE_API_BASE_URL")?, &request.body)?),
            operation => Call::Table(dynamodb::Call::read(operation, &request.body)?),
        });
    }

    serve(async |values| {
        for call in &calls {
            match call {
                Call::Table(call) => call.ask(&table, &values).await?,
                Call::Publish(publish) => publish.ask(&publisher, &values).await?,
                Call::Send(send) => send.ask(&messenger, &values).await?,
                Call::Post(post) => post.ask(&connector, &values).await?,
            }
        }
        Ok(())
    })
    .await
}
