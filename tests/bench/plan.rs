//! How long a plan of 1,000 tasks takes to be read and linted: at every keystroke of whoever writes it.
//!
//! `cargo bench --profile dist -p alfine-tests --bench plan`; the last line has the median and the best, since other work on the machine only adds.

use alfine_core::{
    lint::{Checks, LintOptions, lint},
    plan,
};
use criterion::{Criterion, Throughput};
use std::{
    fmt::Write as _,
    hint::black_box,
    io::Write as _,
    time::{Duration, Instant},
};

/// How many tasks the plan has.
const TASKS: usize = 1000;

/// Writes a plan as people do: headings, fields, some sentences, criteria with commands and without, a vague one here
/// and there, sections between.
fn document() -> String {
    let mut text = String::from("# Coupons\n\nShoppers can apply a coupon at checkout.\n\n");
    for n in 1..=TASKS {
        if n % 50 == 1 {
            let _ = writeln!(text, "## Part {}\n\nWhat belongs together.\n", n / 50 + 1);
        }
        let _ = writeln!(text, "### US-{n:04}: Check coupon rule {n} at checkout\n");
        if n > 1 {
            let _ = writeln!(text, "Depends on: US-{:04}", n - 1 - n % 3 / 2);
        }
        let _ = writeln!(
            text,
            "Priority: {}\nMax iterations: 5\n\nThe rule stands in `src/rules/rule_{n}.rs` and is called by \
             `src/checkout.rs`. Keep the *order* of the rules:\nlater ones see what earlier ones left. See also \
             [the tariff](docs/tariff.md#rule-{n}).\n\n```rust\nfn rule_{n}(cart: &Cart) -> Option<Discount>;\n```\n\n\
             Acceptance criteria:\n- [ ] The rule's tests pass: `cargo test rule_{n}`\n- [ ] A cart of {n} items keeps \
             its total\n- [{}] {}\n",
            n % 5 + 1,
            if n % 4 == 0 { "x" } else { " " },
            if n % 10 == 0 { "It works correctly" } else { "An expired coupon is refused with its date" },
        );
    }
    text
}

fn read(text: &str, options: &LintOptions) -> usize {
    let plan = plan::read("PLAN.md", text);
    plan.tasks.len() + lint(text, &plan, options, &Checks::default()).len()
}

fn main() -> std::io::Result<()> {
    let (text, options) = (document(), LintOptions::default());
    let mut criterion = Criterion::default().measurement_time(Duration::from_secs(5)).configure_from_args();
    let mut group = criterion.benchmark_group("plan");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("parse", |bencher| bencher.iter(|| plan::read("PLAN.md", black_box(&text))));
    group.bench_function("parse and lint", |bencher| bencher.iter(|| read(black_box(&text), &options)));
    group.finish();
    criterion.final_summary();

    // Unoptimised, the figures would say nothing.
    if !std::env::args().any(|arg| arg == "--bench") {
        return Ok(());
    }
    let mut times: Vec<Duration> = (0..51)
        .map(|_| {
            let begun = Instant::now();
            black_box(read(black_box(&text), &options));
            begun.elapsed()
        })
        .collect();
    times.sort();
    let plan = plan::read("PLAN.md", &text);
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "plan: {} tasks, {} KiB, {} findings: read and linted in {:.2?}, at best {:.2?} (aim: under 5 ms)",
        plan.tasks.len(),
        text.len() / 1024,
        lint(&text, &plan, &options, &Checks::default()).len(),
        times.get(times.len() / 2).copied().unwrap_or_default(),
        times.first().copied().unwrap_or_default(),
    )
}
