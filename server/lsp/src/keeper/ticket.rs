//! Work that waits until everybody who has a part in it is through.

use std::sync::{Arc, Mutex, PoisonError};

/// Something that is done when the last who has a part in it is through with it, however that ends.
pub(super) type Ticket = Arc<AtEnd>;

pub(super) struct AtEnd(Mutex<Option<Box<dyn FnOnce() + Send>>>);

impl AtEnd {
    pub(super) fn new(work: impl FnOnce() + Send + 'static) -> Ticket {
        Arc::new(Self(Mutex::new(Some(Box::new(work)))))
    }
}

impl std::fmt::Debug for AtEnd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AtEnd")
    }
}

impl Drop for AtEnd {
    fn drop(&mut self) {
        if let Some(work) = self.0.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            work();
        }
    }
}
