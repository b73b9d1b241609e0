//! Documents: the texts a client has open, and plans as they lie on the disk.
//!
//! A version of a document never changes; a change creates the next version. Each text is parsed once.

use crate::lock::lock;
use crate::position::{Encoding, Lines};
use crate::protocol::lsp_types::{Position, Range, TextDocumentContentChangeEvent, Url};
use alfine_core::{
    detect::Detection,
    lint::{self, Checks, Lint, LintOptions},
    plan::{self, Plan},
    text::Span,
};
use std::{
    borrow::Cow,
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock},
};

/// One version of a document.
#[derive(Debug)]
pub struct Document {
    /// Its name, as the client writes it.
    pub uri: Url,
    /// The path of the file, as the client names it; `None` for a document that is not a file.
    pub path: Option<PathBuf>,
    /// The client's number of this version; `None` if the document is not open.
    pub version: Option<i32>,
    /// The client's number of the version that was opened or saved last.
    pub saved_version: Option<i32>,
    /// The text.
    pub text: String,
    /// Its lines.
    pub lines: Lines,
    plan: OnceLock<Plan>,
    lints: Mutex<Option<(LintOptions, Checks, Arc<[Lint]>)>>,
    detection: Mutex<Option<(Arc<LintOptions>, Arc<Detection>)>>,
}

impl Document {
    /// Makes a version of a document.
    pub fn new(uri: Url, version: Option<i32>, text: String) -> Self {
        Self {
            path: uri.to_file_path().ok(),
            uri,
            version,
            saved_version: version,
            lines: Lines::new(&text),
            text,
            plan: OnceLock::new(),
            lints: Mutex::new(None),
            detection: Mutex::new(None),
        }
    }

    /// Creates the next version: the changes are made one after another, each in the text that the change before it
    /// left.
    pub fn changed(
        &self,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
        encoding: Encoding,
    ) -> Self {
        let mut next = Self::new(self.uri.clone(), Some(version), self.text.clone());
        for change in changes {
            let text = match change.range {
                None => change.text,
                Some(range) => {
                    let span = next.span(range, encoding);
                    next.text.replace_range(span.start..span.end, &change.text);
                    next.text
                }
            };
            next = Self::new(next.uri, next.version, text);
        }
        Self { saved_version: self.saved_version, ..next }
    }

    /// Makes the same version, now that it is saved.
    pub(crate) fn saved(&self) -> Self {
        let same = Self::new(self.uri.clone(), self.version, self.text.clone());
        Self { plan: self.plan.clone(), ..same }
    }

    /// Says whether this is the version that was opened or saved last.
    pub(crate) fn is_as_saved(&self) -> bool {
        self.version == self.saved_version
    }

    /// Makes it a document that is written in a format.
    #[cfg(test)]
    pub(crate) fn written_in(self, format: &'static dyn plan::PlanFormat) -> Self {
        let plan = Plan { format, ..format.parse(&self.text) };
        Self { plan: plan.into(), ..self }
    }

    /// The text, read as a plan.
    pub fn plan(&self) -> &Plan {
        self.plan.get_or_init(|| plan::read(&self.name(), &self.text))
    }

