//! The text of a hover, as it is written piece by piece.

use crate::wording;

/// A text in Markdown, or without it for a client that knows none.
pub(super) struct Page {
    pub(super) markdown: bool,
    pub(super) text: String,
}

impl Page {
    /// Somebody else's text.
    pub(super) fn said(&self, text: &str) -> String {
        if self.markdown { wording::markdown(text, 600) } else { wording::line(text, 600) }
    }

    pub(super) fn code(&self, text: &str) -> String {
        if self.markdown { wording::code(text, 300) } else { wording::line(text, 300) }
    }

    pub(super) fn strong(&self, text: &str) -> String {
        if self.markdown { format!("**{}**", wording::markdown(text, 200)) } else { wording::line(text, 200) }
    }

    pub(super) fn paragraph(&mut self, text: &str) {
        if !text.is_empty() {
            self.text.push_str(text);
            self.text.push_str("\n\n");
        }
    }

    pub(super) fn list(&mut self, items: &[String]) {
        for item in items {
            self.text.push_str("- ");
            self.text.push_str(item);
            self.text.push('\n');
        }
        if !items.is_empty() {
            self.text.push('\n');
        }
    }

    /// What a tool printed.
    pub(super) fn block(&mut self, output: &str) {
        let output = wording::plain(output, 2000);
        if output.is_empty() || !self.markdown {
            return self.paragraph(&output);
        }
        let fence = wording::fence(&output, 3);
        self.paragraph(&format!("{fence}text\n{output}\n{fence}"));
    }

    /// A table; cells are as they are to be shown.
    pub(super) fn table(&mut self, head: [&str; 3], rows: &[[String; 3]]) {
        if self.markdown {
            self.text.push_str(&format!("| {} |\n|---|---|---|\n", head.join(" | ")));
            for row in rows {
                self.text.push_str(&format!("| {} |\n", row.join(" | ")));
            }
        } else {
            let width = |column: usize| {
                rows.iter()
                    .filter_map(|row| row.get(column))
                    .map(|cell| cell.chars().count())
                    .max()
                    .unwrap_or(0)
            };
            let (first, second) = (width(0), width(1));
            for [a, b, c] in rows {
                self.text.push_str(format!("{a:first$}  {b:second$}  {c}").trim_end());
                self.text.push('\n');
            }
        }
        self.text.push('\n');
    }
}
