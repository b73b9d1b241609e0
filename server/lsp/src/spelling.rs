//! One spelling for each file: clients escape different characters in a URI, and treat each spelling as another file.

use crate::protocol::lsp_types::Url;
use std::{collections::HashMap, path::PathBuf};

/// How each file was spelled first. Holds one entry for each plan that a client was ever told about.
#[derive(Debug, Default)]
pub(crate) struct Spellings(HashMap<PathBuf, String>);

impl Spellings {
    /// Spells a file as it was spelled first. What is no file stays as it is.
    pub(crate) fn spell(&mut self, uri: &str) -> String {
        let path = Url::parse(uri).ok().and_then(|uri| uri.to_file_path().ok());
        path.map_or_else(
            || uri.to_owned(),
            |path| self.0.entry(path).or_insert_with(|| uri.to_owned()).clone(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_keeps_the_spelling_that_it_had_first() {
        let mut spellings = Spellings::default();
        for uri in ["file:///my%20shop%20(1)/PLAN.md", "file:///my%20shop%20%281%29/PLAN.md"] {
            assert_eq!(spellings.spell(uri), "file:///my%20shop%20(1)/PLAN.md");
        }
        for other in ["file:///shop/PLAN.md", "untitled:Untitled-1", "untitled:Untitled%2D1", ""] {
            assert_eq!(spellings.spell(other), other);
        }
    }
}
