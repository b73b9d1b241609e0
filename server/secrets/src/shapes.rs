//! Secrets that are known by their shape.

use memchr::{memchr, memmem};
use regex::bytes::{Match, Regex, RegexBuilder};
use std::{ops::Range, sync::LazyLock};

/// Shorter lines of a value of several lines, in bytes, are not masked on their own.
pub(super) const SHORTEST_LINE: usize = 16;

/// How far into a URL a password is looked for, in bytes.
const LONGEST_LOGIN: usize = 500;

/// Shapes of secrets that their issuers document. Each begins with a literal, so that a text without any of them is
/// skipped at the speed of a substring search. What an expression cannot say, [`token`] decides.
#[allow(clippy::expect_used, reason = "the pattern is constant and compiled by a test")]
static SHAPES: LazyLock<Regex> = LazyLock::new(|| {
    let shapes = [
        // Anthropic, OpenAI, OpenRouter.
        r"sk-(?:ant|proj|svcacct|admin|or-v1)-[A-Za-z0-9_-]{16,}",
        // OpenAI's older ones and its imitators'.
        r"sk-(?:[a-z0-9]{1,12}-){0,2}[A-Za-z0-9]{16}",
        // GitHub, GitLab, npm, Hugging Face, Stripe.
        r"gh[pousr]_[A-Za-z0-9]{20,}",
        r"github_pat_[A-Za-z0-9_]{22,}",
        r"glpat-[A-Za-z0-9_-]{16,}",
        r"npm_[A-Za-z0-9]{30,}",
        r"hf_[A-Za-z0-9]{30,}",
        r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,}",
        // Slack, AWS, Google.
        r"xox[abceoprs]-[A-Za-z0-9-]{10,}",
        r"A[KS]IA[A-Z0-9]{16}",
        r"AIza[A-Za-z0-9_-]{35}",
        r"ya29\.[A-Za-z0-9_-]{20,}",
        // JSON Web Tokens.
        r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",
        // Headers.
        r"(?:Bearer|bearer|BEARER)[ \t]+[A-Za-z0-9._~+/=-]{16,}",
        r"(?:A|a)uthorization:[ \t]*(?:Basic|basic)[ \t]+[A-Za-z0-9+/=]{8,}",
        // Logins in URLs, and private keys: only where they begin.
        r"://",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----",
    ];
    RegexBuilder::new(&shapes.join("|")).unicode(false).build().expect("a valid pattern")
});

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// Says whether a text has a secret of a known shape.
pub(super) fn has_known_shape(text: &[u8]) -> bool {
    let mut found = Vec::new();
    find_shapes(text, &mut found);
    !found.is_empty()
}

/// Says whether a text has what gives its holder somebody's access: an issuer's token, or a private key. Logins in URLs,
/// headers and web tokens do not count: tests and documents are full of made-up ones. Nor does a token that says of
/// itself that it is an example.
pub fn has_issued_key(text: &[u8]) -> bool {
    let mut found = Vec::new();
    find_shapes(text, &mut found);
    let issued: [&[u8]; 16] = [
        b"sk-ant-",
        b"sk-proj-",
        b"sk-svcacct-",
        b"sk-admin-",
        b"sk-or-v1-",
        b"ghp_",
        b"gho_",
        b"ghu_",
        b"ghs_",
        b"ghr_",
        b"github_pat_",
        b"glpat-",
        b"npm_",
        b"hf_",
        b"xox",
        b"-----BEGIN",
    ];
    let more: [&[u8]; 6] = [b"AKIA", b"ASIA", b"AIza", b"ya29.", b"sk_live_", b"rk_live_"];
    found.into_iter().filter_map(|place| text.get(place)).any(|key| {
        issued.iter().chain(&more).any(|prefix| key.starts_with(prefix))
            && memmem::find(&key.to_ascii_uppercase(), b"EXAMPLE").is_none()
    })
}

