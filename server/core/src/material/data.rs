//! Data beside the tests: what only they read, wherever it lies.

/// Endings of files of data.
const DATA: [&str; 15] = [
    "json", "jsonl", "ndjson", "yaml", "yml", "csv", "tsv", "txt", "xml", "toml", "dat", "in", "out", "ini",
    "bin",
];
/// Endings of files of code.
const CODE: [&str; 38] = [
    "rs", "py", "js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "go", "rb", "java", "kt", "kts",
    "scala", "swift", "c", "h", "cc", "cpp", "hpp", "cs", "php", "ex", "exs", "sh", "bash", "lua", "pl",
    "dart", "vue", "svelte", "html", "hs", "bats", "t", "pm",
];
/// Folders whose files programs find without naming them, and beginnings of such files' names.
const FOUND: [&str; 16] = [
    "config",
    "conf",
    "locales",
    "locale",
    "i18n",
    "public",
    "static",
    "assets",
    "migrations",
    "templates",
    "resources",
    "deploy",
    "k8s",
    "charts",
    "schemas",
    "data",
];
const BEGINNINGS: [&str; 14] = [
    "config",
    "settings",
    "appsettings",
    "application",
    "schema",
    "openapi",
    "swagger",
    "manifest",
    "requirements",
    "license",
    "readme",
    "changelog",
    "docker",
    "version",
];

/// Whether a file is data that a test may be about: no code, no document, and nothing that programs find by a convention.
pub fn is_data(path: &str) -> bool {
    let mut parts: Vec<&str> = path.split('/').collect();
    let name = parts.pop().unwrap_or_default().to_ascii_lowercase();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let is_found = parts.iter().any(|folder| FOUND.contains(folder) || folder.starts_with('.'))
        || BEGINNINGS.iter().any(|begin| name.starts_with(begin))
        || ["lock.json", "lock.yaml", "shrinkwrap.json"].iter().any(|end| name.ends_with(end))
        || name == "cmakelists.txt"
        || name.starts_with('.');
    DATA.contains(&ending) && !is_found
}

/// Looks in texts for one file of data.
#[derive(Debug)]
pub struct NamesData<'p> {
    name: &'p str,
    stem: &'p str,
    folder: Option<&'p str>,
}

impl<'p> NamesData<'p> {
    /// Looks for this file.
    pub fn new(path: &'p str) -> Self {
        let (folders, name) =
            path.rsplit_once('/').map_or((None, path), |(folders, name)| (Some(folders), name));
        let stem = name.split('.').next().unwrap_or_default();
        Self { name, stem, folder: folders.and_then(|folders| folders.rsplit('/').next()) }
    }

    /// Whether a file is code, which can name others.
    pub fn is_code(path: &str) -> bool {
        path.rsplit_once('.').is_some_and(|(_, ending)| CODE.contains(&ending))
    }

    /// Whether a test names the file.
    pub fn is_named_by_test(&self, text: &str) -> bool {
        has_word(text, self.name)
    }

    /// Whether code can come to the file: by its name, its name without an ending, or its folder.
    pub fn is_reached_by(&self, text: &str) -> bool {
        let in_quotes =
            |name: &str| ['"', '\'', '`', '/'].iter().any(|quote| text.contains(&format!("{quote}{name}")));
        has_word(text, self.name)
            || in_quotes(self.stem)
            || self.folder.is_some_and(|folder| has_word(text, folder))
    }

    /// Whether a test uses code of the work: it names one of its files, or its imports name a file or a folder. Then what it
    /// reads is not the work itself. Where nothing has to be imported, it does.
    pub fn uses_code<'w>(path: &str, test: &str, work: impl Iterator<Item = &'w str>) -> bool {
        if !IMPORTING.iter().any(|ending| path.ends_with(ending)) {
            return true;
        }
        let is_import = |line: &&str| IMPORTS.iter().any(|word| has_word(line, word));
        let imports: String = test.lines().filter(is_import).flat_map(|line| [line, "\n"]).collect();
        work.into_iter().any(|path| {
            let file = path.rsplit('/').next().unwrap_or(path);
            let mut names = path.split('/').map(|part| part.split('.').next().unwrap_or(part));
            has_word(test, file)
                || names.any(|name| name.len() > 1 && !COMMON.contains(&name) && has_word(&imports, name))
        })
    }
}

/// Endings of files of code in which what they use is imported.
const IMPORTING: [&str; 14] = [
    ".py", ".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".rb", ".php", ".lua", ".pl", ".sh",
];
/// Words of a line that imports.
const IMPORTS: [&str; 7] = ["import", "from", "require", "require_relative", "use", "include", "source"];

/// Names of files and folders of code that say nothing of whether a test uses it.
const COMMON: [&str; 8] = ["src", "main", "index", "mod", "__init__", "app", "test", "tests"];

/// Whether a text has a name that is no part of a longer one.
fn has_word(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + name.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_what_no_program_finds_by_itself() {
        for path in ["cases.json", "samples/a.csv", "web/wanted.txt"] {
            assert!(is_data(path), "{path}");
        }
        for path in [
            "calc.py",
            "README.md",
            "README.txt",
            "package-lock.json",
            "config/a.json",
            "config.json",
            "requirements.txt",
            "locales/en.json",
            ".hidden.json",
            ".github/a.yml",
            "CMakeLists.txt",
            "data",
        ] {
            assert!(!is_data(path), "{path}");
        }
    }

    #[test]
    fn a_file_is_named_by_itself_and_reached_by_its_folder() {
        let names = NamesData::new("samples/cases.json");
        assert!(names.is_named_by_test("open('samples/cases.json')"));
        assert!(!names.is_named_by_test("open('samples/other-cases.json')"));
        for text in ["open('cases.json')", "load('cases')", "os.listdir('samples')", "`${dir}/cases`"] {
            assert!(names.is_reached_by(text), "{text}");
        }
        assert!(!names.is_reached_by("cases = 1; open('other.json')"));
    }

    #[test]
    fn a_test_uses_the_work_that_it_names() {
        let work = || ["calc.py", "shop/__init__.py", "src/main.rs"].into_iter();
        let uses = |test: &str| NamesData::uses_code("tests/test_a.py", test, work());
        assert!(uses("from calc import add") && uses("import shop.cart") && uses("run(['calc.py'])"));
        assert!(!uses("import json\nassert name == 'shop'\nmain()"));
        assert!(NamesData::uses_code("a_test.go", "", work()));
    }
}
