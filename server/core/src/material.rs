//! Material: the files of a repository that decide what a check says without being the work: tests, snapshots, the
//! configuration of the tools, build files.
//!
//! By the conventions of the tools themselves, and by path alone. What a single command makes material besides (its own
//! scripts) comes from whoever reads the command.

mod checks;
mod cmake;
mod data;
mod manifest;
mod taken;

pub use checks::{below, is_a_check, is_for_checks, is_loaded_by_configuration, loads};
pub use data::{NamesData, is_data};
pub use manifest::Manifest;
pub use taken::takes_a_name;

use std::fmt;

/// What a file that is material is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Material {
    /// A test, or something that only tests use.
    Test,
    /// What a test compares with.
    Snapshot,
    /// A script whose exit status is a check's answer.
    Script,
    /// The configuration of a runner, a linter, a compiler, a package manager.
    Configuration,
    /// A manifest; its dependencies and what only describes the package are work.
    Manifest,
    /// What names the commands of a project, such as a Makefile.
    Commands,
    /// What a forge runs.
    Pipeline,
    /// Tests and examples that stand in a file of the work.
    InSource,
    /// What tells a tool to find less, where it stands in a file of the work.
    Suppression,
}

impl Material {
    /// Whether a new one can change what checks say that were there before.
    pub fn reaches_others(self) -> bool {
        match self {
            Self::Configuration | Self::Manifest | Self::Commands | Self::Suppression => true,
            Self::Test | Self::Snapshot | Self::Script | Self::Pipeline | Self::InSource => false,
        }
    }
}

impl fmt::Display for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Test => "a test",
            Self::Snapshot => "a snapshot",
            Self::Script => "a check's script",
            Self::Configuration => "configuration of a tool",
            Self::Manifest => "a manifest",
            Self::Commands => "the project's commands",
            Self::Pipeline => "a pipeline",
            Self::InSource => "a test in the source",
            Self::Suppression => "a suppression",
        })
    }
}

/// Folders that hold tests and what tests use.
const TEST_FOLDERS: &[&str] = &[
    "tests",
    "test",
    "__tests__",
    "__test__",
    "__mocks__",
    "__fixtures__",
    "testdata",
    "test-data",
    "test_data",
    "fixtures",
    "e2e",
    "cypress",
    "specs",
    "unittests",
    "integration-tests",
    "integration_tests",
    "androidTest",
];

/// Folders of what tests compare with.
const SNAPSHOT_FOLDERS: &[&str] = &["__snapshots__", "golden", "goldens", "__image_snapshots__"];

/// What the name of a test begins or ends with, without its extension, and with which extensions.
const TEST_NAMES: &[(Place, &str, &[&str])] = &[
    (
        Place::End,
        "_test",
        &[
            "go", "py", "rb", "exs", "dart", "cc", "cpp", "cxx", "c", "rs", "ts", "js", "tsx", "jsx", "ml",
            "zig", "nim",
        ],
    ),
    (Place::End, "_tests", &["rs", "py", "cc", "cpp", "go"]),
    (Place::Start, "test_", &["py", "rb", "rs", "c", "cc", "cpp", "sh", "jl", "lua", "nim"]),
    (Place::Start, "test-", &["js", "mjs", "cjs", "ts", "R", "r", "sh"]),
    (Place::End, "_spec", &["rb", "lua", "cr", "js", "ts", "moon"]),
    (Place::End, "Test", &["java", "kt", "scala", "groovy", "cs", "php", "swift", "m"]),
    (Place::End, "Tests", &["java", "kt", "cs", "swift", "scala", "m"]),
    (Place::End, "IT", &["java", "kt"]),
    (Place::End, "Spec", &["scala", "groovy", "kt", "hs", "swift"]),
    (Place::Whole, "test", &["js", "mjs", "cjs", "ts", "py", "rb", "sh", "rs", "lua", "pl"]),
    (Place::Whole, "tests", &["js", "mjs", "cjs", "ts", "py", "rb", "sh", "rs"]),
];

#[derive(Debug, Clone, Copy)]
enum Place {
    Start,
    End,
    Whole,
}

