//! What the words of a task name: what it makes, and what else it is about.
//!
//! A name is an identifier or an endpoint in backticks, a file, or what stands before a word for a kind of work: the
//! *coupon* of *coupon page*. A task makes what its title or a line of its text says to create.

use crate::lint::{LintOptions, file};
use crate::plan::Task;
use std::{borrow::Cow, ops::Range};

/// Something that tasks name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Name {
    /// A table, a type, a function: as it is written.
    Identifier(String),
    /// A file, from the root or as it is called.
    File(String),
    /// `post /coupons`; without its method if its path says that it is one.
    Endpoint(String),
}

impl Name {
    /// The name as people write it.
    pub(super) fn as_written(&self) -> String {
        match self {
            Self::Identifier(name) | Self::File(name) => name.clone(),
            Self::Endpoint(name) => match name.split_once(' ') {
                Some((method, path)) => format!("{} {path}", method.to_ascii_uppercase()),
                None => name.clone(),
            },
        }
    }
}

/// A name that a task makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) name: Name,
    /// Whether the title says it, with a word for what it is: nobody means anything else by that.
    pub(super) is_sure: bool,
}

/// A word that a title has before or behind a word for a kind of work: *coupon* in *a page for coupons*.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Topic {
    pub(super) word: String,
    /// The kind of work: each needs those before it.
    pub(super) layer: usize,
    /// Whether the title says to create it.
    pub(super) is_made: bool,
}

/// What a task names.
#[derive(Debug, Default)]
pub(super) struct Named {
    pub(super) makes: Vec<Made>,
    pub(super) names: Vec<Name>,
    pub(super) topics: Vec<Topic>,
    /// Whether its title says to change what is there.
    pub(super) changes: bool,
}

/// Words that a sentence begins with that creates something.
const CREATES: &str =
    "add build create declare define design generate implement introduce make new scaffold write";
/// The same words of what a migration does.
const CREATES_IT: &str = "creates adds makes introduces";
/// Words that a title begins with that works on what is there.
const CHANGES: &str = "change clean convert delete deprecate document drop extend fix improve migrate move optimise optimize \
     refactor remove rename replace review test update upgrade verify";
/// Words between such a word and the name.
const BETWEEN: &str = "a an the our its new initial first basic simple empty small shared common core main public private \
     internal sql database db postgres postgresql sqlite mysql prisma rest http json react vue svelte \
     typescript rust python go backend frontend front-end server async generic abstract domain data";
/// What a schema is made of.
const OF_SCHEMA: &str = "table tables migration migrations collection view model models entity";
/// What types are called.
const OF_TYPES: &str = "type types struct structs interface interfaces class classes enum enums trait traits protocol record \
     dataclass dto entity model models";
/// What other code is called.
const OF_CODE: &str = "schema exception error function functions method methods hook hooks component components module modules helper helpers service services store repository \
     client parser middleware macro constant fixture";
/// What endpoints are called.
const OF_ENDPOINTS: &str = "endpoint endpoints route routes api handler resolver";
/// What files are called.
const OF_FILES: &str = "file files module script config";
/// Words that a declaration begins with.
const DECLARES: &str = "class struct interface type enum trait protocol def fn func function record";
/// Words before them.
const MODIFIES: &str = "export default pub public abstract async final sealed data";
/// Words of a line that is about what is not there, or not needed.
const NEGATES: &str = "not no don't doesn't never without except unlike like instead later future yet mock mocks stub stubs fake \
     placeholder unchanged untouched similar";
/// Words that are names of much: alone they say nothing.
const COMMON: &str = "all app args body bool code config count create data date default delete description email error errors \
     false file get index int item items key list main message model name new none null number object option \
     options path post result run self setup state status string test tests text this time title todo true \
     type update url value version";
/// Words of titles that say what is done, not what it is about.
const NO_TOPICS: &str = "add admin all and are base basic build can change common create custom data default detail display each \
     empty error existing extend first fix for from full generic get has home http implement initial into \
     introduce its json landing let list main make mobile new not old one other out per public remove rest \
     root same second set setup shared show simple single start support task test that the then this two \
     update use via web when with write";
