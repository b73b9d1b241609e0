//! The YAML between `---` lines at a document's start: the plan's defaults, and whether it is a directive.
//!
//! Other tools keep keys of their own there: a key is a problem only where it is close to a known one.

use super::outline::trimmed;
use crate::plan::FieldName;
use crate::plan::fields::Value;
use crate::plan::{Fields, Placed, Problem, ProblemKind};
use crate::text::Span;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use std::{borrow::Cow, fmt};

/// What the front matter says.
#[derive(Debug, Default)]
pub(super) struct FrontMatter {
    pub(super) fields: Fields,
    pub(super) title: Option<String>,
    pub(super) is_directive: bool,
    /// It has an id and a title, as a file has that is one task.
    pub(super) names_task: bool,
    pub(super) problems: Vec<Problem>,
}

/// Finds the YAML of a front matter, and the byte at which the document goes on after it. `start` skips a BOM.
pub(super) fn find(text: &str, start: usize) -> Option<(Span, usize)> {
    let mut at = start;
    let mut yaml = None;
    for line in text.get(start..)?.split_inclusive('\n') {
        let bare = line.trim_end();
        let next = at + line.len();
        match yaml {
            None if bare == "---" => yaml = Some(next),
            // A rule with a blank line below is a rule.
            Some(begin) if begin == at && bare.is_empty() => return None,
            Some(begin) if bare == "---" || bare == "..." => return Some((Span::new(begin, at), next)),
            Some(_) => {}
            None => return None,
        }
        at = next;
    }
    None
}

/// The front matter with the lines around it; `None` if it has no end.
pub(super) fn with_rules(text: &str) -> Option<Span> {
    let start = after_mark(text);
    let (yaml, _) = find(text, start)?;
    let last = text.get(yaml.end..)?.split('\n').next()?.trim_end();
    Some(Span::new(start, yaml.end + last.len()))
}

/// Where a text begins after its byte order mark.
pub(in crate::plan) fn after_mark(text: &str) -> usize {
    if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
}

fn mapping(text: &str, span: Span) -> Result<Vec<(Spanned<String>, Spanned<Yaml>)>, serde_saphyr::Error> {
    let mut options = serde_saphyr::Options::default();
    options.with_snippet = false;
    let entries = serde_saphyr::from_str_with_options::<Option<Mapping>>(span.of(text), options)?;
    Ok(entries.map(|mapping| mapping.0).unwrap_or_default())
}

/// What one key of a front matter says.
#[derive(Debug)]
pub(in crate::plan) struct Entry {
    pub(in crate::plan) key: String,
    /// The texts, as many as stand there.
    pub(in crate::plan) values: Vec<Placed<String>>,
}

/// All that a front matter says, and the byte at which the document goes on after it. `None` if there is none that can be
/// read.
pub(in crate::plan) fn entries(text: &str) -> Option<(Vec<Entry>, usize)> {
    let (yaml, end) = find(text, after_mark(text))?;
    let entry = |(key, value): (Spanned<String>, Spanned<Yaml>)| {
        let values = match &value.value {
            Yaml::List(values) => values.as_slice(),
            Yaml::Null | Yaml::Text(_) | Yaml::Bare | Yaml::Mapping => std::slice::from_ref(&value),
        };
        let placed = |value: &Spanned<Yaml>| {
            let written = value.value.text(text, yaml, value)?;
            Some(Placed { value: written.into_owned(), span: place(text, yaml, value) })
        };
        Entry { key: key.value, values: values.iter().filter_map(placed).collect() }
    };
    Some((mapping(text, yaml).ok()?.into_iter().map(entry).collect(), end))
}

/// Reads the YAML at `span`. What cannot be read is a problem at its place.
pub(super) fn read(text: &str, span: Span) -> FrontMatter {
    let mut matter = FrontMatter::default();
    let entries = match mapping(text, span) {
        Ok(entries) => entries,
        Err(error) => {
            let location = error.location();
            let line = location.map_or(1, |location| location.line());
            let reason = format!("the front matter is not valid YAML: {}", error.without_snippet());
            matter.problems.push(Problem {
                span: line_span(text, span, line),
                kind: ProblemKind::Unreadable { reason },
            });
            return matter;
        }
    };
    let has = |name: &str| entries.iter().any(|(key, _)| key.value == name);
    matter.names_task = has("id") && has("title");
    for (key, value) in entries {
        let key_span = place(text, span, &key);
        let name = key.value;
        if name == "alfine" {
            matter.kind(text, span, &value);
        } else if name == "title" {
            matter.title = value.value.text(text, span, &value).map(|title| title.trim().to_owned());
        } else if name == "status" {
            // Of the whole document: no default of its tasks.
        } else if let Some(field) = FieldName::named(&name) {
            matter.field(field, text, span, &value);
        } else if let Some(near) = FieldName::near(&name) {
            let nearest = Some(near.as_str().to_lowercase().replace(' ', "_"));
            matter
                .problems
                .push(Problem { span: key_span, kind: ProblemKind::UnknownField { name, nearest } });
        }
    }
    matter
}

