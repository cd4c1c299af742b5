//! The table: by default in an embedded, in-memory DynamoDB that lives as long as the program; with
//! `DYNAMODB_ENDPOINT` set, in another one (DynamoDB Local, an emulator). Created if it is missing.

use std::future;

use anyhow::{Context, Result, anyhow, bail};
use dynoxide::{Database, server};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::development::{ACCESS_KEY, REGION, TABLE};
use crate::{clock, net};

/// Gets DynamoDB ready, with the product's table in it, and returns its endpoint.
pub(crate) async fn start(http: &reqwest::Client, endpoint: Option<String>, port: u16) -> Result<String> {
    let endpoint = match endpoint {
        Some(endpoint) => endpoint,
        None => embedded(port).await?,
    };
    create_table(http, &endpoint)
        .await
        .with_context(|| format!("cannot create the table in the DynamoDB at {endpoint}"))?;
    Ok(endpoint)
}

async fn embedded(port: u16) -> Result<String> {
    let database = Database::memory().map_err(|error| anyhow!("embedded DynamoDB: {error:?}"))?;
    let (listener, address) = net::listen(port).await?;
    tokio::spawn(async move {
        if let Err(error) = server::serve_with_shutdown(listener, database, future::pending()).await {
            eprintln!("local: the embedded DynamoDB stopped: {error}");
        }
    });
    Ok(format!("http://{address}"))
}

async fn create_table(http: &reqwest::Client, endpoint: &str) -> Result<()> {
    let table = json!({
        "TableName": TABLE,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [
            { "AttributeName": "pk", "KeyType": "HASH" },
            { "AttributeName": "sk", "KeyType": "RANGE" },
        ],
        "AttributeDefinitions": [
            { "AttributeName": "pk", "AttributeType": "S" },
            { "AttributeName": "sk", "AttributeType": "S" },
        ],
    });
    let (status, answer) = call(http, endpoint, "CreateTable", &table).await?;
    if answer["__type"].as_str().is_some_and(|fault| fault.ends_with("ResourceInUseException")) {
        return Ok(());
    }
    accept("CreateTable", status, &answer)?;

    let ttl = json!({
        "TableName": TABLE,
        "TimeToLiveSpecification": { "AttributeName": "ttl", "Enabled": true },
    });
    let (status, answer) = call(http, endpoint, "UpdateTimeToLive", &ttl).await?;
    accept("UpdateTimeToLive", status, &answer)
}

/// Lets the running challenges expire now, as if their time had passed, and returns how many.
pub(crate) async fn expire_challenges(http: &reqwest::Client, endpoint: &str) -> Result<usize> {
    let now = clock::epoch_seconds().to_string();
    let running = json!({
        "TableName": TABLE,
        "FilterExpression": "begins_with(sk, :challenge) AND outcome = :pending AND expiresAt > :now",
        "ExpressionAttributeValues": {
            ":challenge": { "S": "challenge#" }, ":pending": { "S": "pending" }, ":now": { "N": now },
        },
    });
    let (status, answer) = call(http, endpoint, "Scan", &running).await?;
    accept("Scan", status, &answer)?;
    let items = answer["Items"].as_array().context("Scan returned no items")?;
    for item in items {
        let expired = json!({
            "TableName": TABLE,
            "Key": { "pk": item["pk"], "sk": item["sk"] },
            "UpdateExpression": "SET expiresAt = :now",
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeValues": { ":now": { "N": now } },
        });
        let (status, answer) = call(http, endpoint, "UpdateItem", &expired).await?;
        accept("UpdateItem", status, &answer)?;
    }
    Ok(items.len())
}

fn accept(operation: &str, status: StatusCode, answer: &Value) -> Result<()> {
    if !status.is_success() {
        bail!("{operation} failed with {status}: {answer}");
    }
    Ok(())
}

/// One call in the awsJson1.0 protocol. Emulators require a signature header but do not check its value.
async fn call(http: &reqwest::Client, endpoint: &str, operation: &str, input: &Value) -> Result<(StatusCode, Value)> {
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/20260101/{REGION}/dynamodb/aws4_request, \
         SignedHeaders=host;x-amz-date, Signature=0"
    );
    let response = http
        .post(endpoint)
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header("x-amz-date", "20260101T000000Z")
        .header("authorization", authorization)
        .header("content-type", "application/x-amz-json-1.0")
        .body(input.to_string())
        .send()
        .await?;
    let status = response.status();
    Ok((status, response.json().await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_table_is_created_and_a_second_start_on_the_same_endpoint_reuses_it() {
        let http = reqwest::Client::new();
        let endpoint = start(&http, None, 0).await.unwrap();
        let again = start(&http, Some(endpoint.clone()), 0).await.unwrap();
        assert_eq!(again, endpoint);

        let input = json!({ "TableName": TABLE });
        let (_, described) = call(&http, &endpoint, "DescribeTimeToLive", &input).await.unwrap();
        assert_eq!(described["TimeToLiveDescription"]["AttributeName"], "ttl");
    }
    #[tokio::test]
    async fn only_running_challenges_expire() {
        let http = reqwest::Client::new();
        let endpoint = start(&http, None, 0).await.unwrap();
        let later = clock::epoch_seconds() + 300;
        for (sk, outcome) in [("challenge#1", "pending"), ("challenge#2", "approved"), ("subject", "pending")] {
            let item = json!({
                "pk": { "S": "subject#1" }, "sk": { "S": sk },
                "outcome": { "S": outcome }, "expiresAt": { "N": later.to_string() },
            });
            let (status, answer) =
                call(&http, &endpoint, "PutItem", &json!({ "TableName": TABLE, "Item": item })).await.unwrap();
            accept("PutItem", status, &answer).unwrap();
        }

        assert_eq!(expire_challenges(&http, &endpoint).await.unwrap(), 1);
        assert_eq!(expire_challenges(&http, &endpoint).await.unwrap(), 0);
        let key = json!({ "TableName": TABLE, "Key": { "pk": { "S": "subject#1" }, "sk": { "S": "challenge#2" } } });
        let (_, untouched) = call(&http, &endpoint, "GetItem", &key).await.unwrap();
        assert_eq!(untouched["Item"]["expiresAt"]["N"], later.to_string());
    }
}
