//! What an agent said in a loop's runs, read back from the transcripts: page by page, as events.

use crate::{Result, project::Project};
use alfine_agents::{Exit, PriorSession};
use alfine_core::agent::AgentEvent;
use alfine_store::{LoopRow, RunRow};
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

/// How much of a transcript one page covers, in bytes, before it ends at the end of a line.
const PAGE: u64 = 256 << 10;

/// The runs of an iteration, or of all.
pub fn runs_of(project: &Project, row: &LoopRow, iteration: Option<u32>) -> Result<Vec<RunRow>> {
    let mut runs = project.store.runs(&row.id)?;
    runs.retain(|run| iteration.is_none_or(|only| only == run.iteration));
    Ok(runs)
}

/// What the agent said in an iteration from a byte on, counted over the iteration's transcripts one after another, and
/// the byte to go on from; `None` if there will be no more.
///
/// # Errors
///
/// The database cannot be read. A transcript that is gone has nothing more to say.
pub fn page(
    project: &Project,
    row: &LoopRow,
    iteration: u32,
    after: u64,
) -> Result<(Vec<AgentEvent>, Option<u64>)> {
    let runs = runs_of(project, row, Some(iteration))?;
    let is_last = iteration >= row.summary.iteration && row.ended_at.is_none();
    let mut events = Vec::new();
    let mut before = 0u64;
    for (n, run) in runs.iter().enumerate() {
        let path = project.layout.transcript(row.id.as_str(), run.n);
        let length = path.metadata().map_or(0, |file| file.len());
        let goes_on = run.ended_at.is_none();
        if after >= before.saturating_add(length) && !goes_on {
            before = before.saturating_add(length);
            continue;
        }
        let from = after.saturating_sub(before);
        let read = events_of(&row.agent, &path, from, &mut |event| {
            events.push(event);
            true
        });
        let until = before.saturating_add(match read {
            Ok(until) => until,
            // One that is gone has nothing more to say.
            Err(_) => length.max(from),
        });
        let whole = until >= before.saturating_add(length);
        let more = goes_on || !whole || n + 1 < runs.len() || is_last;
        return Ok((events, more.then_some(until)));
    }
    Ok((events, is_last.then_some(after.min(before))))
}

/// Decodes a page of a transcript from a byte on, which is the beginning of a line, and returns where it ended: after
/// the last whole line. `take` says whether it wants more of the page.
pub fn events_of(
    agent: &str,
    path: &Path,
    from: u64,
    take: &mut dyn FnMut(AgentEvent) -> bool,
) -> io::Result<u64> {
    let adapter = alfine_agents::adapter(agent).map_err(io::Error::other)?;
    let mut decoder = adapter.decoder(&PriorSession::default());
    let mut file = File::open(path)?;
    let mut chunk = vec![0; 64 << 10];
    let (mut at, mut whole, mut wants) = (from, from, true);
    while wants && !(whole > from && at.saturating_sub(from) >= PAGE) {
        file.seek(SeekFrom::Start(at))?;
        let read = file.read(&mut chunk)?;
        let bytes = chunk.get(..read).unwrap_or_default();
        // Only whole lines, unless a single line is longer than a page. The rest is for the next page.
        let lines = match memchr::memrchr(b'\n', bytes) {
            Some(end) => end + 1,
            None if read == chunk.len() => 0,
            None => break,
        };
        let fed = if lines > 0 { lines } else { read };
        decoder.push(bytes.get(..fed).unwrap_or_default(), &mut |event| wants = take(event) && wants);
        at = at.saturating_add(fed as u64);
        if lines > 0 {
            whole = at;
        }
    }
    if whole == at {
        // The decoder holds a message back until what follows shows that it is complete. The next page begins after it.
        decoder.finish(Exit::default(), "", &mut |event| {
            if !matches!(event, AgentEvent::Ended { .. }) {
                take(event);
            }
        });
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn line(id: &str, text: &str) -> String {
        let message = serde_json::json!({ "id": id, "content": [{ "type": "text", "text": text }] });
        format!("{}\n", serde_json::json!({ "type": "assistant", "message": message }))
    }

    fn texts(path: &Path, from: u64) -> (Vec<String>, u64) {
        let mut texts = Vec::new();
        let until = events_of("claude", path, from, &mut |event| {
            if let AgentEvent::Text { text } = event {
                texts.push(text);
            }
            true
        });
        (texts, until.unwrap())
    }

    #[test]
    fn a_page_has_the_last_message_too_and_the_next_one_does_not() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let (one, two) = (line("1", "One."), line("2", "Two."));
        write!(file, "{one}{two}{}", &line("3", "Three.")[..20]).unwrap();
        let (first, until) = texts(file.path(), 0);
        assert_eq!((first, until), (vec!["One.".to_owned(), "Two.".to_owned()], (one + &two).len() as u64));
        assert_eq!(texts(file.path(), until), (Vec::new(), until));
        write!(file, "{}", &line("3", "Three.")[20..]).unwrap();
        assert_eq!(texts(file.path(), until).0, ["Three."]);
    }

    #[test]
    fn a_line_longer_than_what_is_read_at_once_is_one_line() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let long = "x".repeat(200 << 10);
        write!(file, "{}", line("1", &long)).unwrap();
        assert_eq!(texts(file.path(), 0).0, [long]);
    }
}
