//! A JSON document with the place of each value. The only file that knows the JSON library.
//!
//! Comments and trailing commas are read as well: some tools write them, and every edit leaves them.

use crate::plan::markdown::after_mark;
use crate::plan::model::{Problem, ProblemKind};
use crate::text::Span;
use jsonc_parser::ast::{Object, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use std::borrow::Cow;

/// A value, read.
#[derive(Debug)]
pub(super) struct Json<'t> {
    value: Option<Value<'t>>,
    at: usize,
}

/// A value of a document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'j, 't> {
    value: &'j Value<'t>,
    /// Where what was read begins in the document.
    at: usize,
}

impl<'t> Json<'t> {
    /// Reads a whole document.
    pub(super) fn read(text: &'t str) -> Result<Self, Problem> {
        Self::read_at(text, Span::new(after_mark(text), text.len()))
    }

    /// Reads the value that stands at `span`.
    pub(super) fn read_at(text: &'t str, span: Span) -> Result<Self, Problem> {
        let options = ParseOptions {
            allow_loose_object_property_names: false,
            allow_missing_commas: false,
            allow_single_quoted_strings: false,
            allow_extended_string_escapes: false,
            ..ParseOptions::default()
        };
        let read = parse_to_ast(span.of(text), &CollectOptions::default(), &options);
        let value = read.map(|read| read.value).map_err(|error| {
            let range = error.range();
            // An end that is missing has no width.
            let place = |at: usize| text.floor_char_boundary((span.start + at).min(span.end));
            let reason = format!("this is not valid JSON: {}", error.kind());
            Problem {
                span: Span::new(place(range.start), place(range.end.max(range.start))),
                kind: ProblemKind::Unreadable { reason },
            }
        })?;
        Ok(Self { value, at: span.start })
    }

    pub(super) fn root(&self) -> Option<Node<'_, 't>> {
        self.value.as_ref().map(|value| Node { value, at: self.at })
    }
}

impl<'j, 't> Node<'j, 't> {
    fn object(self) -> Option<&'j Object<'t>> {
        self.value.as_object()
    }

    pub(super) fn is_object(self) -> bool {
        self.object().is_some()
    }

    pub(super) fn is_null(self) -> bool {
        self.value.as_null_keyword().is_some()
    }

    pub(super) fn is_number(self) -> bool {
        self.value.as_number_lit().is_some()
    }

    /// Where it stands, with its quotes or brackets.
    pub(super) fn span(self) -> Span {
        let range = self.value.range();
        Span::new(self.at + range.start, self.at + range.end)
    }

    /// Where its text stands: what is between the quotes of a string.
    pub(super) fn inner(self) -> Span {
        let span = self.span();
        if self.value.as_string_lit().is_some() { Span::new(span.start + 1, span.end - 1) } else { span }
    }

    /// The value of the first of these keys that is there; of two that are equal the last one counts.
    pub(super) fn get(self, keys: &[&str]) -> Option<Self> {
        let properties = &self.object()?.properties;
        let of = |key: &&str| properties.iter().rev().find(|property| property.name.as_str() == *key);
        keys.iter().find_map(of).map(|property| Node { value: &property.value, at: self.at })
    }

    /// The keys and values of an object.
    pub(super) fn entries(self) -> impl Iterator<Item = (&'j str, Self)> {
        let properties = self.object().map(|object| object.properties.as_slice()).unwrap_or_default();
        properties
            .iter()
            .map(move |property| (property.name.as_str(), Node { value: &property.value, at: self.at }))
    }

    /// The elements of a list, if it is one.
    pub(super) fn elements(self) -> Option<impl DoubleEndedIterator<Item = Self> + ExactSizeIterator> {
        let array = self.value.as_array()?;
        Some(array.elements.iter().map(move |value| Node { value, at: self.at }))
    }

    pub(super) fn truth(self) -> Option<bool> {
        self.value.as_boolean_lit().map(|literal| literal.value)
    }

    /// The text of a string, of a number as it is written.
    pub(super) fn text(self) -> Option<Cow<'j, str>> {
        match self.value {
            Value::StringLit(literal) => Some(Cow::Borrowed(literal.value.as_ref())),
            Value::NumberLit(literal) => Some(Cow::Borrowed(literal.value)),
            Value::BooleanLit(_) | Value::Object(_) | Value::Array(_) | Value::NullKeyword(_) => None,
        }
    }
}