impl FrontMatter {
    fn kind(&mut self, text: &str, yaml: Span, value: &Spanned<Yaml>) {
        let kind = value.value.text(text, yaml, value).unwrap_or_default();
        match kind.trim() {
            "directive" => self.is_directive = true,
            "plan" => {}
            other => self.problems.push(Problem {
                span: place(text, yaml, value),
                kind: ProblemKind::InvalidField {
                    name: "alfine".to_owned(),
                    expected: "plan or directive".to_owned(),
                    nearest: crate::nearest(other, ["plan", "directive"]).map(str::to_owned),
                },
            }),
        }
    }

    fn field(&mut self, field: FieldName, text: &str, yaml: Span, value: &Spanned<Yaml>) {
        let values = match &value.value {
            Yaml::List(values) => values.as_slice(),
            _ => std::slice::from_ref(value),
        };
        let is_list = matches!(field, FieldName::DependsOn | FieldName::Verify | FieldName::MayChange);
        for value in values {
            let span = place(text, yaml, value);
            let taken = match value.value.text(text, yaml, value) {
                Some(word) if is_list || values.len() == 1 => {
                    self.fields.take(field, &Value { text: word, span })
                }
                None if matches!(value.value, Yaml::Null) => Ok(()),
                _ => Err(ProblemKind::InvalidField {
                    name: field.as_str().to_owned(),
                    expected: if is_list { "a list of texts" } else { "one value" }.to_owned(),
                    nearest: None,
                }),
            };
            if let Err(kind) = taken {
                self.problems.push(Problem { span, kind });
            }
        }
    }
}

/// Where a value stands in the document; the whole front matter where YAML does not say.
fn place<T>(text: &str, yaml: Span, value: &Spanned<T>) -> Span {
    let at = value.referenced.span();
    let span = at.byte_offset().zip(at.byte_len()).and_then(|(offset, len)| {
        let start = yaml.start.checked_add(usize::try_from(offset).ok()?)?;
        Some(Span::new(start, start.checked_add(usize::try_from(len).ok()?)?.min(yaml.end)))
    });
    let span = span.filter(|span| text.get(span.start..span.end).is_some());
    trimmed(text, span.unwrap_or(yaml))
}

/// The one-based line of the YAML, or all of it if it has no such line.
fn line_span(text: &str, yaml: Span, line: u64) -> Span {
    let mut start = yaml.start;
    for (number, raw) in (1..).zip(yaml.of(text).split_inclusive('\n')) {
        if number == line {
            return trimmed(text, Span::new(start, start + raw.len()));
        }
        start += raw.len();
    }
    trimmed(text, yaml)
}

/// The entries of a mapping, in order.
struct Mapping(Vec<(Spanned<String>, Spanned<Yaml>)>);

/// As much of a value as fields need.
enum Yaml {
    Null,
    Text(String),
    /// A number or a truth value: what counts is how it is written.
    Bare,
    List(Vec<Spanned<Yaml>>),
    Mapping,
}

impl Yaml {
    fn text<'t>(&self, text: &'t str, yaml: Span, value: &Spanned<Self>) -> Option<Cow<'t, str>> {
        match self {
            Self::Text(word) => Some(Cow::Owned(word.trim_end().to_owned())),
            Self::Bare => Some(Cow::Borrowed(place(text, yaml, value).of(text))),
            Self::Null | Self::List(_) | Self::Mapping => None,
        }
    }
}