/// Names of a tool's configuration. `*` stands for any ending.
const CONFIGURATION: &[&str] = &[
    // Runners of tests, and coverage.
    "pytest.ini",
    "pytest.toml",
    ".pytest.toml",
    // What a runner loads by itself before any test.
    "conftest.py",
    "spec_helper.rb",
    "rails_helper.rb",
    "test_helper.rb",
    "test_helper.exs",
    "setup_suite.bash",
    ".proverc",
    ".pytest.ini",
    "tox.ini",
    "noxfile.py",
    "setup.cfg",
    ".coveragerc",
    "codecov.yml",
    ".codecov.yml",
    "unittest.cfg",
    "go.work",
    "jest.config.*",
    "jest.setup.*",
    "jest-*",
    "vitest.config.*",
    "vitest.setup.*",
    "vitest.workspace.*",
    "vite.config.*",
    ".mocharc*",
    "ava.config.*",
    "karma.conf.*",
    "playwright.config.*",
    "cypress.config.*",
    "cypress.json",
    "wdio.conf.*",
    ".nycrc*",
    "nyc.config.*",
    ".c8rc*",
    "babel.config.*",
    ".babelrc*",
    ".swcrc",
    "bunfig.toml",
    "setupTests.*",
    "phpunit.xml*",
    "phpstan.neon*",
    "psalm.xml*",
    "phpcs.xml*",
    ".phpcs.xml*",
    ".php-cs-fixer*",
    ".rspec",
    "codeception*.yml",
    "behat.yml",
    ".simplecov",
    "nextest.toml",
    "tarpaulin.toml",
    "ctest.cmake",
    "CTestConfig.cmake",
    "testng.xml",
    "junit-platform.properties",
    "dart_test.yaml",
    "*.runsettings",
    "xunit.runner.json",
    "stryker.conf.*",
    ".busted",
    // Linters, formatters, type checkers, compilers.
    ".eslintrc*",
    "eslint.config.*",
    ".eslintignore",
    ".prettierrc*",
    "prettier.config.*",
    ".prettierignore",
    "biome.json*",
    ".oxlintrc.json",
    "tslint.json",
    ".stylelintrc*",
    "stylelint.config.*",
    "tsconfig*.json",
    "jsconfig.json",
    "ruff.toml",
    ".ruff.toml",
    ".flake8",
    ".pylintrc",
    "pylintrc",
    "mypy.ini",
    ".mypy.ini",
    "pyrightconfig.json",
    ".isort.cfg",
    ".bandit",
    "clippy.toml",
    ".clippy.toml",
    "rustfmt.toml",
    ".rustfmt.toml",
    "deny.toml",
    "rust-toolchain",
    "rust-toolchain.toml",
    ".golangci.*",
    ".clang-tidy",
    ".clang-format",
    ".rubocop*.yml",
    "checkstyle*.xml",
    "spotbugs*.xml",
    "pmd*.xml",
    "detekt*.yml",
    ".editorconfig",
    ".scalafmt.conf",
    ".scalafix.conf",
    "Directory.Build.props",
    "Directory.Build.targets",
    ".globalconfig",
    ".hadolint.y*ml",
    ".yamllint*",
    ".markdownlint*",
    ".shellcheckrc",
    ".vale.ini",
    "swiftlint.yml",
    ".swiftlint.yml",
    "analysis_options.yaml",
    ".credo.exs",
    ".formatter.exs",
    ".dialyzer*",
    "knip.json",
    ".size-limit.*",
    "lighthouserc*",
    ".lighthouserc*",
    "bundlesize.config.json",
    "budget.json",
    "webpack.config.*",
    "rollup.config.*",
    "esbuild.*",
    "metro.config.*",
    "turbo.json",
    "nx.json",
    "project.json",
    ".swift-format",
    // Package managers, shells, interpreters.
    ".npmrc",
    ".yarnrc*",
    ".pnpmfile.cjs",
    "pnpm-workspace.yaml",
    ".nvmrc",
    ".node-version",
    ".python-version",
    ".ruby-version",
    ".tool-versions",
    "mise.toml",
    ".mise.toml",
    ".envrc",
    ".env.test",
    "sitecustomize.py",
    "usercustomize.py",
    "pip.conf",
    ".bashrc",
    ".bash_env",
    ".profile",
    ".zshenv",
    ".irbrc",
    ".pryrc",
    "deno.json*",
    "global.json",
    "nuget.config",
    "NuGet.Config",
    "gradle.properties",
    "maven.config",
    "jvm.config",
    ".mvn",
    "local.properties",
    ".gitattributes",
    ".gitmodules",
    ".lefthook*",
    "lefthook.yml",
    ".pre-commit-config.yaml",
    "lint-staged.config.*",
    ".lintstagedrc*",
];

