//! What a plan is made of that stands elsewhere: a file, an address, an issue.

use crate::{Error, Result};
use alfine_files::{plain_file, programs::with_usual_folders};
use serde::Deserialize;
use std::{
    fmt::Write as _,
    io::Read,
    path::Path,
    process::{Command, Stdio},
};

/// The longest text that is read, in bytes: more of it no agent reads with care.
const LONGEST: u64 = 256 << 10;

/// What somebody wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Where it stands, as a plan names it.
    pub origin: String,
    /// What it says.
    pub text: String,
}

impl Source {
    /// Reads what `given` names: `-` for what comes in, `#12` or `OWNER/NAME#12` for an issue on GitHub, an address, or a
    /// file in `folder`.
    ///
    /// # Errors
    ///
    /// It cannot be read, is too long, or nothing stands in it.
    pub fn read(given: &str, folder: &Path, input: &mut dyn Read) -> Result<Self> {
        let source = if given == "-" {
            Self { origin: "standard input".to_owned(), text: text_of(bounded(input), "standard input")? }
        } else if let Some((repository, number)) = issue(given) {
            issue_on_github(repository, number, folder)?
        } else if ["http://", "https://"].iter().any(|scheme| starts_with(given, scheme)) {
            page(given, folder)?
        } else if given.contains("://") {
            return Err(Error::user(format!("{given} is no address that is read"))
                .hint("only http:// and https:// are; or save it as a file"));
        } else {
            let bytes = plain_file::read(&folder.join(given), LONGEST);
            Self { origin: given.to_owned(), text: text_of(bytes, given)? }
        };
        if !source.text.contains(char::is_alphanumeric) {
            return Err(Error::user(format!("nothing stands in {}", source.origin)));
        }
        Ok(source)
    }

    /// The text with the number of each line before it.
    pub fn numbered(&self) -> String {
        self.text.lines().enumerate().fold(String::new(), |mut all, (n, line)| {
            let _ = writeln!(all, "{}: {line}", n + 1);
            all
        })
    }
}

fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|own| own.eq_ignore_ascii_case(start))
}

/// The repository, if one is named, and the number of an issue.
fn issue(given: &str) -> Option<(Option<&str>, &str)> {
    let (repository, number) = given.split_once('#')?;
    let is_number =
        !number.is_empty() && number.len() < 10 && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let is_repository =
        repository.split('/').filter(|part| !part.is_empty() && !part.starts_with('-')).count() == 2
            && repository.chars().all(is_name);
    (is_number && (repository.is_empty() || is_repository))
        .then(|| (Some(repository).filter(|name| !name.is_empty()), number))
}

#[derive(Deserialize)]
struct Issue {
    title: String,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    comments: Vec<Comment>,
}

#[derive(Deserialize)]
struct Comment {
    #[serde(default)]
    author: Option<Author>,
    #[serde(default)]
    body: String,
}

#[derive(Deserialize)]
struct Author {
    login: String,
}

fn issue_on_github(repository: Option<&str>, number: &str, folder: &Path) -> Result<Source> {
    let mut arguments = vec!["issue", "view", number, "--json", "title,body,comments"];
    arguments.extend(repository.into_iter().flat_map(|name| ["--repo", name]));
    let json = output(
        "gh",
        &arguments,
        folder,
        "install the GitHub CLI (https://cli.github.com) and log in: gh auth login",
    )?;
    let issue: Issue = serde_json::from_str(&json).map_err(|error| {
        Error::user(format!("gh does not say what is in issue #{number}: {error}"))
            .hint("update it, or save the issue as a file")
    })?;
    let mut text = format!("{}\n\n{}\n", issue.title, issue.body.unwrap_or_default());
    for comment in &issue.comments {
        let author = comment.author.as_ref().map_or("somebody", |author| &author.login);
        let _ = write!(text, "\nComment of {author}:\n\n{}\n", comment.body);
    }
    let repository = repository.unwrap_or_default();
    Ok(Source { origin: format!("issue {repository}#{number}"), text })
}

