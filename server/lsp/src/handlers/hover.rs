//! `textDocument/hover`: all that is known of a task or a criterion; what a field or a setting means.

mod settings;
mod task;

use crate::{
    picture::{Picture, PlanView},
    plan_field, wording,
};
use alfine_core::text::Span;
use tower_lsp::lsp_types::{Hover, HoverContents, HoverParams, MarkupContent, MarkupKind};

/// Answers with what is known of the thing at a position.
pub fn handle(picture: &Picture, params: &HoverParams) -> Option<Hover> {
    let at = &params.text_document_position_params;
    let uri = &at.text_document.uri;
    let document = picture.document(uri)?;
    if usize::try_from(at.position.line).ok()? >= document.lines.count() {
        return None;
    }
    let offset = document.offset(at.position, picture.client.encoding);
    let mut page = Page { markdown: picture.client.markdown, text: String::new() };
    let span = match picture.plan(uri) {
        Some(plan) => of_plan(picture, &plan, offset, &mut page)?,
        None if picture.is_settings(uri) => Some(settings::write(document, offset, &mut page)?),
        None => return None,
    };
    let kind = if page.markdown { MarkupKind::Markdown } else { MarkupKind::PlainText };
    Some(Hover {
        contents: HoverContents::Markup(MarkupContent { kind, value: page.text.trim_end().to_owned() }),
        range: span.map(|span| document.range(span, picture.client.encoding)),
    })
}

/// Writes what is known at a byte of a plan, and returns what of the text that is about, where that is a line or less.
fn of_plan(picture: &Picture, plan: &PlanView<'_>, offset: usize, page: &mut Page) -> Option<Option<Span>> {
    let text = &plan.document.text;
    let seen = plan.task_at(offset);
    let in_front_matter =
        plan_field::front_matter(text).is_some_and(|span| span.start <= offset && offset < span.end);
    if in_front_matter || seen.is_some() {
        let start = text.get(..offset)?.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let line = text.get(start..)?.split(['\n', '\r']).next().unwrap_or_default();
        if let Some((field, name)) = plan_field::named_by(line)
            && (start + name.start..=start + name.end).contains(&offset)
        {
            page.paragraph(&page.strong(field.as_str()));
            page.paragraph(plan_field::meaning(field));
            page.paragraph(&format!("Takes {}.", plan_field::takes(field)));
            return Some(Some(Span::new(start + name.start, start + name.end)));
        }
    }
    let seen = seen?;
    let criterion = seen
        .task
        .criteria
        .iter()
        .enumerate()
        .find(|(_, criterion)| criterion.span.start <= offset && offset <= criterion.span.end);
    if let Some((index, criterion)) = criterion {
        task::write_criterion(picture, &seen, index, criterion, page);
        return Some(Some(criterion.span));
    }
    task::write(picture, plan, &seen, page);
    let title = seen.task.title_span;
    Some(Some(title).filter(|title| title.start <= offset && offset <= title.end))
}

/// A text in Markdown, or without it for a client that knows none.
struct Page {
    markdown: bool,
    text: String,
}

impl Page {
    /// Somebody else's text.
    fn said(&self, text: &str) -> String {
        if self.markdown { wording::markdown(text, 600) } else { wording::line(text, 600) }
    }

    fn code(&self, text: &str) -> String {
        if self.markdown { wording::code(text, 300) } else { wording::line(text, 300) }
    }

    fn strong(&self, text: &str) -> String {
        if self.markdown { format!("**{}**", wording::markdown(text, 200)) } else { wording::line(text, 200) }
    }

    fn paragraph(&mut self, text: &str) {
        if !text.is_empty() {
            self.text.push_str(text);
            self.text.push_str("\n\n");
        }
    }

    fn list(&mut self, items: &[String]) {
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
    fn block(&mut self, output: &str) {
        let output = wording::plain(output, 2000);
        if output.is_empty() || !self.markdown {
            return self.paragraph(&output);
        }
        let longest = output.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        self.paragraph(&format!("{fence}text\n{output}\n{fence}"));
    }

    /// A table; cells are as they are to be shown.
    fn table(&mut self, head: [&str; 3], rows: &[[String; 3]]) {
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

#[cfg(test)]
mod tests;