/// Words behind a name that say more of it.
const JOINS: &str = "and with in that which for by using so";
/// What a method of HTTP is called.
const METHODS: &str = "GET POST PUT PATCH DELETE";
/// Brands that are written like types.
const BRANDS: &str = "javascript typescript github gitlab postgresql mysql sqlite mongodb graphql openai openapi oauth iphone \
     ipad linkedin youtube paypal wordpress nodejs nextjs dynamodb macos webassembly websocket websockets \
     webgl latex vscode tailwindcss devops";
/// Words of one topic at most.
const LONGEST_TOPIC: usize = 3;
/// How many names of a task are looked at.
const MOST_NAMES: usize = 200;

/// A piece of a line.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Piece<'t> {
    /// Code in backticks.
    Code(&'t str),
    /// A word that can only be a name: a path, `CouponStore`, `coupon_codes`.
    Written(&'t str),
    /// Any other word, and it in lower case.
    Word(&'t str),
    /// Something between parts of a sentence.
    Sign(char),
}

impl Piece<'_> {
    fn is_any(self, words: &str) -> bool {
        match self {
            Piece::Word(word) => is_in(words, word),
            Piece::Code(_) | Piece::Written(_) | Piece::Sign(_) => false,
        }
    }
}

/// Whether a word is in a list, in any case.
fn is_in(words: &str, word: &str) -> bool {
    words.split(' ').any(|known| known.eq_ignore_ascii_case(word))
}

/// Reads what a task names.
pub(super) fn named(text: &str, task: &Task, options: &LintOptions) -> Named {
    let mut named = Named::default();
    let title = title_of(text, task);
    let title = pieces(&title);
    named.changes = title.first().is_some_and(|first| first.is_any(CHANGES));
    let has = |words: &str| title.iter().any(|piece| piece.is_any(words));
    let creates = title.first().is_some_and(|first| first.is_any(CREATES));
    let of_schema = !named.changes && (has("migration migrations schema") || creates && has("table tables"));
    made_in(&title, Place { is_title: true, of_schema }, &mut named.makes);
    named.topics = if named.changes { Vec::new() } else { topics(&title, options) };
    mentioned_in(&title, &mut named.names);
    let mut is_fenced = false;
    let criteria = task.criteria.iter().map(|criterion| criterion.text.as_str());
    for line in task.details.lines().chain(criteria.flat_map(str::lines)) {
        let line = line.trim_start();
        if line.starts_with("```") || line.starts_with("~~~") {
            is_fenced = !is_fenced;
            continue;
        }
        let names_some = line.contains(['`', '/', '_', '.']) || line.contains("table") || has_hump(line);
        if is_fenced || !names_some {
            continue;
        }
        let pieces = pieces(line.trim_start_matches(['-', '*', '+', '>', ' ']));
        made_in(&pieces, Place { is_title: false, of_schema }, &mut named.makes);
        mentioned_in(&pieces, &mut named.names);
        if named.names.len() > MOST_NAMES {
            break;
        }
    }
    named.names.sort_unstable();
    named.names.dedup();
    named.makes.sort_by(|a, b| a.name.cmp(&b.name).then(b.is_sure.cmp(&a.is_sure)));
    named.makes.dedup_by(|later, first| later.name == first.name);
    named
}

/// A task's title with the backticks that it has in its document.
fn title_of<'t>(text: &str, task: &'t Task) -> Cow<'t, str> {
    let written = task.title_span.of(text);
    if task.title.contains('`') || !written.contains('`') {
        return Cow::Borrowed(&task.title);
    }
    let mut title = String::with_capacity(written.len());
    let mut rest = task.title.as_str();
    for piece in pieces(written) {
        if let Piece::Code(code) = piece
            && let Some((before, behind)) = rest.split_once(code)
        {
            title.extend([before, "`", code, "`"]);
            rest = behind;
        }
    }
    Cow::Owned(title + rest)
}