/// What stands at an address. No HTTP of Alfine's own: `curl` is there nearly everywhere, and knows the user's proxies and
/// certificates.
fn page(address: &str, folder: &Path) -> Result<Source> {
    let most = LONGEST.to_string();
    let arguments = [
        "--fail",
        "--silent",
        "--show-error",
        "--location",
        "--max-redirs",
        "5",
        "--proto",
        "=http,https",
        "--proto-redir",
        "=http,https",
        "--max-time",
        "60",
        "--max-filesize",
        &most,
        "--",
        address,
    ];
    let text = output("curl", &arguments, folder, "install curl, or save the page as a file")?;
    Ok(Source { origin: address.to_owned(), text })
}

/// What a program prints, if it ends well.
fn output(program: &str, arguments: &[&str], folder: &Path, hint: &str) -> Result<String> {
    let failed = |why: String| Error::user(why).hint(hint);
    let mut child = Command::new(program)
        .args(arguments)
        .env("PATH", with_usual_folders(std::env::var_os("PATH").as_deref()))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(format!("{program} cannot be run: {error}")))?;
    let errors = child.stderr.take();
    let errors = std::thread::spawn(move || {
        let mut said = Vec::new();
        if let Some(errors) = errors {
            let _ = errors.take(4096).read_to_end(&mut said);
        }
        String::from_utf8_lossy(&said).trim().to_owned()
    });
    let said = child.stdout.take().map_or(Ok(Vec::new()), |mut stdout| bounded(&mut stdout));
    if said.is_err() {
        let _ = child.kill();
    }
    let status = child.wait().map_err(|error| failed(format!("{program} cannot be run: {error}")))?;
    let errors = errors.join().unwrap_or_default();
    let said = text_of(said, &format!("what {program} prints"))?;
    if status.success() { Ok(said) } else { Err(failed(format!("{program} failed: {errors}"))) }
}

fn bounded(input: &mut dyn Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        return Err(std::io::Error::new(
            std::io::ErrorKind::FileTooLarge,
            format!("it is longer than {} KiB", LONGEST >> 10),
        ));
    }
    Ok(bytes)
}

fn text_of(bytes: std::io::Result<Vec<u8>>, of: &str) -> Result<String> {
    let failed = |why: String| {
        Error::user(format!("{of} cannot be read: {why}"))
            .hint(format!("give a text of at most {} KiB, in UTF-8", LONGEST >> 10))
    };
    String::from_utf8(bytes.map_err(|error| failed(error.to_string()))?)
        .map_err(|_| failed("it is not UTF-8 text".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issues_are_known_by_their_numbers() {
        assert_eq!(issue("#12"), Some((None, "12")));
        assert_eq!(issue("owner/name#12"), Some((Some("owner/name"), "12")));
        for other in ["12", "#", "#x", "notes.md", "a#12", "a/b/c#1", "--x/y#1", "PLAN.md#T1", "#1234567890"]
        {
            assert_eq!(issue(other), None, "{other}");
        }
    }

    #[test]
    fn what_comes_in_is_bounded_and_numbered() {
        let read = |mut input: &[u8]| Source::read("-", Path::new("/"), &mut input);
        assert_eq!(read(b"a\n\nb\n").unwrap().numbered(), "1: a\n2: \n3: b\n");
        let long = vec![b'x'; usize::try_from(LONGEST).unwrap() + 1];
        assert!(read(&long).unwrap_err().message.contains("longer than 256 KiB"));
        assert!(read(b"\xff").unwrap_err().message.contains("not UTF-8"));
        assert!(read(b" \n--\n").unwrap_err().message.contains("nothing stands in"));
        let other = Source::read("ftp://x/y", Path::new("/"), &mut std::io::empty()).unwrap_err();
        assert!(other.message.contains("no address"), "{}", other.message);
    }
}
