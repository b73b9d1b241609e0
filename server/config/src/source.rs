//! One configuration file: its bytes, and what they say with the place of each key.

use alfine_core::text::{LineIndex, Span};
use alfine_files::plain_file;
use serde_json::{Map, Number, Value};
use std::{
    collections::HashMap,
    io::{self, Read},
    path::{Path, PathBuf},
};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// The largest file that is read, in bytes. A thousand times what anybody writes.
const LARGEST: u64 = 1024 * 1024;
/// Longer paths, in bytes, are no setting's; under one long name many keys would take gigabytes.
const LONGEST_PATH: usize = 500;

/// A configuration file as it was found, or as an editor holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The path of the file.
    pub path: PathBuf,
    content: Result<Vec<u8>, String>,
}

impl Source {
    /// Takes a text for the file's content, such as an editor's unsaved buffer.
    pub fn of_text(path: impl Into<PathBuf>, text: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), content: Ok(text.into()) }
    }

    /// Reads a file; `None` if there is no file. An error of reading is reported when the settings are loaded.
    pub fn read(path: &Path) -> Option<Self> {
        let content = match read_bounded(path) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return None;
            }
            read => read.map_err(|error| format!("cannot be read: {error}")),
        };
        Some(Self { path: path.to_owned(), content })
    }

    pub(super) fn parse(&self) -> Result<Values, Unreadable> {
        let bytes = self.content.as_deref().map_err(|reason| Unreadable::whole(reason.clone()))?;
        if bytes.len() as u64 > LARGEST {
            return Err(Unreadable::whole(format!("is larger than {LARGEST} bytes")));
        }
        let text = match str::from_utf8(bytes) {
            Ok(text) => text.trim_start_matches('\u{feff}'),
            Err(error) => {
                let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let valid = str::from_utf8(valid).unwrap_or_default();
                let place = Text::new(valid).place(Span::new(valid.len(), valid.len() + 1));
                return Err(Unreadable { message: "is not UTF-8 here".to_owned(), place: Some(place) });
            }
        };
        let text = Text::new(text);
        let table = DeTable::parse(&text.text).map_err(|error| Unreadable {
            message: format!("is not TOML: {}", error.message()),
            place: error.span().map(|span| text.place(span.into())),
        })?;
        let mut places = HashMap::new();
        let tree = table_of(table.get_ref(), "", &mut places);
        Ok(Values { tree, places: Places { keys: places, text } })
    }
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    plain_file::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What a layer says, and where it says it.
#[derive(Debug, Clone)]
pub(super) struct Values {
    pub(super) tree: Map<String, Value>,
    pub(super) places: Places,
}

/// Where a file says its settings.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// By the dotted path of [`child`] and [`element`].
    keys: HashMap<String, KeyPlace>,
    text: Text,
}

#[derive(Debug, Clone, Copy)]
struct KeyPlace {
    key: Span,
    value: Span,
}

impl Places {
    /// Returns where the key of this path stands; an element of a list is its own key.
    pub(super) fn key(&self, path: &str) -> Option<Place> {
        self.keys.get(path).map(|place| self.text.place(place.key))
    }

    /// Returns where the value of this path stands.
    pub(super) fn value(&self, path: &str) -> Option<Place> {
        self.keys.get(path).map(|place| self.text.place(place.value))
    }
}

/// A place in a file; bytes do not count a byte order mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) span: Span,
    /// One-based, in characters.
    pub(super) line_column: (usize, usize),
}

/// Lines and columns are counted only where they are asked for: a hostile file has many keys on one line.
#[derive(Debug, Clone)]
struct Text {
    text: String,
    lines: LineIndex,
}

impl Text {
    fn new(text: &str) -> Self {
        Self { lines: LineIndex::new(text), text: text.to_owned() }
    }

    fn place(&self, span: Span) -> Place {
        Place { span, line_column: self.lines.line_column(&self.text, span.start) }
    }
}

/// Why a file says nothing.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) message: String,
    pub(super) place: Option<Place>,
}

impl Unreadable {
    fn whole(message: String) -> Self {
        Self { message, place: None }
    }
}

/// Returns the dotted path of a key in the table at `path`.
pub(super) fn child(path: &str, key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let key = if bare { key.to_owned() } else { format!("{key:?}") };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

/// Returns the path of an element of the array at `path`.
pub(super) fn element(path: &str, index: usize) -> String {
    format!("{path}[{index}]")
}

// Nesting is bounded by the TOML parser.
fn table_of(table: &DeTable<'_>, path: &str, places: &mut HashMap<String, KeyPlace>) -> Map<String, Value> {
    let mut map = Map::new();
    for (key, value) in table {
        let path = child(path, key.get_ref());
        note(places, &path, KeyPlace { key: key.span().into(), value: value.span().into() });
        map.insert(key.get_ref().to_string(), value_of(value, &path, places));
    }
    map
}

fn note(places: &mut HashMap<String, KeyPlace>, path: &str, place: KeyPlace) {
    if path.len() <= LONGEST_PATH {
        places.insert(path.to_owned(), place);
    }
}

fn value_of(value: &Spanned<DeValue<'_>>, path: &str, places: &mut HashMap<String, KeyPlace>) -> Value {
    match value.get_ref() {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Boolean(truth) => Value::Bool(*truth),
        DeValue::Integer(digits) => integer(digits.as_str(), digits.radix()),
        DeValue::Float(digits) => float(digits.as_str()),
        DeValue::Datetime(time) => Value::String(time.to_string()),
        DeValue::Array(array) => {
            let mut values = Vec::with_capacity(array.len());
            for (index, value) in array.iter().enumerate() {
                let path = element(path, index);
                let span = value.span().into();
                note(places, &path, KeyPlace { key: span, value: span });
                values.push(value_of(value, &path, places));
            }
            Value::Array(values)
        }
        DeValue::Table(table) => Value::Object(table_of(table, path, places)),
    }
}

fn integer(digits: &str, radix: u32) -> Value {
    match i64::from_str_radix(digits, radix) {
        Ok(number) => number.into(),
        Err(_) => u64::from_str_radix(digits, radix).map_or_else(|_| float(digits), Value::from),
    }
}

/// What JSON has no number for (`inf`, `nan`) stays a text, which no setting of numbers takes.
fn float(digits: &str) -> Value {
    digits
        .parse()
        .ok()
        .and_then(Number::from_f64)
        .map_or_else(|| Value::String(digits.to_owned()), Value::Number)
}