/// Takes a line apart.
fn pieces(line: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let end = rest.find('`').unwrap_or(rest.len());
        let (prose, code) = rest.split_at(end);
        let mut before = None;
        for word in words_of(prose) {
            let method = before
                .replace(word.clone())
                .filter(|before| METHODS.split(' ').any(|known| known == &prose[before.clone()]));
            push_word(prose, word, method.map(|method| method.start), &mut pieces);
        }
        let ticks = code.len() - code.trim_start_matches('`').len();
        let (fence, code) = code.split_at(ticks);
        rest = match code.find(fence).filter(|_| ticks > 0) {
            Some(end) => {
                pieces.push(Piece::Code(code.get(..end).unwrap_or_default().trim()));
                code.get(end + ticks..).unwrap_or_default()
            }
            None => code,
        };
    }
    pieces
}

/// The places of what stands between blanks.
fn words_of(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut end = 0;
    std::iter::from_fn(move || {
        let rest = text.get(end..)?;
        let start = end + rest.find(|c: char| !c.is_whitespace())?;
        let rest = text.get(start..)?;
        end = start + rest.find(char::is_whitespace).unwrap_or(rest.len());
        Some(start..end)
    })
}

/// Adds a word, with the signs around it. `method` is where the word before it begins, if that is one of HTTP's methods.
fn push_word<'t>(text: &'t str, place: Range<usize>, method: Option<usize>, pieces: &mut Vec<Piece<'t>>) {
    let word = &text[place.clone()];
    let is_edge = |c: char| !(c.is_alphanumeric() || matches!(c, '/' | '_' | '.' | '-' | '$' | '~' | '@'));
    let inner = word.trim_start_matches(is_edge);
    let start = place.end - inner.len();
    let inner = inner.trim_end_matches(|c| is_edge(c) || c == '.');
    if word.starts_with('(') {
        pieces.push(Piece::Sign('('));
    }
    if !inner.is_empty() && inner != "-" {
        let of_method = method.filter(|_| inner.starts_with('/') && inner.len() > 1);
        let piece = match (of_method, file(inner)) {
            (Some(method), _) => {
                pieces.pop();
                Piece::Written(&text[method..start + inner.len()])
            }
            (None, Some(path)) => Piece::Written(path),
            (None, None) if inner.starts_with('/') && !endpoint(inner).is_empty() => Piece::Written(inner),
            // `Coupons#create` is a part of `Coupons`.
            (None, None) => match inner.split(['#', '(', ':', '.']).next().filter(|name| is_written(name)) {
                Some(name) => Piece::Written(name),
                None => Piece::Word(inner),
            },
        };
        pieces.push(piece);
    }
    let mut behind = word.chars().rev().take_while(|c| is_edge(*c) || *c == '.');
    pieces.extend(behind.find(|c| matches!(c, '.' | ',' | ':' | ';' | ')' | '—' | '–')).map(Piece::Sign));
}

/// Whether a word of prose can only be a name.
fn is_written(word: &str) -> bool {
    let is_name = word.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name
        && word.starts_with(|c: char| c.is_ascii_alphabetic())
        && (word.trim_matches('_').contains('_') || has_hump(word))
        && !is_in(BRANDS, word)
}

/// Whether a capital follows a small letter.
fn has_hump(text: &str) -> bool {
    text.as_bytes().windows(2).any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
}

