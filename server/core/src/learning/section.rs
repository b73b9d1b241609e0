//! The part of a document that holds what was learned: between two marks, of which only one pair may be there.

/// Begins the part.
const BEGIN: &str = "<!-- alfine:learned -->";
/// Ends it.
const END: &str = "<!-- /alfine:learned -->";

/// Returns a document with its part that was learned replaced, or with that part at its end if it has none. `None` if the marks
/// are not one pair, so that it is not known what is whose. `body` is Markdown; all else stays as it is.
pub fn with_section(text: &str, body: &str) -> Option<String> {
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    // A command or a file may be called like a mark.
    let body = body.trim_end().replace("alfine:learned", "alfine: learned");
    let section = format!("{BEGIN}\n{body}\n{END}").replace('\n', newline);
    let begins: Vec<usize> = text.match_indices(BEGIN).map(|(at, _)| at).collect();
    let ends: Vec<usize> = text.match_indices(END).map(|(at, _)| at).collect();
    match (begins.as_slice(), ends.as_slice()) {
        ([], []) => {
            let gap = match text {
                "" => "",
                text if text.ends_with('\n') => newline,
                _ => &newline.repeat(2),
            };
            Some(format!("{text}{gap}{section}{newline}"))
        }
        ([begin], [end]) if begin < end => {
            let (before, after) = (text.get(..*begin)?, text.get(end + END.len()..)?);
            Some(format!("{before}{section}{after}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_part_is_added_at_the_end_and_replaced_where_it_stands() {
        let section = |body: &str| format!("{BEGIN}\n{body}\n{END}");
        assert_eq!(with_section("", "- a\n"), Some(section("- a") + "\n"));
        assert_eq!(with_section("# A", "- a"), Some(format!("# A\n\n{}\n", section("- a"))));
        let first = with_section("# A\n", "- a").unwrap() + "# B\n";
        assert_eq!(with_section(&first, "- b"), Some(format!("# A\n\n{}\n# B\n", section("- b"))));
        let marked = with_section("", &format!("- `sh a.sh # {END}`")).unwrap();
        assert!(with_section(&marked, "- b").is_some(), "{marked}");
        assert_eq!(with_section("# A\r\n", "- a"), Some(format!("# A\r\n\r\n{BEGIN}\r\n- a\r\n{END}\r\n")));
    }

    #[test]
    fn marks_that_are_no_pair_are_left_alone() {
        for text in [BEGIN, END, &format!("{END}{BEGIN}"), &format!("{BEGIN}{END}{BEGIN}{END}")] {
            assert_eq!(with_section(text, "- a"), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_stands_around_the_part_stays(before in "[^<]{0,40}", after in "[^<]{0,40}") {
            let text = format!("{before}{BEGIN}\nold\n{END}{after}");
            let made = with_section(&text, "new").unwrap();
            prop_assert!(made.starts_with(&before) && made.ends_with(&after) && !made.contains("old"));
        }
    }
}
