//! Which field a line of a Markdown plan names: what hover says and completion replaces.

use crate::plan::FieldName;
use crate::text::Span;

/// The field that the line at a byte of the document names, and where its name stands.
pub(super) fn field_at(text: &str, offset: usize) -> Option<(FieldName, Span)> {
    let start = text.get(..offset)?.rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let line = text.get(start..)?.split(['\n', '\r']).next().unwrap_or_default();
    let (before, _) = line.split_once(':')?;
    let name = before.trim_start_matches([' ', '\t', '-', '+', '*', '_', '>']);
    let indent = before.len() - name.len();
    let name = name.trim_end_matches([' ', '\t', '*', '_']);
    let start = start + indent;
    Some((FieldName::named(name)?, Span::new(start, start + name.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_a_field_also_in_a_list_or_in_bold() {
        for (line, named) in [
            ("Depends on: US-1", Some((FieldName::DependsOn, "Depends on"))),
            ("- **Max cost**: 2", Some((FieldName::MaxCost, "Max cost"))),
            ("  max_iterations: 3", Some((FieldName::MaxIterations, "max_iterations"))),
            ("See: this", None),
            ("no colon", None),
        ] {
            let text = format!("Priority: 1\r\n{line}\nPriority: 2");
            let found = field_at(&text, 13 + line.len());
            assert_eq!(found.map(|(field, span)| (field, span.of(&text))), named, "{line}");
        }
    }
}