/// Whether an identifier is one of few: `expires_at`, `couponCode`, `Coupon`.
fn is_telling(identifier: &str) -> bool {
    let inner = identifier.trim_matches('_');
    inner.contains('_')
        || has_hump(inner)
        || inner.len() > 3
            && inner.starts_with(|c: char| c.is_ascii_uppercase())
            && inner.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// Whether a name of several words is longer than those of most brands.
fn is_long(name: &str) -> bool {
    name.len() >= 8 && (has_hump(name) || name.contains('_'))
}

/// An identifier, if it is long enough to be the name of one thing.
fn identifier(text: &str) -> Option<String> {
    let is_name = text.len() > 2
        && text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !is_in(COMMON, text);
    is_name.then(|| text.to_owned())
}

/// An endpoint, with and without its method.
fn endpoint(code: &str) -> Vec<Name> {
    let (method, path) = match code.split_once(char::is_whitespace) {
        Some((method, path)) if METHODS.split(' ').any(|known| known == method) => {
            (Some(method), path.trim())
        }
        Some(_) => return Vec::new(),
        None => (None, code),
    };
    let is_path = path.len() > 1 && path.starts_with('/') && !path.contains(char::is_whitespace);
    if !is_path || path.starts_with("//") || file(path).is_some() {
        return Vec::new();
    }
    let path = path.trim_end_matches('/').to_ascii_lowercase();
    let says_so = path.split('/').any(|part| part == "api");
    let with = method.map(|method| format!("{} {path}", method.to_ascii_lowercase()));
    with.into_iter().chain(says_so.then(|| path.clone())).map(Name::Endpoint).collect()
}

/// What code declares: `class Coupon`, `CREATE TABLE coupons`.
fn declared(code: &str) -> Option<Name> {
    let mut words =
        code.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.'))).filter(|w| !w.is_empty());
    let mut first = words.next()?;
    if first == "CREATE" {
        let table = words.find(|word| !matches!(*word, "TABLE" | "UNLOGGED" | "IF" | "NOT" | "EXISTS"))?;
        let is_table = code.split_whitespace().nth(1) == Some("TABLE");
        return is_table.then(|| identifier(table).map(Name::Identifier))?;
    }
    while is_in(MODIFIES, first) {
        first = words.next()?;
    }
    let name = is_in(DECLARES, first).then(|| words.next())??;
    identifier(name).map(Name::Identifier)
}

/// What stands in code, or in a word that can only be a name: a file, an endpoint, or an identifier and what is telling of
/// its parts. The first is what it is a name of.
fn names_of(code: &str) -> Vec<Name> {
    let endpoints = endpoint(code);
    if !endpoints.is_empty() {
        return endpoints;
    }
    if code.contains(char::is_whitespace) {
        return of_statement(code);
    }
    if let Some(path) = file(code) {
        let path = path.trim_start_matches("./");
        let table = table_of_migration(path).map(Name::Identifier);
        let endpoint = endpoint_of_file(path).map(Name::Endpoint);
        return std::iter::once(Name::File(path.to_owned())).chain(table).chain(endpoint).collect();
    }
    if code.starts_with(['-', '$', '@', '#', '/', '.', '<']) || code.contains("://") || code.ends_with('/') {
        return Vec::new();
    }
    let mut parts = code.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|part| !part.is_empty());
    let first = parts.next().and_then(identifier);
    let others = parts.filter(|part| is_telling(part)).filter_map(identifier);
    first.into_iter().chain(others).map(Name::Identifier).collect()
}

/// What a task makes that says to make this code: of an identifier only itself, and not what its parts name.
fn names_made(code: &str) -> Vec<Name> {
    let mut names = declared(code).map_or_else(|| names_of(code), |name| vec![name]);
    if let Some(Name::Identifier(_)) = names.first() {
        names.truncate(1);
    }
    names
}

/// What a declaration, or a statement of SQL, is about. Any other code of several words is a command.
fn of_statement(code: &str) -> Vec<Name> {
    const STATEMENTS: &[&str] =
        &["CREATE", "ALTER", "INSERT", "SELECT", "UPDATE", "DELETE", "DROP", "TRUNCATE"];
    if let Some(name) = declared(code) {
        return vec![name];
    }
    let words: Vec<&str> =
        code.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty()).collect();
    if !words.first().is_some_and(|first| STATEMENTS.contains(first)) {
        return Vec::new();
    }
    let tables =
        words.windows(2).filter(|pair| matches!(pair[0], "FROM" | "INTO" | "TABLE" | "JOIN" | "UPDATE"));
    tables.filter_map(|pair| identifier(pair[1])).map(Name::Identifier).collect()
}

