//! Listening on loopback, and nowhere else: the stack holds development keys and accepts anything.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result};
use axum::Router;
use tokio::net::TcpListener;

/// A listener on 127.0.0.1; port 0 picks a free one.
pub(crate) async fn listen(port: u16) -> Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .with_context(|| format!("cannot listen on 127.0.0.1:{port}: is the port in use?"))?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Serves `router` on `port` until the program ends, and returns its base URL.
pub(crate) async fn serve(router: Router, port: u16) -> Result<String> {
    let (listener, address) = listen(port).await?;
    Ok(serve_on(listener, address, router))
}

/// Serves `router` on a listener that is already bound, for callers that need to know the address first.
pub(crate) fn serve_on(listener: TcpListener, address: SocketAddr, router: Router) -> String {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, service).await {
            eprintln!("local: the server on {address} stopped: {error}");
        }
    });
    format!("http://{address}")
}

/// A port that is free now, for a child process that must be told which to use.
pub(crate) async fn free_port() -> Result<u16> {
    let (_listener, address) = listen(0).await?;
    Ok(address.port())
}
