//! Changes something between a request's read and its write, which no schedule of whole requests could hit.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use platform::store::DynamoStore;

use crate::backend::Backend;

/// Holds the first request that contains `write` until it is told to go on.
#[derive(Debug)]
struct Hold {
    write: &'static str,
    once: Mutex<Option<(Sender<()>, Receiver<()>)>>,
}

impl Intercept for Hold {
    fn name(&self) -> &'static str {
        "hold"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = String::from_utf8_lossy(context.request().body().bytes().unwrap_or_default());
        if body.contains(self.write)
            && let Some((reached, go)) = self.once.lock().expect("not poisoned").take()
        {
            reached.send(())?;
            tokio::task::block_in_place(|| go.recv())?;
        }
        Ok(())
    }
}

/// Makes a request whose first `write` waits for `change`.
pub(crate) async fn held<T, F>(
    backend: &Backend,
    write: &'static str,
    request: impl FnOnce(DynamoStore) -> F,
    change: impl Future<Output = ()>,
) -> T
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let (reached, is_reached) = channel();
    let (goes, go) = channel();
    let hold = Hold { write, once: Mutex::new(Some((reached, go))) };
    let config = backend.client.config().to_builder().interceptor(hold).build();
    let requesting = tokio::spawn(request(DynamoStore::over(Client::from_conf(config), backend.table.clone())));
    tokio::task::spawn_blocking(move || is_reached.recv()).await.expect("no panic").expect("the write");
    change.await;
    goes.send(()).expect("it waits");
    requesting.await.expect("no panic")
}