    /// The path by which the text's format is known.
    fn name(&self) -> Cow<'_, str> {
        self.path.as_ref().map_or(Cow::Borrowed(self.uri.path()), |path| path.to_string_lossy())
    }

    /// What is to be said of the text as a plan; `checks` is what its checks would be run with.
    pub(crate) fn lints(&self, options: &LintOptions, checks: &Checks) -> Arc<[Lint]> {
        let mut kept = lock(&self.lints);
        if let Some((with, and, lints)) = kept.as_ref()
            && (with, and) == (options, checks)
        {
            return lints.clone();
        }
        let lints: Arc<[Lint]> = lint::lint(&self.text, self.plan(), options, checks).into();
        *kept = Some((options.clone(), checks.clone(), lints.clone()));
        lints
    }

    /// What the tasks of the text, read as a plan, were found to depend on.
    pub(crate) fn detection(&self, options: &Arc<LintOptions>) -> Arc<Detection> {
        let mut kept = lock(&self.detection);
        if let Some((with, detection)) = kept.as_ref()
            && (Arc::ptr_eq(with, options) || with == options)
        {
            return Arc::clone(detection);
        }
        let detection = Arc::new(Detection::new(&self.text, self.plan(), options));
        *kept = Some((Arc::clone(options), Arc::clone(&detection)));
        detection
    }

    /// The range of a span, as the client counts.
    pub(crate) fn range(&self, span: Span, encoding: Encoding) -> Range {
        self.lines.range(&self.text, span, encoding)
    }

    /// The bytes of a range.
    pub fn span(&self, range: Range, encoding: Encoding) -> Span {
        self.lines.span(&self.text, range, encoding)
    }

    /// The byte of a position.
    pub fn offset(&self, position: Position, encoding: Encoding) -> usize {
        self.lines.offset(&self.text, position, encoding)
    }
}

/// The open documents.
pub(crate) type Documents = HashMap<Url, Arc<Document>>;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn document(text: &str) -> Document {
        Document::new(Url::parse("file:///r/PLAN.md").unwrap(), Some(1), text.to_owned())
    }

    fn change(from: (u32, u32), to: (u32, u32), text: &str) -> TextDocumentContentChangeEvent {
        TextDocumentContentChangeEvent {
            range: Some(Range::new(Position::new(from.0, from.1), Position::new(to.0, to.1))),
            range_length: None,
            text: text.to_owned(),
        }
    }

    #[test]
    fn changes_apply_one_after_another() {
        let changes =
            vec![change((0, 1), (0, 1), "ä\n"), change((1, 0), (1, 1), "𝄞"), change((9, 9), (9, 9), "!")];
        let next = document("abc").changed(2, changes, Encoding::Utf16);
        assert_eq!((next.text.as_str(), next.version), ("aä\n𝄞c!", Some(2)));
        let whole =
            TextDocumentContentChangeEvent { range: None, range_length: None, text: "new".to_owned() };
        assert_eq!(next.changed(3, vec![whole], Encoding::Utf16).text, "new");
    }

    #[test]
    fn a_version_is_as_saved_until_the_next_one_is() {
        let opened = document("abc");
        assert!(opened.is_as_saved());
        let next = opened.changed(2, vec![change((0, 0), (0, 0), "x")], Encoding::Utf16);
        assert!(!next.is_as_saved());
        let saved = next.saved();
        assert_eq!((saved.is_as_saved(), saved.text.as_str(), saved.version), (true, "xabc", Some(2)));
        assert!(!saved.changed(3, Vec::new(), Encoding::Utf16).is_as_saved());
    }

    #[test]
    fn the_findings_are_those_of_the_options_that_are_asked_with() {
        let document = document("### US-001: Add a table\n\nIt stores codes.\n");
        let large = |options: &LintOptions| {
            document
                .lints(options, &Checks::default())
                .iter()
                .any(|lint| lint.code == lint::LintCode::TaskTooLarge)
        };
        let strict = LintOptions { max_words: 1, ..LintOptions::default() };
        assert!(!large(&LintOptions::default()));
        assert!(large(&strict));
        assert!(!large(&LintOptions::default()));
    }

    proptest! {
        #[test]
        fn lines_are_those_of_the_text_after_any_change(
            text in "[aä𝄞\r\n]{0,20}", edits in prop::collection::vec(((0u32..6, 0u32..6), (0u32..6, 0u32..6), "[bü\n\r]{0,4}"), 0..6)
        ) {
            let changes = edits.iter().map(|(from, to, text)| change(*from, *to, text)).collect();
            let next = document(&text).changed(2, changes, Encoding::Utf16);
            prop_assert_eq!(&next.lines, &Lines::new(&next.text));
        }
    }
}