/// The table that a migration creates, by the name of its file: `migrations/003_create_coupons.sql`.
fn table_of_migration(path: &str) -> Option<String> {
    let (folder, name) = path.rsplit_once('/')?;
    let is_migration = folder.split('/').any(|part| part.starts_with("migrat") || part == "alembic");
    let stem = name.split('.').find(|_| is_migration)?;
    let (_, table) = stem.split_once("create_")?;
    identifier(table.strip_prefix("table_").unwrap_or(table).trim_end_matches("_table"))
}

/// The endpoint that a file serves by where it lies: `app/api/coupons/route.ts`.
fn endpoint_of_file(path: &str) -> Option<String> {
    let folder = path.strip_suffix("/route.ts").or_else(|| path.strip_suffix("/route.js"))?;
    let at = folder.find("api/").filter(|&at| at == 0 || folder[..at].ends_with('/'))?;
    Some(format!("/{}", &folder[at..]).to_ascii_lowercase())
}

/// Notes down what a line names. A line that says that something is not there, or not needed, names nothing.
fn mentioned_in(pieces: &[Piece<'_>], names: &mut Vec<Name>) {
    if pieces.iter().any(|piece| piece.is_any(NEGATES)) {
        return;
    }
    for (at, piece) in pieces.iter().enumerate() {
        match *piece {
            Piece::Code(code) | Piece::Written(code) => names.extend(names_of(code)),
            // The table of *in the coupons table* is called so.
            Piece::Word(word) if pieces.get(at + 1).is_some_and(|next| next.is_any("table")) => {
                names.extend(table(word));
            }
            Piece::Word(_) | Piece::Sign(_) => {}
        }
    }
}

/// A table by a word of prose.
fn table(word: &str) -> Option<Name> {
    let is_one = word.len() > 2
        && word.starts_with(|c: char| c.is_ascii_lowercase())
        && [BETWEEN, CREATES, CHANGES, NO_TOPICS, OF_SCHEMA].iter().all(|words| !is_in(words, word));
    is_one.then(|| identifier(word)).flatten().map(Name::Identifier)
}

/// Where a line stands that may say to create something.
#[derive(Debug, Clone, Copy)]
struct Place {
    is_title: bool,
    /// In a task that makes tables, by its title: its lines say which, and what is in them.
    of_schema: bool,
}

/// Notes down what a line says to create.
fn made_in(pieces: &[Piece<'_>], place: Place, makes: &mut Vec<Made>) {
    for piece in pieces {
        if let Piece::Code(code) = piece
            && code.starts_with("CREATE TABLE")
            && let Some(name) = declared(code)
        {
            makes.push(Made { name, is_sure: place.is_title });
        }
    }
    for (at, piece) in pieces.iter().enumerate() {
        let begins = match at.checked_sub(1).and_then(|before| pieces.get(before)) {
            None | Some(Piece::Sign('.' | ':' | ';' | '—' | '–')) => true,
            // *a migration that creates `coupons`*
            Some(before) => before.is_any("and then") || place.of_schema && piece.is_any(CREATES_IT),
        };
        if begins {
            clause(&pieces[at..], at == 0, place, makes);
        }
    }
}

/// Reads a part of a sentence from its beginning: *create the `coupons` table*, or of a title *`coupons` table* alone.
fn clause(pieces: &[Piece<'_>], is_first: bool, place: Place, makes: &mut Vec<Made>) {
    let Place { is_title, of_schema } = place;
    let may_be_bare = is_first && (is_title || of_schema);
    let is_verb = |first: &Piece<'_>| first.is_any(CREATES) || of_schema && first.is_any(CREATES_IT);
    let verb = pieces.first().filter(|first| is_verb(first));
    let produces = pieces.first().is_some_and(|first| first.is_any("produces exports"));
    let rest = match pieces.split_first() {
        Some((_, rest)) if verb.is_some() || produces => rest,
        _ if may_be_bare => pieces,
        _ => return,
    };
    let is_said = verb.is_some() || produces;
    let skipped =
        rest.iter().take_while(|piece| piece.is_any(BETWEEN) || matches!(piece, Piece::Sign(':'))).count();
    let rest = &rest[skipped..];
    let is_kind = |piece: &Piece<'_>| {
        [OF_SCHEMA, OF_TYPES, OF_CODE, OF_ENDPOINTS, OF_FILES].iter().any(|kind| piece.is_any(kind))
    };
    let (codes, length) = listed(rest);
    if !codes.is_empty() {
        let behind = rest.get(length);
        let mut kinds = rest[length..].iter().skip_while(|piece| piece.is_any(BETWEEN) || piece.is_any("ui"));
        let kind = kinds.next().filter(|piece| is_kind(piece));
        let ends = behind.is_none_or(|piece| matches!(piece, Piece::Sign(_)) || piece.is_any(JOINS));
        let goes_elsewhere = behind.is_some_and(|piece| piece.is_any("to into as on from"));
        let is_addition = verb.is_some_and(|verb| verb.is_any("add make generate"));
        for (code, is_code) in codes {
            let names = names_made(code);
            let is_one = match names.first() {
                None => continue,
                Some(Name::File(_)) => is_said && !goes_elsewhere,
                Some(Name::Endpoint(_)) => kind.is_some() || is_said && !goes_elsewhere,
                Some(Name::Identifier(name)) => match kind {
                    Some(kind) if kind.is_any(OF_SCHEMA) || kind.is_any(OF_TYPES) => true,
                    Some(_) => is_telling(name),
                    // Of a brand a noun follows: *implement WhatsApp notifications*.
                    None if !is_said || goes_elsewhere => false,
                    None if !is_code && (!ends || !is_long(name)) => false,
                    None => produces || of_schema && ends || !is_addition && is_telling(name),
                },
            };
            let is_sure = is_title && kind.is_some();
            makes.extend(names.into_iter().filter(|_| is_one).map(|name| Made { name, is_sure }));
        }
        return;
    }
    if let [first, behind @ ..] = rest
        && is_kind(first)
    {
        return of_kind(*first, behind, is_title, makes);
    }
    // *the coupons table*, *the Book model*
    if let [Piece::Word(word), kind, ..] = rest {
        let is_type = kind.is_any(OF_TYPES) && word.starts_with(|c: char| c.is_ascii_uppercase());
        let name = match kind.is_any("table migration") {
            true => table(word),
            false if is_said && is_type && is_telling(word) => identifier(word).map(Name::Identifier),
            false => None,
        };
        makes.extend(name.map(|name| Made { name, is_sure: is_title && kind.is_any("table") }));
        // *create the Book model in src/models/book.py*
        let is_new = verb.is_some_and(|verb| verb.is_any("create define write introduce"));
        let mut places = rest.windows(2).filter(|pair| pair[0].is_any("in"));
        if is_title
            && is_new
            && let Some([_, Piece::Written(path) | Piece::Code(path)]) = places.next()
            && let Some(path) = file(path)
        {
            makes.push(Made { name: Name::File(path.to_owned()), is_sure: false });
        }
    }
}

/// Reads *table `coupons`*, *migration for the `coupons` table*.
fn of_kind(kind: Piece<'_>, behind: &[Piece<'_>], is_title: bool, makes: &mut Vec<Made>) {
    let is_between = |piece: &Piece<'_>| {
        piece.is_any(BETWEEN)
            || piece.is_any("called named")
            || matches!(piece, Piece::Sign(':' | '('))
            || kind.is_any("migration migrations table tables") && piece.is_any("for of")
    };
    let skipped = behind.iter().take_while(|piece| is_between(piece)).count();
    let behind = &behind[skipped..];
    let (codes, _) = listed(behind);
    if let ([], [Piece::Word(word), table_word, ..]) = (&codes[..], behind)
        && table_word.is_any("table")
    {
        makes.extend(table(word).map(|name| Made { name, is_sure: is_title }));
    }
    for (code, _) in codes {
        makes.extend(names_made(code).into_iter().map(|name| Made { name, is_sure: is_title }));
    }
}

