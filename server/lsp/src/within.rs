//! Waiting for a client's answer, which may never come.

use crate::protocol::jsonrpc::Result;
use std::{future::Future, time::Duration};

/// Waits for a client's answer, on a task of its own: the library must see each answer arrive, also one that nobody waits
/// for any more.
pub(crate) async fn within<T: Send + 'static>(
    time: Duration,
    what: &'static str,
    asking: impl Future<Output = Result<T>> + Send + 'static,
) -> Option<T> {
    match tokio::time::timeout(time, tokio::spawn(asking)).await {
        Ok(Ok(Ok(answer))) => Some(answer),
        Ok(Ok(Err(error))) => {
            tracing::warn!("{what}: the client answered: {error}");
            None
        }
        Ok(Err(error)) => {
            tracing::warn!("{what}: {error}");
            None
        }
        Err(_) => {
            tracing::warn!("{what}: the client did not answer within {} s", time.as_secs());
            None
        }
    }
}
