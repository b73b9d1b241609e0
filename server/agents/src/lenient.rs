//! JSON of a shape that another program may change: a value of an unexpected type reads as absent, and takes nothing
//! else of its line with it.
//!
//! Borrows from the line, builds no trees, and skips what it does not need without recursion.

use alfine_core::surrogates::without_lone_surrogates;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::{borrow::Cow, collections::HashMap};

/// An object whose values are read when they are asked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Object<'a>(#[serde(borrow)] HashMap<String, &'a RawValue>);

impl<'a> Object<'a> {
    /// Reads a line; `None` if it is no object.
    pub(crate) fn read(line: &'a str) -> Option<Self> {
        serde_json::from_str(line).ok()
    }

    fn get<T: Deserialize<'a>>(&self, name: &str) -> Option<T> {
        self.0.get(name).and_then(|value| serde_json::from_str(value.get()).ok())
    }

    /// Says whether there is a value of any type but `null`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| value.get() != "null")
    }

    /// Returns the text; empty where it is none.
    pub(crate) fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_default()
    }

    /// Returns the text of the first of these values that is one.
    pub(crate) fn first_text(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.get(name))
    }

    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.get(name) == Some(true)
    }

    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        self.get(name)
    }

    pub(crate) fn whole(&self, name: &str) -> Option<i64> {
        #[expect(clippy::cast_possible_truncation, reason = "a cast of a float saturates")]
        self.get(name).or_else(|| self.number(name).map(|number| number as i64))
    }

    /// Returns a count; 0 where it is absent or negative.
    pub(crate) fn count(&self, name: &str) -> u64 {
        self.whole(name).and_then(|number| u64::try_from(number).ok()).unwrap_or_default()
    }

    pub(crate) fn object(&self, name: &str) -> Option<Object<'a>> {
        self.get(name)
    }

    /// Returns the items of a list that have this type.
    pub(crate) fn items<T: Deserialize<'a>>(&self, name: &str) -> impl Iterator<Item = T> {
        let items: Vec<&'a RawValue> = self.get(name).unwrap_or_default();
        items.into_iter().filter_map(|item| serde_json::from_str(item.get()).ok())
    }

    /// Returns those of its values that are objects.
    pub(crate) fn objects(&self) -> impl Iterator<Item = Object<'a>> {
        self.0.values().filter_map(|value| serde_json::from_str(value.get()).ok())
    }
}

/// Returns a line's text with invalid UTF-8 and lone halves of surrogate pairs replaced (JavaScript programs that cut a
/// text by UTF-16 units print those).
pub(crate) fn repaired(line: &[u8]) -> Cow<'_, str> {
    match without_lone_surrogates(line) {
        Some(fixed) => Cow::Owned(String::from_utf8_lossy(&fixed).into_owned()),
        None => String::from_utf8_lossy(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_unexpected_types_read_as_absent_and_spare_the_others() {
        for odd in ["null", "true", "1", "-1", "1.5", "\"x\"", "[1,[2]]", "{\"a\":{}}"] {
            let line = format!("{{\"inner\":{odd},\"list\":{odd},\"name\":\"n\"}}");
            let sample = Object::read(&line).unwrap();
            assert_eq!(sample.text("name"), "n", "{line}");
            assert_eq!(sample.object("inner").is_some(), odd.starts_with('{'), "{line}");
            assert_eq!(sample.items::<Object<'_>>("list").count(), 0, "{line}");
            let line = format!("{{\"name\":{odd},\"inner\":{{\"size\":{odd}}},\"list\":[\"a\",{odd}]}}");
            let sample = Object::read(&line).unwrap();
            let inner = sample.object("inner").unwrap();
            assert_eq!(sample.text("name"), inner.text("size"), "{line}");
            assert_eq!(sample.has("name"), odd != "null", "{line}");
            assert_eq!(sample.number("name"), inner.number("size"), "{line}");
            assert_eq!(sample.number("name"), odd.parse().ok(), "{line}");
            assert_eq!(sample.items::<String>("list").next().as_deref(), Some("a"), "{line}");
        }
    }

    #[test]
    fn numbers_out_of_range_do_not_wrap() {
        let sample = Object::read(r#"{"a":1e300,"b":-1e999,"c":-5,"d":18446744073709551615}"#).unwrap();
        assert_eq!((sample.whole("a"), sample.whole("b")), (Some(i64::MAX), None));
        assert_eq!((sample.count("c"), sample.whole("d")), (0, Some(i64::MAX)));
    }

    #[test]
    fn deep_nesting_is_skipped_without_recursion() {
        let deep = format!("{{\"name\":{}{}}}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert!(Object::read(&deep).is_some_and(|sample| sample.text("name").is_empty()));
    }

    #[test]
    fn only_what_is_broken_is_repaired() {
        assert!(matches!(repaired(br#"{"a":"\ud83d\ude00 \\ud83d"}"#), Cow::Borrowed(_)));
        assert_eq!(repaired(br#""cut \ud83d""#), r#""cut \ufffd""#);
        assert_eq!(repaired(b"\"\xff \\ude00\""), "\"\u{fffd} \\ufffd\"");
    }
}