/// The names that a list begins with, each with whether it is code, and how long that is: `` `A`, `B` and `C` ``.
fn listed<'t>(pieces: &[Piece<'t>]) -> (Vec<(&'t str, bool)>, usize) {
    let (mut names, mut length) = (Vec::new(), 0);
    for (at, piece) in pieces.iter().enumerate() {
        match *piece {
            Piece::Code(code) => names.push((code, true)),
            Piece::Written(name) => names.push((name, false)),
            Piece::Sign(',') if !names.is_empty() => continue,
            Piece::Word(word) if !names.is_empty() && word.eq_ignore_ascii_case("and") => continue,
            Piece::Word(_) | Piece::Sign(_) => break,
        }
        length = at + 1;
    }
    (names, length)
}

/// The topics of a title, each with the kind of work that is done on it. None if the title has words of several kinds.
fn topics(title: &[Piece<'_>], options: &LintOptions) -> Vec<Topic> {
    let layers = options.layers();
    let layer_of = |piece: &Piece<'_>| match piece {
        Piece::Word(word) => {
            layers.iter().position(|(_, words)| words.iter().any(|known| known.eq_ignore_ascii_case(word)))
        }
        Piece::Code(_) | Piece::Written(_) | Piece::Sign(_) => None,
    };
    let mut found = title.iter().filter_map(layer_of);
    let Some(layer) = found.next().filter(|layer| found.all(|other| other == *layer)) else {
        return Vec::new();
    };
    let topic_word = |piece: &Piece<'_>| topic_word(piece).filter(|_| layer_of(piece).is_none());
    let begins_with = |pieces: &[Piece<'_>]| {
        let (first, others) =
            pieces.split_at(usize::from(pieces.first().is_some_and(|one| one.is_any(CREATES))));
        first.len() + others.iter().filter(|piece| piece.is_any(BETWEEN)).count() == pieces.len()
    };
    let mut topics = Vec::new();
    for (at, _) in title.iter().enumerate().filter(|(_, piece)| layer_of(piece).is_some()) {
        // *coupon page*
        let before = title[..at].iter().rev().take_while(|piece| topic_word(piece).is_some()).count();
        let mut words: Vec<String> = title[at - before..at].iter().filter_map(topic_word).collect();
        // *page for coupons*
        if let (0, [of, behind @ ..]) = (before, &title[at + 1..])
            && of.is_any("for of")
        {
            words = behind.iter().skip_while(|piece| piece.is_any(BETWEEN)).map_while(topic_word).collect();
        }
        if !words.is_empty() && words.len() <= LONGEST_TOPIC {
            let is_made = begins_with(&title[..at - before]);
            topics.push(Topic { word: words.join(" "), layer, is_made });
        }
    }
    topics
}

/// A word that says what work is about, in the singular.
fn topic_word(piece: &Piece<'_>) -> Option<String> {
    let word = match piece {
        Piece::Word(word) | Piece::Written(word) | Piece::Code(word) => *word,
        Piece::Sign(_) => return None,
    };
    let lower = word.to_lowercase();
    let singular = match lower.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None if lower.ends_with("ss") => lower.clone(),
        None => lower.strip_suffix('s').unwrap_or(&lower).to_owned(),
    };
    let is_topic = singular.chars().count() > 2
        && singular.chars().all(char::is_alphabetic)
        && [NO_TOPICS, BETWEEN, OF_SCHEMA, OF_ENDPOINTS]
            .iter()
            .all(|words| !is_in(words, &singular) && !is_in(words, &lower))
        // A review is a thing, too.
        && !is_in(CREATES, &lower)
        && !is_in(CHANGES, &lower);
    is_topic.then_some(singular)
}
