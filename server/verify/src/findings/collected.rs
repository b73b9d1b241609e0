//! The findings read so far: bounded, each once, with paths as the worktree knows them.

use alfine_core::{
    finding::{Finding, Severity},
    text::start_of,
};
use std::{
    collections::HashSet,
    path::{Component, Path, PathBuf},
};

/// How many findings come out of one output.
const FINDINGS: usize = 200;

/// Limits of what a finding says, in bytes.
const MESSAGE: usize = 2000;
const CODE: usize = 300;
const PATH: usize = 1024;

/// A place in a file, as a tool printed it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: String,
    pub(super) line: Option<u32>,
    pub(super) column: Option<u32>,
}

impl Place {
    /// Reads a place from printed words; `None` if the line is not a number from 1. An invalid column is left out.
    pub(super) fn new(file: &str, line: &str, column: &str) -> Option<Self> {
        let number = |text: &str| text.parse().ok().filter(|&number: &u32| number > 0);
        let file = file.to_owned();
        Some(Self { file, line: Some(number(line)?), column: number(column) })
    }

    /// Makes a place that is a whole file.
    pub(super) fn file(file: &str) -> Self {
        Self { file: file.to_owned(), line: None, column: None }
    }
}

#[derive(Debug)]
pub(super) struct Collected {
    /// The root as it was given, and as the system resolves it (tools print either).
    roots: Vec<PathBuf>,
    findings: Vec<Finding>,
    seen: HashSet<Finding>,
}

impl Collected {
    pub(super) fn new(root: &Path) -> Self {
        let mut roots = vec![root.to_owned()];
        roots.extend(root.canonicalize().ok().filter(|resolved| resolved != root));
        Self { roots, findings: Vec::new(), seen: HashSet::new() }
    }

    /// Adds a finding, unless it says nothing or is there already.
    pub(super) fn add(
        &mut self,
        severity: Severity,
        place: Option<Place>,
        code: Option<&str>,
        message: &str,
    ) {
        let message = start_of(message.trim(), MESSAGE).trim_end();
        // A limit for each severity: warnings must not crowd an error out.
        let alike = self.findings.iter().filter(|finding| finding.severity == severity).count();
        if message.is_empty() || alike >= FINDINGS {
            return;
        }
        let place = place.filter(|place| place.file.len() <= PATH);
        let (line, column) = place.as_ref().map_or((None, None), |place| (place.line, place.column));
        let file = place.map(|place| self.relative(&place.file));
        let code = code.map(|code| start_of(code.trim(), CODE).to_owned()).filter(|code| !code.is_empty());
        let finding = Finding { severity, file, line, column, code, message: message.to_owned() };
        if self.seen.insert(finding.clone()) {
            self.findings.push(finding);
        }
    }

    /// Says whether a printed path is of the worktree, and not of what is installed in it.
    pub(super) fn is_own(&self, file: &str) -> bool {
        let relative = self.relative(file);
        let mut parts = Path::new(&relative).components();
        !relative.is_empty()
            && parts.all(|part| matches!(part, Component::Normal(name) if name != "node_modules"))
    }

    /// Finds the folder, among the ends of this one, in which the worktree has the file. Go prints a test's file
    /// without its folder, and its package with the module's name before it.
    pub(super) fn in_folder(&self, folder: &str, file: &str) -> Option<String> {
        /// No package is nested deeper.
        const DEPTH: usize = 32;
        let root = self.roots.first()?;
        let parts: Vec<&str> = folder.split('/').filter(|part| !matches!(*part, "" | "." | "..")).collect();
        (0..parts.len().min(DEPTH)).find_map(|start| {
            let path = format!("{}/{file}", parts.get(start..)?.join("/"));
            root.join(&path).is_file().then_some(path)
        })
    }

    /// Makes a path relative to the root where it is inside of it; as it was printed where it is not.
    fn relative(&self, file: &str) -> String {
        let path = Path::new(file);
        let inside = self.roots.iter().find_map(|root| path.strip_prefix(root).ok());
        let path = inside.and_then(Path::to_str).unwrap_or(file);
        path.strip_prefix("./").unwrap_or(path).to_owned()
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        let mut findings = self.findings;
        if findings.len() > FINDINGS {
            findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
            findings.truncate(FINDINGS);
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(found: &mut Collected, severity: Severity, file: &str, message: &str) {
        found.add(severity, Place::new(file, "1", ""), None, message);
    }

    #[test]
    fn paths_in_the_root_become_relative_and_others_stay() {
        let mut found = Collected::new(Path::new("/home/me/app"));
        let paths = [
            ("/home/me/app/src/a.rs", "src/a.rs"),
            ("./src/a.rs", "src/a.rs"),
            ("src/a.rs", "src/a.rs"),
            ("/home/me/application/a.rs", "/home/me/application/a.rs"),
            ("/usr/include/stdio.h", "/usr/include/stdio.h"),
            ("../b/a.rs", "../b/a.rs"),
            ("node_modules/x/a.js", "node_modules/x/a.js"),
        ];
        for (number, (path, _)) in paths.iter().enumerate() {
            add(&mut found, Severity::Error, path, &number.to_string());
        }
        let files: Vec<_> = found.into_findings().into_iter().filter_map(|finding| finding.file).collect();
        assert_eq!(files, paths.map(|(_, expected)| expected));
    }

    #[test]
    fn only_files_of_the_worktree_are_its_own() {
        let found = Collected::new(Path::new("/home/me/app"));
        for own in ["src/a.ts", "./a.ts", "/home/me/app/a.ts"] {
            assert!(found.is_own(own), "{own}");
        }
        for other in
            ["/usr/a.ts", "../a.ts", "a/../../b.ts", "node_modules/x/a.js", "", "/home/me/app/node_modules/a"]
        {
            assert!(!found.is_own(other), "{other}");
        }
    }

    #[test]
    fn a_root_behind_a_link_is_recognised_by_both_names() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        std::fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let found = Collected::new(&link);
        for root in [&link, &real.canonicalize().unwrap()] {
            assert_eq!(found.relative(root.join("a.rs").to_str().unwrap()), "a.rs");
        }
    }

    #[test]
    fn each_finding_comes_once_and_errors_before_warnings_when_there_are_too_many() {
        let mut found = Collected::new(Path::new("/"));
        for number in 0..1000 {
            add(&mut found, Severity::Warning, "a.rs", &number.to_string());
            add(&mut found, Severity::Warning, "a.rs", &number.to_string());
        }
        for number in 0..1000 {
            add(&mut found, Severity::Error, "a.rs", &(number / 100).to_string());
        }
        let findings = found.into_findings();
        assert_eq!(findings.len(), 200);
        assert_eq!(findings.iter().filter(|finding| finding.severity == Severity::Error).count(), 10);
        assert_eq!(findings.last().unwrap().message, "189");
    }

    #[test]
    fn a_long_message_is_cut_at_a_character() {
        let mut found = Collected::new(Path::new("/"));
        add(&mut found, Severity::Error, "a.rs", &"é".repeat(1_000_000));
        add(&mut found, Severity::Error, &"p".repeat(5000), "m");
        add(&mut found, Severity::Error, "a.rs", " \n ");
        let findings = found.into_findings();
        assert_eq!(findings.len(), 2);
        assert_eq!(findings[0].message.len(), 2000);
        assert_eq!(findings[1].file, None);
    }
}
