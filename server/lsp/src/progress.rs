//! How far something is, as a client shows it with a way to call it off.

use crate::protocol::{
    Client,
    lsp_types::{
        NumberOrString, ProgressParams, ProgressParamsValue, WorkDoneProgress, WorkDoneProgressBegin,
        WorkDoneProgressCreateParams, WorkDoneProgressEnd, WorkDoneProgressReport,
        notification::Progress as Told, request::WorkDoneProgressCreate,
    },
};
use crate::within::within;
use std::time::Duration;
use tokio::sync::watch;

/// How long a client has to accept a progress.
const ACCEPT: Duration = Duration::from_secs(10);

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Step {
    /// What goes on.
    pub message: String,
    /// How much of it is done.
    pub percentage: u32,
}

/// Reports a progress until nobody sends steps any more.
pub(crate) async fn tell(
    client: Client,
    token: NumberOrString,
    title: String,
    mut steps: watch::Receiver<Step>,
) {
    let (asking, create) = (client.clone(), WorkDoneProgressCreateParams { token: token.clone() });
    let accepting =
        within(
            ACCEPT,
            "a progress",
            async move { asking.send_request::<WorkDoneProgressCreate>(create).await },
        );
    tokio::pin!(accepting);
    loop {
        tokio::select! {
            accepted = &mut accepting => match accepted {
                Some(()) => break,
                None => return,
            },
            // A progress that ends before the client accepted it was never begun, so it needs no end either.
            changed = steps.changed() => if changed.is_err() { return },
        }
    }
    let send = |value: WorkDoneProgress| {
        let value = ProgressParamsValue::WorkDone(value);
        client.send_notification::<Told>(ProgressParams { token: token.clone(), value })
    };
    let first = steps.borrow_and_update().clone();
    send(WorkDoneProgress::Begin(WorkDoneProgressBegin {
        title,
        cancellable: Some(true),
        message: Some(first.message),
        percentage: Some(first.percentage),
    }))
    .await;
    while steps.changed().await.is_ok() {
        let Step { message, percentage } = steps.borrow_and_update().clone();
        send(WorkDoneProgress::Report(WorkDoneProgressReport {
            cancellable: Some(true),
            message: Some(message),
            percentage: Some(percentage),
        }))
        .await;
    }
    send(WorkDoneProgress::End(WorkDoneProgressEnd { message: None })).await;
}
