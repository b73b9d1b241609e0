//! `textDocument/hover`: all that is known of a task or a criterion; what a field or a setting means.

mod page;
mod settings;
mod task;

use crate::protocol::lsp_types::{Hover, HoverContents, HoverParams, MarkupContent, MarkupKind};
use crate::{
    picture::{Picture, PlanView},
    plan_field,
};
use alfine_core::text::Span;
use page::Page;

/// Answers with what is known of the thing at a position.
pub(crate) fn handle(picture: &Picture, params: &HoverParams) -> Option<Hover> {
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

/// Writes what is known at `offset`, and returns the span that it describes if that span fits on one line.
fn of_plan(picture: &Picture, plan: &PlanView<'_>, offset: usize, page: &mut Page) -> Option<Option<Span>> {
    let text = &plan.document.text;
    let seen = plan.task_at(offset);
    let format = plan.plan().format;
    let in_defaults = format.defaults(text).is_some_and(|span| span.start <= offset && offset < span.end);
    if (in_defaults || seen.is_some())
        && let Some((field, name)) = format.field_at(text, offset)
        && (name.start..=name.end).contains(&offset)
    {
        page.paragraph(&page.strong(field.as_str()));
        page.paragraph(&plan_field::meaning(field));
        page.paragraph(&format!("Takes {}.", plan_field::takes(field)));
        return Some(Some(name));
    }
    let seen = seen?;
    let criterion = seen
        .task
        .criteria
        .iter()
        .enumerate()
        .find(|(_, criterion)| criterion.span.start <= offset && offset <= criterion.span.end);
    if let Some((index, criterion)) = criterion {
        task::write_criterion(picture, plan, &seen, index, criterion, page);
        return Some(Some(criterion.span));
    }
    task::write(picture, plan, &seen, page);
    let title = seen.task.title_span;
    Some(Some(title).filter(|title| title.start <= offset && offset <= title.end))
}

#[cfg(test)]
mod tests;
