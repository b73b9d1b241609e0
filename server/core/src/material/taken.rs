//! Names that a new file can take from what checks are made of: the modules of a runner, of a language's own library, of a
//! library of assertions.

/// Modules that Python's test runners load by name, from the folder that they run in first.
const LOADED_BY_RUNNERS: &str = " unittest pytest _pytest pluggy iniconfig doctest nose nose2 coverage hypothesis runpy argparse \
    traceback inspect fnmatch contextlib functools difflib pprint textwrap tempfile dataclasses types enum string ast copy json \
    signal warnings weakref importlib site logging io re os sys time collections django tox mypy ruff ";

/// The modules of Python's own library.
const OF_PYTHON: &str = " abc aifc argparse array ast asynchat asyncio asyncore atexit audioop base64 bdb binascii bisect builtins \
    bz2 cProfile calendar cgi cgitb chunk cmath cmd code codecs codeop collections colorsys compileall \
    concurrent configparser contextlib contextvars copy copyreg crypt csv ctypes curses dataclasses datetime \
    dbm decimal difflib dis distutils doctest email encodings ensurepip enum errno faulthandler fcntl filecmp \
    fileinput fnmatch fractions ftplib functools gc genericpath getopt getpass gettext glob graphlib grp gzip \
    hashlib heapq hmac html http imaplib imghdr imp importlib inspect io ipaddress itertools json keyword \
    linecache locale logging lzma mailbox mailcap marshal math mimetypes mmap modulefinder multiprocessing \
    netrc nis nntplib numbers opcode operator optparse os ossaudiodev pathlib pdb pickle pickletools pipes \
    pkgutil platform plistlib poplib posix posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc \
    pydoc_data pyexpat queue quopri random re readline reprlib resource rlcompleter runpy sched secrets \
    select selectors shelve shlex shutil signal site smtpd smtplib sndhdr socket socketserver spwd sqlite3 \
    sre_compile sre_constants sre_parse ssl stat statistics string stringprep struct subprocess sunau \
    symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios textwrap threading time timeit \
    token tokenize tomllib trace traceback tracemalloc tty types typing unicodedata unittest urllib uu uuid \
    venv warnings wave weakref webbrowser wsgiref xdrlib xml xmlrpc zipapp zipfile zipimport zlib zoneinfo ";

/// Ends of paths by which tests load what they assert with.
const OF_ASSERTIONS: [&str; 12] = [
    "Test/More.pm",
    "Test/Simple.pm",
    "Test/Builder.pm",
    "Test2/API.pm",
    "test/unit.rb",
    "minitest.rb",
    "rspec.rb",
    "luaunit.lua",
    "busted.lua",
    "assert.h",
    "cassert",
    "unity.h",
];
/// Folders of such, in a folder that is searched.
const FOLDERS_OF_ASSERTIONS: [&str; 4] = ["minitest/", "rspec/", "Test/Builder/", "TAP/"];
/// Folders in which languages look for what is loaded.
const SEARCHED: [&str; 4] = ["lib/", "include/", "src/", ""];

/// Whether a new file, at a path from the folder that a check runs in, takes the place of a name that its command uses: a
/// module of a runner, a target of a build, or a library of assertions. Tests may import a module themselves.
pub fn takes_a_name(path: &str, command: &str, is_imported_by_tests: &dyn Fn(&str) -> bool) -> bool {
    let words: Vec<&str> =
        command.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'))).collect();
    let is_python = words.iter().any(|word| word.starts_with("python") || *word == "pytest");
    // A link to a folder has its name alone.
    let module = path.strip_suffix("/__init__.py").or_else(|| path.strip_suffix(".py")).unwrap_or(path);
    if is_python && !module.contains(['/', '.', ' ']) {
        let is_one_of = |names: &str| names.contains(&format!(" {module} "));
        if is_one_of(LOADED_BY_RUNNERS) || (is_one_of(OF_PYTHON) && is_imported_by_tests(module)) {
            return true;
        }
    }
    if words.contains(&"make") && !path.contains('/') && words.contains(&path) {
        return true;
    }
    SEARCHED.iter().filter_map(|folder| path.strip_prefix(folder)).any(|path| {
        OF_ASSERTIONS.contains(&path) || FOLDERS_OF_ASSERTIONS.iter().any(|folder| path.starts_with(folder))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_the_place_of_a_runners_module_or_of_a_target_takes_its_name() {
        let takes = |path: &str, command: &str| takes_a_name(path, command, &|module| module == "decimal");
        for (path, command) in [
            ("unittest.py", "python3 -m unittest discover"),
            ("unittest", "python3 -m unittest discover"),
            ("pytest/__init__.py", "python -m pytest -q"),
            ("re.py", "pytest"),
            ("pprint.py", "python3 -m unittest"),
            ("decimal.py", "python3 -m unittest"),
            ("check", "make -j4 check"),
            ("lib/Test/More.pm", "prove -l t"),
            ("lib/minitest/ok_plugin.rb", "ruby -Ilib test/test_calc.rb"),
            ("assert.h", "make check"),
        ] {
            assert!(takes(path, command), "{path}");
        }
        for (path, command) in [
            ("shop.py", "python3 -m shop"),
            ("src/unittest.py", "python3 -m unittest"),
            ("unittest.py", "cargo test"),
            ("statistics.py", "python3 -m unittest"),
            ("check", "sh check"),
            ("checks", "make check"),
            ("lib/shop/more.pm", "prove -l t"),
            ("vendor/unity/unity.h", "make check"),
        ] {
            assert!(!takes(path, command), "{path}");
        }
    }
}
