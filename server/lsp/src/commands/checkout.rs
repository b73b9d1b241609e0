//! `alfine.restoreCheckout`, `keepCheckout`: what becomes of a change of the user's checkout.

use super::{Commands, arguments::OfTask};
use crate::{protocol::lsp_types::MessageType, wording::capitalized};
use alfine_core::printable::{printable, printable_paths};
use alfine_engine::{Result, requests};
use alfine_words::checkout::listed;
use serde_json::Value;

impl Commands {
    /// Brings the checkout back, and says what was left as it is.
    pub(super) async fn restore_checkout(&self, given: OfTask) -> Result<Value> {
        let key = given.task;
        let place = self.place_of(&key, given.uri.as_ref()).await?;
        let request = requests::RestoreCheckout { task: key.clone(), change: None, confirmed: false };
        let restored = self.drive(&place, &key.to_string(), "alfine.restoreCheckout", request).await?;
        let mut words = match restored.remaining.as_slice() {
            [] => "Your checkout is as it was before.".to_owned(),
            remaining => {
                let remaining = printable(&listed(remaining));
                format!("What could be brought back is; not as before: {remaining}.")
            }
        };
        if !restored.left.files.is_empty() {
            let files = printable_paths(&restored.left.files);
            words.push_str(&format!(" Changed again since, and left as they are: {files}."));
        }
        if !restored.left.others.is_empty() {
            let others = capitalized(&restored.left.others.join(", "));
            words.push_str(&format!(" {} changed again since, too, and stays.", printable(&others)));
        }
        words.push_str(&format!(" As it was just now it is kept: {}.", restored.kept));
        self.editor.tell(MessageType::INFO, &words).await;
        self.where_it_is(&place, key).await
    }

    /// Says no more of the changes.
    pub(super) async fn keep_checkout(&self, given: OfTask) -> Result<Value> {
        let key = given.task;
        let place = self.place_of(&key, given.uri.as_ref()).await?;
        let request = requests::AcceptCheckout { task: key.clone(), change: None };
        self.have_done(&place, key, "alfine.keepCheckout", request).await
    }
}