impl<'de> Deserialize<'de> for Mapping {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Mapping;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("lines of the form `key: value`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Mapping, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Mapping(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// The methods of a visitor for which the type alone counts.
macro_rules! of_type {
    ($($visit:ident($($type:ty)?) = $kind:expr,)*) => {
        $(fn $visit<E: de::Error>(self $(, _: $type)?) -> Result<Yaml, E> {
            Ok($kind)
        })*
    };
}

impl<'de> Deserialize<'de> for Yaml {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Yaml;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Yaml, E> {
                Ok(Yaml::Text(text.to_owned()))
            }

            of_type! {
                visit_bool(bool) = Yaml::Bare,
                visit_i64(i64) = Yaml::Bare,
                visit_u64(u64) = Yaml::Bare,
                visit_i128(i128) = Yaml::Bare,
                visit_u128(u128) = Yaml::Bare,
                visit_f64(f64) = Yaml::Bare,
                visit_unit() = Yaml::Null,
                visit_none() = Yaml::Null,
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Yaml, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = list.next_element()? {
                    values.push(value);
                }
                Ok(Yaml::List(values))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Yaml, A::Error> {
                while map.next_entry::<de::IgnoredAny, de::IgnoredAny>()?.is_some() {}
                Ok(Yaml::Mapping)
            }
        }
        deserializer.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matter(text: &str) -> FrontMatter {
        let (yaml, _) = find(text, 0).unwrap();
        read(text, yaml)
    }

    #[test]
    fn front_matter_stands_between_rules_at_the_very_start() {
        assert_eq!(find("---\na: 1\n---\n# T", 0), Some((Span::new(4, 9), 13)));
        assert_eq!(find("---\r\na: 1\r\n...\r\n", 0), Some((Span::new(5, 11), 16)));
        assert_eq!(find("---\n---\n", 0), Some((Span::new(4, 4), 8)));
        for text in
            ["", "---", "---\na: 1\n", "---\n\na: 1\n---\n", "# T\n---\na: 1\n---\n", "----\na: 1\n----\n"]
        {
            assert_eq!(find(text, 0), None, "{text:?}");
        }
    }

    #[test]
    fn the_rules_around_a_front_matter_belong_to_it() {
        for (text, span) in [
            ("---\na: b\n---\n", Some((0, 12))),
            ("\u{feff}---\r\na: b\r\n...", Some((3, 17))),
            ("---\n\n---\n", None),
            ("---\na: b\n", None),
            ("x\n---\n---", None),
            ("", None),
        ] {
            assert_eq!(with_rules(text).map(|span| (span.start, span.end)), span, "{text:?}");
        }
    }

    #[test]
    fn fields_are_read_with_their_places() {
        let text = "---\nagent: codex\nmax_iterations: 7\nmaxCost: 2.50\nsingle task: true\ndepends_on: [US-1, \"US-2\"]\nverify:\n  - cargo test\n  - cargo fmt\npriority:\ntags: {a: [b]}\n---\n";
        let FrontMatter { fields, problems, .. } = matter(text);
        assert_eq!(problems, []);
        let agent = fields.agent.unwrap();
        assert_eq!((agent.value.as_str(), agent.span.of(text)), ("codex", "codex"));
        let limit = fields.max_iterations.unwrap();
        assert_eq!((limit.value, limit.span.of(text)), (7, "7"));
        assert_eq!(fields.max_cost.unwrap().value, 2.5);
        assert!(fields.single_task.unwrap().value);
        let ids: Vec<_> = fields.depends_on.iter().map(|id| (id.value.as_str(), id.span.of(text))).collect();
        assert_eq!(ids, [("US-1", "US-1"), ("US-2", "\"US-2\"")]);
        let commands: Vec<_> = fields.verify.iter().map(|id| (id.value.as_str(), id.span.of(text))).collect();
        assert_eq!(commands, [("cargo test", "cargo test"), ("cargo fmt", "cargo fmt")]);
        assert_eq!(fields.priority, None);
    }

    #[test]
    fn a_directive_and_a_title_are_recognised() {
        let matter = matter("---\nalfine: directive\ntitle: \"Größe\"\n---\n");
        assert!(matter.is_directive);
        assert_eq!(matter.title.as_deref(), Some("Größe"));
    }

    #[test]
    fn what_cannot_be_read_is_a_problem_at_its_line() {
        let text = "---\nagent: codex\nmodel: [unclosed\n---\n";
        let FrontMatter { problems, .. } = matter(text);
        assert!(
            matches!(&problems[..], [Problem { kind: ProblemKind::Unreadable { .. }, .. }]),
            "{problems:?}"
        );
        for text in
            ["---\njust text\n---\n", "---\n- a\n---\n", "---\na: 1\na: 2\n---\n", "---\n\t- x: [\n---\n"]
        {
            let FrontMatter { problems, .. } = matter(text);
            assert_eq!(problems.len(), 1, "{text:?}");
            assert!(matches!(problems[0].kind, ProblemKind::Unreadable { .. }), "{text:?}");
        }
    }

    #[test]
    fn misspelled_keys_and_values_are_problems_and_other_tools_keys_are_not() {
        let text =
            "---\nprioritty: 1\nauthor: me\nisolation: worktre\nagent: [a, b]\nalfine: directiv\n---\n";
        let FrontMatter { problems, .. } = matter(text);
        let at: Vec<_> = problems.iter().map(|problem| problem.span.of(text)).collect();
        assert_eq!(at, ["prioritty", "worktre", "a", "b", "directiv"]);
        assert_eq!(
            problems[0].kind,
            ProblemKind::UnknownField { name: "prioritty".into(), nearest: Some("priority".into()) }
        );
    }
}
