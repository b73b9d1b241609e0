//! How many events a second the store appends, in batches of different sizes: one batch is one transaction.
//!
//! `cargo bench --profile dist -p alfine-tests --bench store`; the last lines are the rates.

use alfine_core::{agent::AgentEvent, news::News};
use alfine_files::Layout;
use alfine_store::{NewEvent, Store, StoreError};
use criterion::{BenchmarkId, Criterion, Throughput};
use std::{
    error::Error,
    io::Write as _,
    time::{Duration, Instant},
};

/// Events in one transaction. A runner saves what an agent says in a tenth of a second together.
const BATCHES: [u64; 4] = [1, 10, 100, 1000];

/// A piece of news as an agent that works makes most of.
fn news() -> News {
    News::Agent(AgentEvent::ToolStarted {
        name: "Bash".to_owned(),
        summary: "cargo test -p alfine-core plan::markdown -- --nocapture".to_owned(),
    })
}

fn append(store: &mut Store, news: &News, batch: u64) -> Result<(), StoreError> {
    store.write(|tx| {
        let new = NewEvent { loop_id: None, task: None, news };
        tx.append_events((0..batch).map(|_| new)).map(drop)
    })
}

/// Appends for about a second and returns the events per second.
fn rate(store: &mut Store, news: &News, batch: u64) -> Result<f64, StoreError> {
    let begun = Instant::now();
    let mut appended: u64 = 0;
    while begun.elapsed() < Duration::from_secs(1) {
        append(store, news, batch)?;
        appended += batch;
    }
    Ok(appended as f64 / begun.elapsed().as_secs_f64())
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let mut store = Store::open(&Layout::of_common_dir(folder.path()))?.store;
    let news = news();
    let mut failed = None;

    let mut criterion = Criterion::default().measurement_time(Duration::from_secs(3)).configure_from_args();
    let mut group = criterion.benchmark_group("store");
    for batch in BATCHES {
        group.throughput(Throughput::Elements(batch));
        group.bench_function(BenchmarkId::new("append", batch), |bencher| {
            bencher.iter(|| failed = append(&mut store, &news, batch).err().or(failed.take()));
        });
    }
    group.finish();
    criterion.final_summary();
    if let Some(error) = failed {
        return Err(error.into());
    }

    // Unoptimised, the figures would say nothing.
    if !std::env::args().any(|arg| arg == "--bench") {
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    for batch in BATCHES {
        let rate = rate(&mut store, &news, batch)?;
        writeln!(
            out,
            "store: {rate:>9.0} events/s in batches of {batch} (aim: over 50000 where many come at once)"
        )?;
    }
    Ok(())
}