/// Files that name a project's commands.
const COMMANDS: &[&str] = &[
    "Makefile",
    "makefile",
    "GNUmakefile",
    "*.mk",
    "justfile",
    "Justfile",
    ".justfile",
    "Taskfile.yml",
    "Taskfile.yaml",
    "Rakefile",
    "rakefile",
    "*.rake",
    "tasks.py",
    "dodo.py",
    "fabfile.py",
    "SConstruct",
    "Earthfile",
    "build.xml",
    "gulpfile.*",
    "Gruntfile.*",
    "Jakefile*",
    "cakefile",
];

/// Folders and files of what a forge runs.
const PIPELINE_FOLDERS: &[&str] =
    &[".github", ".gitlab", ".circleci", ".buildkite", ".woodpecker", ".forgejo", ".gitea", ".ci"];
const PIPELINES: &[&str] = &[
    ".gitlab-ci*",
    "azure-pipelines*.yml",
    "Jenkinsfile*",
    ".travis.yml",
    "appveyor.yml",
    ".cirrus.yml",
    "bitbucket-pipelines.yml",
    ".drone.yml",
];

/// Folders of a tool's configuration.
const CONFIGURATION_FOLDERS: &[&str] = &[".cargo", ".mvn", ".husky", ".config", ".storybook", ".vscode-test"];

/// The kind of manifest that a path from the root names.
pub fn manifest_of(path: &str) -> Option<Manifest> {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    // What builds tests alone is theirs as a whole.
    let is_of_tests = || folders.split('/').any(|folder| TEST_FOLDERS.contains(&folder));
    manifest::named(name).filter(|kind| *kind != Manifest::CMake || !is_of_tests())
}

/// What of the material a path from the root is, with `/`; `None` if it is work.
pub fn material_of(path: &str) -> Option<Material> {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let folders = folders.split('/');
    let within = |known: &[&str]| folders.clone().any(|folder| known.contains(&folder));
    if within(SNAPSHOT_FOLDERS) || is_snapshot(name) {
        return Some(Material::Snapshot);
    }
    if path.starts_with("ci/") || within(PIPELINE_FOLDERS) || matches_any(name, PIPELINES) {
        return Some(Material::Pipeline);
    }
    if manifest_of(path).is_some() {
        return Some(Material::Manifest);
    }
    if matches_any(name, COMMANDS) {
        return Some(Material::Commands);
    }
    if within(CONFIGURATION_FOLDERS) || matches_any(name, CONFIGURATION) {
        return Some(Material::Configuration);
    }
    // A folder of specifications is work; one of specs in Ruby and the like is not.
    let is_spec = within(&["spec"]) && is_code(name);
    let is_test = path.starts_with("t/") || within(TEST_FOLDERS) || is_spec || is_named_test(name);
    is_test.then_some(Material::Test)
}

fn is_code(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| {
        ["rb", "cr", "js", "mjs", "cjs", "ts", "tsx", "jsx", "lua", "php", "py", "yml", "json"]
            .contains(&extension)
    })
}

fn is_named_test(name: &str) -> bool {
    let Some((stem, extension)) = name.rsplit_once('.') else { return false };
    if ["t", "bats", "feature", "robot", "cy"].contains(&extension) {
        return true;
    }
    // `a.test.ts`, `a.spec.js`, `a.cy.ts`, `a.bench.ts`
    if stem
        .rsplit_once('.')
        .is_some_and(|(_, kind)| ["test", "spec", "cy", "e2e", "test-d", "unit"].contains(&kind))
    {
        return true;
    }
    TEST_NAMES.iter().any(|(place, part, extensions)| {
        extensions.contains(&extension)
            && match place {
                Place::Start => stem.starts_with(part),
                Place::End => stem.ends_with(part) && stem.len() > part.len(),
                Place::Whole => stem == *part,
            }
    })
}

