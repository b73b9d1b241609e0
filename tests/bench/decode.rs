//! How fast Claude Code's stream is decoded, and in how much memory.
//!
//! `cargo bench --profile dist -p alfine-tests --bench decode`; the last line is of 1 GB in one piece.

use alfine_agents::{Exit, PriorSession, adapter};
use criterion::{Criterion, Throughput};
use serde_json::json;
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant};

/// What is read from a pipe at once.
const CHUNK: usize = 64 << 10;

/// Makes one turn of an agent as the CLI prints it: a text, then tools whose results are source code, each printed
/// twice, once for the model and once as it is.
fn turn() -> Vec<u8> {
    let mut stream = String::new();
    let mut say = |line: &serde_json::Value| {
        let _ = writeln!(stream, "{line}");
    };
    let assistant = |block: serde_json::Value| {
        json!({"type": "assistant", "message": {"id": "msg_1", "type": "message", "role": "assistant",
            "model": "claude-opus-5-5", "content": [block], "usage": {"input_tokens": 1000, "output_tokens": 1}},
            "parent_tool_use_id": null, "session_id": "bd5890f5-fd62-45b4-967e-7c9eab47f5ef"})
    };
    say(&assistant(json!({"type": "text", "text": "I'll look at \"the\" files.\n".repeat(8)})));
    let mut source = SourceCode { seed: 7 };
    for (number, size) in [1, 4, 1, 16, 2, 1, 40, 1].into_iter().enumerate() {
        let id = format!("toolu_{number}");
        let output = source.lines(120 * size);
        say(&assistant(
            json!({"type": "tool_use", "id": id, "name": "Bash", "input": {"command": "cat src/*.rs"}}),
        ));
        say(&json!({"type": "user", "message": {"role": "user", "content":
            [{"tool_use_id": id, "type": "tool_result", "content": output, "is_error": false}]},
            "parent_tool_use_id": null, "session_id": "bd5890f5-fd62-45b4-967e-7c9eab47f5ef",
            "tool_use_result": {"stdout": output, "stderr": "", "interrupted": false, "isImage": false}}));
    }
    say(&assistant(json!({"type": "tool_use", "id": "toolu_w", "name": "Write",
        "input": {"file_path": "/r/a.rs", "content": source.lines(480)}})));
    stream.into_bytes()
}

/// Makes lines that look like source code, no two alike, so that a processor learns no pattern.
struct SourceCode {
    seed: u32,
}

impl SourceCode {
    fn next(&mut self, below: u32) -> u32 {
        self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.seed >> 16) % below
    }

    fn lines(&mut self, count: usize) -> String {
        let words = [
            "let ",
            "map.get(\"key\")",
            " => ",
            "\t",
            "// why ü ",
            "unwrap_or_default()",
            "{ a, b }",
            "'\\n'",
            "self.",
        ];
        let mut text = String::new();
        for _ in 0..count {
            text.push_str(&" ".repeat(4 * self.next(6) as usize));
            for _ in 0..self.next(9) {
                text.push_str(words[self.next(9) as usize]);
                let _ = write!(text, "{}", self.next(1000));
            }
            text.push('\n');
        }
        text
    }
}

/// Decodes turns, one after the other, until `bytes` have passed; returns the number of events.
fn decode(turn: &[u8], bytes: usize) -> usize {
    let Ok(adapter) = adapter("claude") else { return 0 };
    let mut decoder = adapter.decoder(&PriorSession::default());
    let mut events = 0;
    let mut count = |_| events += 1;
    let mut left = bytes;
    while left > 0 {
        for chunk in turn.chunks(CHUNK) {
            decoder.push(chunk, &mut count);
        }
        left = left.saturating_sub(turn.len());
    }
    decoder.finish(Exit::with_code(0), "", &mut count);
    events
}

/// Returns the most memory that this process had so far, in KiB. Linux only.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn main() -> std::io::Result<()> {
    let turn = turn();
    let mut criterion = Criterion::default().measurement_time(Duration::from_secs(5)).configure_from_args();
    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Bytes(turn.len() as u64));
    group.bench_function("claude", |bencher| bencher.iter(|| decode(&turn, turn.len())));
    group.finish();
    criterion.final_summary();

    // `cargo test` runs this too, unoptimised: there the figure would say nothing.
    if !std::env::args().any(|arg| arg == "--bench") {
        return Ok(());
    }
    let before = Instant::now();
    let events = decode(&turn, 1_000_000_000);
    let time = before.elapsed();
    let peak = peak_memory().map_or_else(|| "unknown".to_owned(), |kib| format!("{} MiB", kib / 1024));
    let mut out = std::io::stdout().lock();
    writeln!(out, "1 GB: {events} events, {:.0} MB/s, peak memory {peak}", 1000.0 / time.as_secs_f64())
}