/// Says whether a text has a database's URL with a password that somebody may really use: not on this machine or under a
/// service's bare name, and with a password that is long and no plain word.
pub fn has_database_login(text: &[u8]) -> bool {
    const SCHEMES: [&[u8]; 11] = [
        b"postgres",
        b"postgresql",
        b"mysql",
        b"mysql2",
        b"mariadb",
        b"mongodb",
        b"mongodb+srv",
        b"redis",
        b"rediss",
        b"amqp",
        b"amqps",
    ];
    memmem::find_iter(text, b"://").any(|at| {
        let before = text.get(..at).unwrap_or_default();
        let is_scheme = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'+';
        let length = before.iter().rev().take(32).take_while(is_scheme).count();
        let scheme = before.get(at - length..).unwrap_or_default().to_ascii_lowercase();
        // A driver may stand behind it, such as in `postgresql+asyncpg`.
        let is_database =
            SCHEMES.iter().any(|known| scheme == *known || scheme.starts_with(&[known, &b"+"[..]].concat()));
        let Some(password) = login(text, at + 3).filter(|_| is_database) else { return false };
        let host: Vec<u8> = text
            .get(password.end + 1..)
            .unwrap_or_default()
            .iter()
            .take(255)
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
            .copied()
            .collect();
        let is_elsewhere = host.contains(&b'.') && !host.starts_with(b"127.") && host != b"0.0.0.0";
        let password = text.get(password).unwrap_or_default();
        let has = |is: fn(&u8) -> bool| password.iter().any(is);
        let is_made_up = !password.iter().all(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'-' | b'_' | b'.' | b'!' | b'%' | b'*' | b'~' | b'+')
        });
        is_elsewhere
            && !is_made_up
            && password.len() >= 10
            && has(u8::is_ascii_digit)
            && has(u8::is_ascii_alphabetic)
            && memmem::find(&password.to_ascii_uppercase(), b"EXAMPLE").is_none()
    })
}

/// Returns the password of the first URL in a text.
pub(super) fn password_of_url(text: &[u8]) -> Option<&[u8]> {
    let host = memmem::find(text, b"://")? + 3;
    text.get(login(text, host)?)
}

/// Finds the secrets of a known shape in a text.
pub(super) fn find_shapes(text: &[u8], found: &mut Vec<Range<usize>>) {
    let mut from = 0;
    while let Some(shape) = SHAPES.find_at(text, from) {
        match token(text, shape) {
            Some(range) => {
                from = range.end.max(shape.end());
                found.push(range);
            }
            // Only the beginning was not a secret; one may begin inside.
            None => from = shape.start() + 1,
        }
    }
}

/// Decides whether a shape is a secret, and which bytes are.
fn token(text: &[u8], shape: Match<'_>) -> Option<Range<usize>> {
    let begins_with = |prefixes: &[&[u8]]| prefixes.iter().any(|prefix| shape.as_bytes().starts_with(prefix));
    if begins_with(&[b"://"]) {
        return login(text, shape.end());
    }
    if begins_with(&[b"-----"]) {
        return Some(shape.start()..end_of_key(text, shape.end()));
    }
    if begins_with(&[b"sk-"])
        && !begins_with(&[b"sk-ant-", b"sk-proj-", b"sk-svcacct-", b"sk-admin-", b"sk-or-v1-"])
    {
        return plain_key(text, shape);
    }
    let is_bearer = begins_with(&[b"Bearer", b"bearer", b"BEARER"]);
    if is_bearer || begins_with(&[b"Authorization", b"authorization"]) {
        let blank = shape.as_bytes().iter().rposition(u8::is_ascii_whitespace)?;
        let token = shape.as_bytes().get(blank + 1..)?;
        let is_secret = !is_bearer || token.iter().any(u8::is_ascii_digit);
        return is_secret.then(|| shape.start() + blank + 1..shape.end());
    }
    Some(shape.range())
}

/// Decides about `sk-` without more of a prefix: not the end of another word, such as `task-`, and with a digit.
fn plain_key(text: &[u8], shape: Match<'_>) -> Option<Range<usize>> {
    let tail = text.get(shape.end()..).unwrap_or_default();
    let long = |most| {
        let is_token = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        shape.start()..shape.end() + tail.iter().take(most).take_while(is_token).count()
    };
    // The bound keeps short what is looked at again and again.
    let has_digit = text.get(long(64)).is_some_and(|token| token.iter().any(u8::is_ascii_digit));
    (has_digit && begins_word(text, shape.start())).then(|| long(usize::MAX))
}

