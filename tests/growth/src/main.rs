//! Prints what breaks at which load, and what to raise: `make simulate`.

#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use growth::cost;
use growth::ladder::{approved, climb};
use growth::model::{Operation, Report};

fn main() {
    println!("Prices of {}; see tests/growth for what is modelled and what is not.", cost::date());
    for rate in [1_000.0, 10_000.0, 100_000.0] {
        let ladder = climb(rate);
        println!(
            "\n## {rate} starts per second\n\n| breaks at | allows | raise to | approved/s before |\n|---|---|---|---|"
        );
        for rung in &ladder.rungs {
            println!("| {} | {} | {} | {:.0} |", rung.cause, rung.allowed, rung.raised, rung.approved);
        }
        print("in a new account", &ladder.first);
        print("all raised", &ladder.last);
    }
}

fn print(title: &str, report: &Report) {
    println!("\n{title}: {:.0} approved/s", approved(report));
    for (operation, tally) in &report.operations {
        let name = match operation {
            Operation::Start => "start",
            Operation::Verify => "verify",
            Operation::Status => "status",
        };
        print!("  {name:7} {:9} asked {:9} done", tally.asked, tally.done);
        print!("  p50 {:4.0} ms  p99 {:4.0} ms ", tally.latency(0.5), tally.latency(0.99));
        for (cause, count) in &tally.stopped {
            print!("  {cause} {:.2} %", f64::from(*count) * 100.0 / f64::from(tally.asked));
        }
        println!();
    }
    let asked: Vec<_> = report.asked.iter().map(|(cause, asked)| format!("{cause} {asked:.0}")).collect();
    println!("  asked of: {}", asked.join(", "));
    println!("  conflicts met first, by item: {:?}", report.conflicts);
    println!(
        "  counts of verified subjects: {:.0}/s on one item, {:.0} % brought again",
        report.tallies,
        report.tallies_again * 100.0
    );
    if title.starts_with("all")
        && let Some((own, sms)) = cost::per_million(report)
    {
        println!("  per million approved: ${own:.2}, and the phone network (SMS to the US) ${sms:.0}");
    }
}
