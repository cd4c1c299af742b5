//! Forms posted to the voice provider.

use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use form_urlencoded::Serializer;
use lambda_http::Error;
use serde_json::Value;

use crate::template::Text;

#[derive(Debug)]
pub struct Post {
    url: String,
    fields: Vec<(String, Text)>,
}

impl Post {
    /// Parses a recorded form: as pairs, since a field may occur twice.
    pub fn read(url: String, body: &Value) -> Result<Self, Error> {
        let pairs = body.as_array().ok_or("no fields")?.iter();
        let fields = pairs.map(|pair| Ok((pair[0].as_str().ok_or("no name")?.to_owned(), Text::read(&pair[1])?)));
        Ok(Self { url, fields: fields.collect::<Result<_, Error>>()? })
    }

    /// Sends it with a person's values.
    pub async fn ask(&self, connector: &SharedHttpConnector, values: &[String]) -> Result<(), Error> {
        let request = http::Request::post(&self.url)
            .header(http::header::AUTHORIZATION, "Basic bm9uZTpub25l")
            .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(SdkBody::from(self.form(values)?))?;
        let response = connector.call(HttpRequest::try_from(request)?).await?;
        ByteStream::new(response.into_body()).collect().await?;
        Ok(())
    }

    fn form(&self, values: &[String]) -> Result<String, Error> {
        let mut form = Serializer::new(String::new());
        for (name, text) in &self.fields {
            form.append_pair(name, &text.fill(values)?);
        }
        Ok(form.finish())
    }
}