/// Says whether a word begins here: not after a letter or digit, unless that belongs to an escape of JSON or a
/// terminal.
fn begins_word(text: &[u8], at: usize) -> bool {
    #[allow(clippy::expect_used, reason = "the pattern is constant and compiled by a test")]
    static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
        let before = r"(?:[^A-Za-z0-9]|\\[nrtbf]|\\u[0-9A-Fa-f]{4}|\[[0-9;]{0,12}m)\z";
        RegexBuilder::new(before).unicode(false).build().expect("a valid pattern")
    });
    at == 0 || text.get(at.saturating_sub(16)..at).is_some_and(|before| BEFORE.is_match(before))
}

/// Returns the password's place in a URL whose host (and login) begins at `start`.
fn login(text: &[u8], start: usize) -> Option<Range<usize>> {
    let rest = text.get(start..text.len().min(start + LONGEST_LOGIN))?;
    let end = rest.iter().position(|byte| byte.is_ascii_whitespace() || b"/\"'`<>\\?#".contains(byte));
    let authority = rest.get(..end.unwrap_or(rest.len()))?;
    let at = authority.iter().rposition(|byte| *byte == b'@')?;
    let colon = memchr(b':', authority.get(..at)?)?;
    (at > colon + 1).then_some(start + colon + 1..start + at)
}

/// Returns where the private key ends whose first line ends at `start`.
fn end_of_key(text: &[u8], start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    if let Some(dashes) = memmem::find(rest, b"-----") {
        let end = rest.get(dashes..).unwrap_or_default();
        let quoted = memchr(b'"', rest.get(..dashes).unwrap_or_default()).is_some();
        if let Some(name) = end.strip_prefix(b"-----END ").filter(|_| !quoted) {
            let name_len =
                name.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b' ').count();
            let closing = name.iter().skip(name_len).take(5).take_while(|byte| **byte == b'-').count();
            return start + dashes + 9 + name_len + closing;
        }
    }
    // It was cut: what is left of it are lines of base64.
    let mut end = 0;
    let mut at = 0;
    loop {
        let body = rest.get(at..).unwrap_or_default();
        let gap = match body {
            [b'\\', b'n' | b'r', ..] => 2,
            [byte, ..] if byte.is_ascii_whitespace() => 1,
            _ => 0,
        };
        if gap > 0 {
            at += gap;
            continue;
        }
        let run = body.iter().take_while(|byte| is_base64(**byte)).count();
        if run < SHORTEST_LINE {
            return start + end;
        }
        at += run;
        end = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_of_a_database_counts_where_it_may_be_real() {
        for real in [
            r#"DATABASE_URL="postgres://admin:s3cr3tPassw0rd@db.example.com:5432/prod""#,
            "postgresql+asyncpg://app:Zx81nqPw03@10.0.0.5/app",
            "url: mongodb+srv://shop:q8Wm2-zzT1k@cluster0.ab1cd.mongodb.net/shop",
            "mysql://root:hunter2hunter2@mysql.internal.corp/x",
            "REDIS=rediss://:p8f2c1d7e9a0@cache.prod.acme.io:6380",
        ] {
            assert!(has_database_login(real.as_bytes()), "{real}");
        }
        for made_up in [
            "postgres://postgres:postgres@localhost:5432/app",
            "postgres://app:Zx81nqPw03@localhost/app",
            "postgres://app:Zx81nqPw03@127.0.0.1/app",
            "postgres://app:Zx81nqPw03@db:5432/app",
            "postgres://user:password@db.example.com/app",
            "postgres://user:p4ssw0rd@db.example.com/app",
            "postgres://user:${DB_PASSWORD_1}@db.acme.io/app",
            "postgres://user:<password123>@db.acme.io/app",
            "postgres://db.acme.io:5432/app?user=a@b",
            "https://user:Zx81nqPw03@example.com/",
            "://",
            "postgres://",
            "postgres://a:b",
        ] {
            assert!(!has_database_login(made_up.as_bytes()), "{made_up}");
        }
    }
}