fn is_snapshot(name: &str) -> bool {
    let kinds = [".snap", ".golden", ".approved", ".expected", ".snapshot", ".stderr", ".stdout"];
    let (stem, extension) = name.split_once('.').unwrap_or((name, ""));
    // What begins so and is written in a language of programs is about expectations.
    let is_data = [
        "", "txt", "json", "out", "yml", "yaml", "xml", "html", "csv", "md", "png", "svg", "log", "tsv",
        "toml", "sql", "css",
    ];
    kinds.iter().any(|kind| name.ends_with(kind) || name.contains(&format!("{kind}.")))
        || (is_data.contains(&extension)
            && ["expected", "golden"].iter().any(|start| stem.starts_with(start)))
}

/// Whether a name is one of these; a single `*` in one stands for any characters.
fn matches_any(name: &str, known: &[&str]) -> bool {
    known.iter().any(|known| match known.split_once('*') {
        None => name == *known,
        Some((start, end)) => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_tools_call_tests_is_material() {
        for path in [
            "tests/cli.rs",
            "src/test/java/com/a/FooTest.java",
            "pkg/a_test.go",
            "test_calc.py",
            "app/tests/data.json",
            "src/a.test.ts",
            "src/__tests__/a.js",
            "spec/models/user_spec.rb",
            "spec/support/login.rb",
            "src/tests.rs",
            "lib/a_test.exs",
            "t/basic.t",
            "test/run.bats",
            "features/login.feature",
            "testdata/in.txt",
            "FooTests.swift",
            "test.js",
            "cypress/e2e/a.cy.ts",
            "test-a.js",
        ] {
            assert_eq!(material_of(path), Some(Material::Test), "{path}");
        }
        for path in [
            "src/__snapshots__/a.snap",
            "a.snap",
            "out.golden",
            "expected.txt",
            "a.approved.txt",
            "ui/a.stderr",
            "golden/a.txt",
        ] {
            assert_eq!(material_of(path), Some(Material::Snapshot), "{path}");
        }
        for path in [
            "conftest.py",
            "tests/pkg/conftest.py",
            "spec/spec_helper.rb",
            "test/test_helper.exs",
            "test/setup_suite.bash",
            "jest.config.js",
            "pkg/pytest.ini",
            ".cargo/config.toml",
            "tsconfig.build.json",
            ".npmrc",
            "sitecustomize.py",
            ".eslintrc.json",
        ] {
            assert_eq!(material_of(path), Some(Material::Configuration), "{path}");
        }
        for (path, material) in [
            ("Makefile", Material::Commands),
            ("build/rules.mk", Material::Commands),
            ("justfile", Material::Commands),
            ("package.json", Material::Manifest),
            ("crates/a/Cargo.toml", Material::Manifest),
            ("pyproject.toml", Material::Manifest),
            ("go.mod", Material::Manifest),
            ("src/CMakeLists.txt", Material::Manifest),
            ("cmake/warnings.cmake", Material::Manifest),
            ("tests/CMakeLists.txt", Material::Test),
            ("CTestConfig.cmake", Material::Configuration),
            (".github/workflows/ci.yml", Material::Pipeline),
            (".gitlab-ci.yml", Material::Pipeline),
            ("ci/run.sh", Material::Pipeline),
        ] {
            assert_eq!(material_of(path), Some(material), "{path}");
        }
    }

    #[test]
    fn work_is_no_material() {
        for path in [
            "src/lib.rs",
            "main.go",
            "README.md",
            "docs/testing.md",
            "src/contest.py",
            "src/latest.js",
            "src/attest.go",
            "spec/api.md",
            "specs.md",
            "Cargo.lock",
            "package-lock.json",
            "go.sum",
            "requirements.txt",
            "src/protest.ts",
            "greeting.txt",
            "src/expectations.rs",
            "src/unexpected.py",
            "lib/test_ing/a.ex",
            "src/Contest.java",
            "public/index.html",
            "tester.sh",
            "src/circuit.rs",
            "data/config.json",
            "src/ci/run.rs",
            "src/t/en.json",
            "src/expected_value.rs",
            "src/snapshots/mod.rs",
        ] {
            assert_eq!(material_of(path), None, "{path}");
        }
    }
}
