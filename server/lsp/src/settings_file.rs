//! `alfine.toml` as a document: what is wrong with it, as its buffer has it.

use crate::document::Document;
use alfine_config::{ConfigProblem, Layer, Layers, Source};
use alfine_core::text::Span;

/// Finds what is wrong with the repository's settings file. Spans do not count a byte order mark.
pub(crate) fn problems(document: &Document) -> Vec<ConfigProblem> {
    let source = Source::of_text("alfine.toml", document.text.as_str());
    let layers = Layers { repository: Some(source), ..Layers::default() };
    let problems = alfine_config::load_what_is_valid(&layers).problems;
    problems.into_iter().filter(|problem| problem.layer == Layer::Repository).collect()
}

/// Where a problem is in a document: its span does not count a byte order mark.
pub(crate) fn span_of(document: &Document, problem: &ConfigProblem) -> Option<Span> {
    let mark = document.text.len() - document.text.trim_start_matches('\u{feff}').len();
    problem.span.map(|span| Span::new(span.start + mark, span.end + mark))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::lsp_types::Url;

    #[test]
    fn a_buffers_problems_are_placed_in_it() {
        let text = "\u{feff}agnet = \"claude\"\n[limits]\niterations = 51\n";
        let document = Document::new(Url::parse("file:///r/alfine.toml").unwrap(), Some(1), text.to_owned());
        let found = problems(&document);
        let shown: Vec<_> = found
            .iter()
            .map(|problem| (problem.key.as_str(), problem.span.unwrap().start, problem.suggestion.as_deref()))
            .collect();
        assert_eq!(shown, [("agnet", 0, Some("agent")), ("limits.iterations", 39, None)]);
    }
}
