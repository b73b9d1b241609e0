//! Titles of suites, by how far the lines are indented.

/// The titles that lie around the next test.
#[derive(Debug, Default)]
pub(super) struct Titles(Vec<(usize, String)>);

/// How deep suites lie in one another.
const DEPTH: usize = 32;

impl Titles {
    /// Takes a title that stands at this place of its line.
    pub(super) fn open(&mut self, indent: usize, title: &str) {
        self.close(indent);
        if self.0.len() < DEPTH {
            self.0.push((indent, title.to_owned()));
        }
    }

    /// Closes what does not lie around a line with this indent.
    pub(super) fn close(&mut self, indent: usize) {
        self.0.retain(|(outer, _)| *outer < indent);
    }

    /// The innermost title, if it stands at this place.
    pub(super) fn at(&self, indent: usize) -> Option<&str> {
        self.0.iter().find(|(at, _)| *at == indent).map(|(_, title)| title.as_str())
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// A test's name with the titles around it.
    pub(super) fn name(&self, indent: usize, test: &str, separator: &str) -> String {
        let titles = self.0.iter().filter(|(outer, _)| *outer < indent).map(|(_, title)| title.as_str());
        titles.chain([test]).collect::<Vec<_>>().join(separator)
    }
}
