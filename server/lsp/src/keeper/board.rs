//! Where the threads put what they found, and where it becomes one [`Snapshot`].

use super::aligned::aligned;
use crate::lock::lock;
use crate::protocol::lsp_types::Url;
use crate::snapshot::{Checkout, Snapshot, StorePicture};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};
use tokio::sync::watch;

/// Everything that was found last.
#[derive(Debug)]
pub(super) struct Board {
    publish: watch::Sender<Arc<Snapshot>>,
    found: Mutex<Found>,
}

#[derive(Debug, Default)]
struct Found {
    /// As the disk has them: without what the database says.
    checkouts: Vec<Checkout>,
    linked: HashMap<Url, PathBuf>,
    /// What each database says, by the git folder that it is in, with warnings for the user.
    stores: HashMap<PathBuf, (Arc<StorePicture>, Vec<String>)>,
}

impl Board {
    pub(super) fn new(publish: watch::Sender<Arc<Snapshot>>) -> Self {
        Self { publish, found: Mutex::default() }
    }

    /// Publishes what the disk says now.
    pub(super) fn put_checkouts(&self, mut checkouts: Vec<Checkout>, linked: HashMap<Url, PathBuf>) {
        checkouts.sort_by(|a, b| {
            let depth = |checkout: &Checkout| checkout.place.real_root.components().count();
            depth(b).cmp(&depth(a)).then_with(|| a.place.real_root.cmp(&b.place.real_root))
        });
        let mut found = self.found();
        found.stores.retain(|dir, _| checkouts.iter().any(|checkout| checkout.place.common_dir == *dir));
        found.checkouts = checkouts;
        found.linked = linked;
        self.publish(&found);
    }

    /// Publishes what a database says now, once its checkouts are known.
    pub(super) fn put_store(&self, common_dir: &Path, picture: Arc<StorePicture>, notices: Vec<String>) {
        let mut found = self.found();
        found.stores.insert(common_dir.to_owned(), (picture, notices));
        if found.checkouts.iter().any(|checkout| checkout.place.common_dir == *common_dir) {
            self.publish(&found);
        }
    }

    /// Publishes under the lock, so that no older picture comes after a newer one.
    fn publish(&self, found: &Found) {
        let whole = |checkout: &Checkout| {
            let mut whole = checkout.clone();
            if let Some((picture, notices)) = found.stores.get(&checkout.place.common_dir) {
                whole.store = aligned(picture, &checkout.plans);
                whole.notices.extend_from_slice(notices);
            }
            Arc::new(whole)
        };
        let checkouts = found.checkouts.iter().map(whole).collect();
        self.publish.send_replace(Arc::new(Snapshot { checkouts, linked: found.linked.clone() }));
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        lock(&self.found)
    }
}
