//! What holds of every text, however odd the data behind it is: no gap where a detail is empty, no “1 files”, nothing said
//! twice.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// Things that are counted. Those whose plural is another word are named with both.
const COUNTED: [(&str, &str); 14] = [
    ("file", "files"),
    ("iteration", "iterations"),
    ("token", "tokens"),
    ("task", "tasks"),
    ("check", "checks"),
    ("command", "commands"),
    ("time", "times"),
    ("entry", "entries"),
    ("criterion", "criteria"),
    ("finding", "findings"),
    ("error", "errors"),
    ("branch", "branches"),
    ("tag", "tags"),
    ("day", "days"),
];

/// Panics where a text has what no text may have.
pub(crate) fn assert_reads_well(text: &str, of: &dyn std::fmt::Debug) {
    let faults = faults(text);
    assert!(faults.is_empty(), "{faults:?} in {text:?} of {of:?}");
}

fn faults(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let gaps = [
        ": ;", ": ,", ": :", ": .", "::", "  ", " ;", " , ", " . ", ";;", ",,", ".;", ":.", ";.", ",.", "()",
        "( ", " )", "“”", "““", "””", "``", "…. ",
    ];
    faults.extend(gaps.iter().filter(|gap| text.contains(**gap)).map(|gap| format!("a gap {gap:?}")));
    let dots = text.replace("\"...\"", "").replace("../", "");
    if dots.contains("..") {
        faults.push("two full stops".to_owned());
    }
    if text.ends_with([':', ';', ',', ' ']) || text.starts_with([' ', ':', ';', ',', '.']) {
        faults.push("an end that is none".to_owned());
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    for pair in words.windows(2) {
        let [number, thing] = pair else { continue };
        let Ok(number) = number.trim_start_matches('(').parse::<u64>() else { continue };
        let thing = thing.trim_end_matches(|c: char| !c.is_alphanumeric());
        let wrong = |(one, many): &(&str, &str)| thing == if number == 1 { *many } else { *one };
        if COUNTED.iter().any(wrong) {
            faults.push(format!("{number} {thing}"));
        }
    }
    let mut sentences: Vec<String> = text
        .split_inclusive(['.', '?', '!', ';', ':', '\n'])
        .map(|part| part.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase())
        .filter(|part| part.split_whitespace().count() > 2 && part != "so it is")
        .collect();
    sentences.sort_unstable();
    faults
        .extend(sentences.windows(2).filter(|two| two[0] == two[1]).map(|two| format!("twice: {}", two[0])));
    faults
}

/// The sample with other texts, numbers and lists in it, one at a time, and all texts at once: empty, blank, and ended by what
/// ends no sentence; none, one and two. Only what is still of the sample's kind is among them.
pub(crate) fn variants<T: Serialize + DeserializeOwned + Clone>(sample: &T) -> Vec<T> {
    let whole = serde_json::to_value(sample).unwrap();
    let read = |value: &Value| -> Option<T> {
        let read: T = serde_json::from_value(value.clone()).ok()?;
        (std::mem::discriminant(&read) == std::mem::discriminant(sample)).then_some(read)
    };
    let mut all = vec![sample.clone()];
    for odd in [
        json!(""),
        json!(" \n"),
        json!("so it is."),
        json!("so it is:"),
        json!(0),
        json!(1),
        json!(2),
        json!([]),
    ] {
        let mut together = whole.clone();
        for at in leaves(&whole) {
            if kind(&at, &whole) != kind_of(&odd) {
                continue;
            }
            let with = |value: &Value| {
                let mut value = value.clone();
                *value.pointer_mut(&at).unwrap() = odd.clone();
                value
            };
            let Some(one) = read(&with(&whole)) else { continue };
            all.push(one);
            if together.pointer(&at).is_some() && read(&with(&together)).is_some() {
                together = with(&together);
            }
        }
        all.extend(read(&together).filter(|_| odd.is_string()));
    }
    all
}

/// The pointers to everything in a value that is a text, a number or a list. The texts of lists are names, which are never
/// empty.
fn leaves(value: &Value) -> Vec<String> {
    let below = |key: String, value: &Value| {
        let within = leaves(value).into_iter().map(move |rest| format!("/{key}{rest}"));
        within.collect::<Vec<_>>()
    };
    match value {
        Value::Object(fields) => fields.iter().flat_map(|(key, value)| below(key.clone(), value)).collect(),
        Value::Array(items) => {
            let items = items.iter().enumerate().filter(|(_, item)| !item.is_string());
            let within = items.flat_map(|(at, value)| below(at.to_string(), value));
            std::iter::once(String::new()).chain(within).collect()
        }
        Value::String(_) | Value::Number(_) => vec![String::new()],
        Value::Null | Value::Bool(_) => Vec::new(),
    }
}

fn kind(at: &str, whole: &Value) -> u8 {
    whole.pointer(at).map_or(0, kind_of)
}

fn kind_of(value: &Value) -> u8 {
    match value {
        Value::String(_) => 1,
        Value::Number(_) => 2,
        Value::Array(_) => 3,
        Value::Null | Value::Bool(_) | Value::Object(_) => 0,
    }
}

#[test]
fn what_reads_badly_is_seen() {
    for text in [
        "it failed: ; mend it",
        "usage limit: ",
        "1 files changed",
        "2 file changed",
        "it ended..",
        "The agent asks:  Choose",
        "changed ( and 3 more)",
        "The work is not done. The work is not done.",
    ] {
        assert!(!faults(text).is_empty(), "{text}");
    }
    assert_eq!(faults("stopped: 1 file changed, 2 files left (a.txt). Look at ../x, or `.env`."), [""; 0]);
}
