//! What a setting of `alfine.toml` means and takes.

use super::page::Page;
use crate::{document::Document, settings_cursor::Outline};
use alfine_config::Setting;
use alfine_core::text::Span;

/// Writes what is known of the key at a byte, and returns its place.
pub(super) fn write(document: &Document, offset: usize, page: &mut Page) -> Option<Span> {
    let outline = Outline::of(&document.text);
    let statement = outline.at(offset)?;
    let at = statement.keys.iter().position(|(_, span)| span.start <= offset && offset <= span.end)?;
    let mut path = outline.path(statement.table);
    path.extend(statement.keys.iter().take(at + 1).map(|(name, _)| name.as_str()));
    let setting = Setting::at(path.iter().copied())?;
    page.paragraph(&page.strong(&path.join(".")));
    page.paragraph(&setting.meaning);
    if setting.table().is_none() {
        let default = setting.default_toml().map_or_else(|| "not set".to_owned(), |it| page.code(&it));
        page.paragraph(&format!("Takes {}. Default: {default}.", setting.takes));
    }
    let explained = setting.words().iter().filter(|it| !it.meaning.is_empty());
    let items: Vec<String> = explained.map(|it| format!("{}: {}", page.code(&it.word), it.meaning)).collect();
    page.list(&items);
    statement.keys.get(at).map(|(_, span)| *span)
}
