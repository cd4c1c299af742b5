//! `make simulate`: prints what breaks at which load, and what to raise.

#![expect(clippy::print_stdout, reason = "a command-line report")]

use growth::cost;
use growth::ladder::{Ladder, Rung, climb};
use growth::report::{Operation, Report};
use growth::requests::Kind;
use growth::times::HELD;
use platform::clock::Stopwatch;

fn main() {
    let watch = Stopwatch::start();
    println!("A step of load on a new account. The quota that refuses most is raised until none refuses.");
    println!("Prices as of {}. What is modelled and what is not: tests/growth/src/lib.rs.", cost::date());
    for rate in [1_000.0, 10_000.0, 100_000.0] {
        println!("\n## {rate} starts per second");
        println!("\n| breaks at | allows | raise to | approved/s before | p99 ms before: start, status |");
        println!("|---|---|---|---|---|");
        let ladder = climb(rate, |rung| println!("{}", row(rung)));
        summary(&ladder);
    }
    println!("\nin {} s", watch.elapsed().as_secs());
}

fn row(rung: &Rung) -> String {
    let Rung { cause, allowed, raised, approved, p99: [start, status] } = rung;
    format!("| {cause} | {allowed} | {raised} | {approved:.0} | {start:.0}, {status:.0} |")
}

fn summary(ladder: &Ladder) {
    println!("\nin a new account: {:.0} approved/s", ladder.first.approved_each_second());
    let report = &ladder.last;
    println!("all raised: {:.0} approved/s", report.approved_each_second());
    for operation in Operation::ALL {
        println!("{}", line(report, operation));
    }
    println!("  status requests per login {:.1}", report.polls_per_login());
    let asked: Vec<_> = report.asked.iter().map(|(cause, asked)| format!("{cause} {asked:.0}")).collect();
    println!("  asked of: {}", asked.join(", "));
    println!("  transaction conflicts, by item: {:?}", report.conflicts);
    println!("{}", hot_item(report));
    println!("{}", bill(report));
}

/// What a million approved logins cost, with the phone network listed separately.
fn bill(report: &Report) -> String {
    let items = cost::per_million(report).unwrap_or_default();
    let (network, own): (Vec<_>, Vec<_>) = items.iter().partition(|item| ["SMS", "calls"].contains(&item.what));
    let of = |items: &[&cost::Item]| {
        let each: Vec<_> = items.iter().map(|item| format!("{} {:.2}", item.what, item.dollars)).collect();
        format!("${:.2} ({})", items.iter().map(|item| item.dollars).sum::<f64>(), each.join(", "))
    };
    format!("  per million approved: {}; phone network {}", of(&own), of(&network))
}

fn line(report: &Report, operation: Operation) -> String {
    let tally = report.of(operation);
    let rate = f64::from(tally.asked) / report.seconds;
    let (name, p50, p99) = (operation.name(), tally.latency(0.5), tally.latency(0.99));
    let stopped: Vec<_> = tally.stopped.iter().filter(|(_, count)| **count > 0).collect();
    let stopped = stopped.iter().map(|(cause, _)| format!(", {cause} {:.3} %", tally.stopped_by(**cause) * 100.0));
    format!("  {name:8} {rate:9.0}/s  p50 {p50:4.0} ms  p99 {p99:4.0} ms{}", stopped.collect::<String>())
}

/// The one item that no quota helps: how much of the time it is locked if each batch writes it once.
fn hot_item(report: &Report) -> String {
    #[expect(clippy::cast_precision_loss, reason = "microseconds")]
    let held = report.tallies * HELD as f64 / 1e6;
    let units = report.tallies * Kind::Verified.units() * 2.0;
    format!(
        "  country#US/verified#<day>: {:.0} transactions/s, held {:.0} % of the time, {units:.0} of 1000 write units",
        report.tallies,
        held * 100.0
    )
}
