//! What belongs to a check besides what its tools know by name: what lies where checks lie, and what code loads.

/// Names of folders of scripts that are no part of what is made.
const SCRIPTS: [&str; 7] = ["scripts", "script", "tools", "ci", "hack", "helpers", "support"];
/// Names of folders of checks.
const CHECKS: [&str; 12] = [
    "qa",
    "check",
    "checks",
    "verify",
    "verification",
    "validation",
    "acceptance",
    "smoke",
    "lint",
    "linters",
    "selftest",
    "selftests",
];
/// Words in the name of a file that say what it does.
const NAMES: [&str; 6] = ["check", "checks", "verify", "validate", "lint", "test"];
/// Words after which configuration names code that a runner loads.
const LOADED: [&str; 14] = [
    "pytest_plugins",
    "setupFiles",
    "setupFilesAfterEnv",
    "globalSetup",
    "globalTeardown",
    "testEnvironment",
    "testRunner",
    "snapshotSerializers",
    "reporters",
    "resolver",
    "preload",
    "bootstrap",
    "rulePaths",
    "rulesdir",
];

/// Whether a script lies where scripts lie that are no part of what is made, or is called after what it does.
pub fn is_for_checks(path: &str) -> bool {
    is_a_check(path) || lies_in(path, &SCRIPTS)
}

/// Whether a file is called after checking, or lies where only checks lie.
pub fn is_a_check(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let mut words = name.split(|c: char| !c.is_alphanumeric());
    words.any(|word| NAMES.contains(&word)) || lies_in(path, &CHECKS)
}

fn lies_in(path: &str, folders: &[&str]) -> bool {
    path.rsplit('/').skip(1).any(|folder| folders.contains(&folder))
}

/// Whether code at a path loads a file: it imports, requires or includes it, or names it as a module.
pub fn loads(from: &str, text: &str, file: &str) -> bool {
    let folder = folder_of(from);
    let is_it = |named: &str| {
        let named = named.trim_start_matches("./").trim_start_matches('/');
        !named.is_empty() && [folder, ""].iter().any(|folder| is_module(&below(folder, named), file))
    };
    let is_of_lines = |line: &str| modules(line).iter().any(|module| is_it(module));
    quoted(text).any(|text| is_it(text) || is_dotted(text) && is_it(&text.replace('.', "/")))
        || text.lines().any(is_of_lines)
}

/// Whether configuration of a runner says that it loads a file.
pub fn is_loaded_by_configuration(from: &str, text: &str, file: &str) -> bool {
    // In a package's manifest it says what others get of the package.
    let requires = from.rsplit('/').next().is_some_and(|name| name.starts_with(".mocharc"));
    let words = LOADED.iter().chain(requires.then_some(&"require"));
    words.flat_map(|word| text.match_indices(word)).any(|(at, word)| {
        let rest = text.get(at + word.len()..).unwrap_or_default();
        // A key may stand in quotes of its own.
        let rest = rest.strip_prefix(['"', '\'']).unwrap_or(rest).trim_start_matches([' ', ':', '=']);
        let ends_at = if rest.starts_with('[') { rest.find(']') } else { rest.find('\n') };
        loads(from, rest.get(..ends_at.unwrap_or(rest.len())).unwrap_or_default(), file)
    })
}

