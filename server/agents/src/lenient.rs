//! JSON of a shape that another program may change: a value of an unexpected type reads as absent, and takes nothing
//! else of its line with it.
//!
//! Borrows from the line, builds no trees, and skips what it does not need without recursion.

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::{borrow::Cow, fmt, marker::PhantomData};

/// A text, a number, a flag; or nothing, where it is anything else.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Scalar<'a> {
    #[default]
    Absent,
    Flag(bool),
    Whole(i64),
    Number(f64),
    Text(Cow<'a, str>),
}

impl<'a> Scalar<'a> {
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the text, or `""`.
    pub(crate) fn as_str(&self) -> &str {
        self.text().unwrap_or_default()
    }

    pub(crate) fn into_text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn is_true(&self) -> bool {
        *self == Self::Flag(true)
    }

    pub(crate) fn number(&self) -> Option<f64> {
        match *self {
            #[expect(clippy::cast_precision_loss, reason = "amounts and shares, far below 2^52")]
            Self::Whole(number) => Some(number as f64),
            Self::Number(number) => Some(number),
            _ => None,
        }
    }

    pub(crate) fn whole(&self) -> Option<i64> {
        match *self {
            Self::Whole(number) => Some(number),
            #[expect(clippy::cast_possible_truncation, reason = "a cast of a float saturates")]
            Self::Number(number) if number.is_finite() => Some(number as i64),
            _ => None,
        }
    }

    /// Returns a count; 0 where it is absent or negative.
    pub(crate) fn count(&self) -> u64 {
        self.whole().and_then(|number| u64::try_from(number).ok()).unwrap_or_default()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor(PhantomData))
    }
}

struct ScalarVisitor<'a>(PhantomData<&'a str>);

impl<'de: 'a, 'a> Visitor<'de> for ScalarVisitor<'a> {
    type Value = Scalar<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Flag(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Whole(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Scalar::Whole(i64::try_from(value).unwrap_or(i64::MAX)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Scalar::Number(value))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(value)))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Absent)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        skip_items(items).map(|()| Scalar::Absent)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
        skip_entries(entries).map(|()| Scalar::Absent)
    }
}

/// An object; none where it is anything else.
#[derive(Debug, Clone)]
pub(crate) struct Object<T>(pub(crate) Option<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(entries)).map(|value| Object(Some(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        skip_items(items).map(|()| Object(None))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Object(None))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Object(None))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Object(None))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Object(None))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Object(None))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Object(None))
    }
}

/// A list; empty where it is anything else.
#[derive(Debug, Clone)]
pub(crate) struct Items<T>(pub(crate) Vec<T>);

impl<T> Default for Items<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Items<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ItemsVisitor(PhantomData))
    }
}

struct ItemsVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ItemsVisitor<T> {
    type Value = Items<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element()? {
            all.push(item);
        }
        Ok(Items(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
        skip_entries(entries).map(|()| Items::default())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Items::default())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Items::default())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Items::default())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Items::default())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Items::default())
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Items::default())
    }
}

fn skip_items<'de, A: SeqAccess<'de>>(mut items: A) -> Result<(), A::Error> {
    while items.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

fn skip_entries<'de, A: MapAccess<'de>>(mut entries: A) -> Result<(), A::Error> {
    while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

/// Returns the line with invalid UTF-8 and lone halves of surrogate pairs replaced (JavaScript programs that cut a
/// text by UTF-16 units print those); none where there is nothing to replace.
pub(crate) fn repaired(line: &[u8]) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(line);
    let mut fixed = String::with_capacity(text.len());
    let mut changed = matches!(text, Cow::Owned(_));
    let mut rest: &str = &text;
    while let Some((before, escape)) = rest.find('\\').and_then(|at| rest.split_at_checked(at)) {
        fixed.push_str(before);
        let pair =
            matches!((surrogate(escape), escape.get(6..).and_then(surrogate)), (Some(High), Some(Low)));
        let length = match surrogate(escape) {
            Some(_) if pair => 12,
            Some(_) => 6,
            None => 1 + escape.chars().nth(1).map_or(0, char::len_utf8),
        };
        let (escape, after) = escape.split_at_checked(length)?;
        if length == 6 {
            fixed.push_str("\\ufffd");
            changed = true;
        } else {
            fixed.push_str(escape);
        }
        rest = after;
    }
    fixed.push_str(rest);
    changed.then(|| fixed.into_bytes())
}

enum Surrogate {
    High,
    Low,
}
use Surrogate::{High, Low};

/// Returns which half of a surrogate pair the escape at the start of `text` is, if it is one.
fn surrogate(text: &str) -> Option<Surrogate> {
    let unit = u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()?;
    match unit {
        0xd800..=0xdbff => Some(High),
        0xdc00..=0xdfff => Some(Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize, Debug)]
    struct Sample<'a> {
        #[serde(borrow, default)]
        name: Scalar<'a>,
        #[serde(borrow, default)]
        inner: Object<Inner<'a>>,
        #[serde(borrow, default)]
        list: Items<Scalar<'a>>,
    }

    #[derive(Deserialize, Debug)]
    struct Inner<'a> {
        #[serde(borrow, default)]
        size: Scalar<'a>,
    }

    #[test]
    fn values_of_unexpected_types_read_as_absent_and_spare_the_others() {
        for odd in ["null", "true", "1", "-1", "1.5", "\"x\"", "[1,[2]]", "{\"a\":{}}"] {
            let line = format!("{{\"inner\":{odd},\"list\":{odd},\"name\":\"n\"}}");
            let sample: Sample<'_> = serde_json::from_str(&line).unwrap();
            assert_eq!(sample.name.text(), Some("n"), "{line}");
            let line = format!("{{\"name\":{odd},\"inner\":{{\"size\":{odd}}},\"list\":[\"a\",{odd}]}}");
            let sample: Sample<'_> = serde_json::from_str(&line).unwrap();
            assert_eq!(sample.name, sample.inner.0.unwrap().size, "{line}");
            assert_eq!(sample.list.0.len(), 2, "{line}");
        }
    }

    #[test]
    fn numbers_out_of_range_do_not_wrap() {
        assert_eq!(Scalar::Number(1e300).whole(), Some(i64::MAX));
        assert_eq!(Scalar::Number(f64::NAN).whole(), None);
        assert_eq!(Scalar::Whole(-5).count(), 0);
        assert_eq!(
            serde_json::from_str::<Scalar<'_>>("18446744073709551615").unwrap().whole(),
            Some(i64::MAX)
        );
    }

    #[test]
    fn deep_nesting_is_skipped_without_recursion() {
        let deep = format!("{{\"name\":{}{}}}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        let sample: Result<Sample<'_>, _> = serde_json::from_str(&deep);
        assert!(sample.is_ok_and(|sample| sample.name == Scalar::Absent));
    }

    #[test]
    fn only_what_is_broken_is_repaired() {
        assert_eq!(repaired(br#"{"a":"\ud83d\ude00 \\ud83d \n \u00e4"}"#), None);
        assert_eq!(repaired(br#""cut \ud83d""#).unwrap(), br#""cut \ufffd""#);
        assert_eq!(
            repaired(br#""\ude00\ud83dx\ud83d\ud83d\ude00""#).unwrap(),
            br#""\ufffd\ufffdx\ufffd\ud83d\ude00""#
        );
        assert_eq!(repaired(b"\"\xff\"").unwrap(), "\"\u{fffd}\"".as_bytes());
        for hostile in [&b"\\"[..], b"\\u", b"\\ud8", "\\ä\\".as_bytes(), b"\\ud83d\\"] {
            let _ = repaired(hostile);
        }
    }
}