/// A path from the root, of one that is seen from `folder`.
pub fn below(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether a name, from the root, is that of a file: with its ending or without, or of the folder that it stands for.
fn is_module(named: &str, file: &str) -> bool {
    let (stem, _) = file.rsplit_once('.').unwrap_or((file, ""));
    let whole = ["/index", "/__init__", "/mod", "/__main__"].iter().find_map(|name| stem.strip_suffix(name));
    named == file || named == stem || whole == Some(named)
}

/// The modules that a line imports, as paths.
fn modules(line: &str) -> Vec<String> {
    let mut words = line
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')'))
        .filter(|word| !word.is_empty());
    let path = |word: &str| word.replace("::", "/").replace('.', "/").trim_start_matches('/').to_owned();
    match words.next() {
        // `from a.b import c, d`
        Some("from") => {
            let Some(from) = words.next().map(path) else { return Vec::new() };
            let below = words.filter(|word| *word != "import");
            let below: Vec<String> = below.map(|name| format!("{from}/{name}")).collect();
            std::iter::once(from).chain(below).collect()
        }
        // `import a.b, c as d`; Perl's `use A::B`.
        Some("import" | "use" | "require") => words.map(path).collect(),
        Some(_) | None => Vec::new(),
    }
}

fn is_dotted(text: &str) -> bool {
    text.contains('.') && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_'))
}

/// What stands in quotes on one line.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| {
        ['"', '\'', '`'].into_iter().flat_map(move |quote| line.split(quote).skip(1).step_by(2))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_where_checks_lie_is_for_checks() {
        for path in
            ["scripts/run.sh", "qa/a.js", "tools/deep/b.py", "verify.py", "src/check_types.py", "a-lint.sh"]
        {
            assert!(is_for_checks(path), "{path}");
        }
        for path in ["build.sh", "src/calc.py", "checkout.py", "app/main.go", "contest.sh"] {
            assert!(!is_for_checks(path), "{path}");
        }
    }

    #[test]
    fn code_loads_what_it_imports_requires_or_includes() {
        for (from, text, file) in [
            ("scripts/verify.py", "import rules", "scripts/rules.py"),
            ("scripts/verify.py", "from scripts import rules, more", "scripts/more.py"),
            ("scripts/verify.py", "from .rules import check", "scripts/rules.py"),
            ("scripts/verify.py", "import scripts.rules as r", "scripts/rules.py"),
            ("qa/verify.php", "require __DIR__ . '/rules.php';", "qa/rules.php"),
            ("qa/verify.js", "const rules = require('./rules');", "qa/rules.js"),
            ("qa/verify.mjs", "import { a } from '../qa/rules/index.mjs';", "qa/rules/index.mjs"),
            ("qa/verify.js", "require('./rules')", "qa/rules/index.js"),
            ("qa/verify.rb", "require_relative 'rules'", "qa/rules.rb"),
            ("qa/verify.pl", "use Qa::Rules;", "Qa/Rules.pm"),
            ("conftest.py", "pytest_plugins = ['plugins.report']", "plugins/report.py"),
        ] {
            assert!(loads(from, text, file), "{text}");
        }
        for (from, text, file) in [
            ("scripts/verify.py", "import calc", "scripts/rules.py"),
            ("scripts/verify.py", "print('the rules')", "scripts/rules.py"),
            ("qa/verify.js", "require('../rules')", "qa/rules.js"),
            ("qa/adding.js", "require('../add')", "qa/add.js"),
        ] {
            assert!(!loads(from, text, file), "{text}");
        }
    }

    #[test]
    fn configuration_says_what_a_runner_loads() {
        let loads = |text: &str, file: &str| is_loaded_by_configuration("jest.config.js", text, file);
        let text = "{\"require\": \"./pre.js\"}";
        assert!(is_loaded_by_configuration(".mocharc.json", text, "pre.js"));
        assert!(!is_loaded_by_configuration("package.json", text, "pre.js"));
        assert!(loads("module.exports = { setupFiles: ['./jest/a.js', './jest/b.js'] };", "jest/b.js"));
        assert!(loads("pytest_plugins = [\n    'plugins.report',\n]\n", "plugins/report.py"));
        assert!(loads("{\"globalSetup\": \"./pre.js\"}", "pre.js"));
        assert!(!loads("module.exports = { setupFiles: [], entry: './src/main.js' };", "src/main.js"));
        assert!(!loads("pytest_plugins = 'plugins.report'\n\nimport calc\n", "calc.py"));
    }
}
