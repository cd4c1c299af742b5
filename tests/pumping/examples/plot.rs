//! Plots the day to `curve.svg`: what is requested, and what is sent.

use std::error::Error;

use plotters::prelude::*;
use pumping::scenario::{Scenario, run};

fn main() -> Result<(), Box<dyn Error>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/curve.svg");
    let report = run(Scenario { enforced: true, paid_everywhere: false });
    let hours = |index: usize| f64::from(u32::try_from(index).unwrap_or(u32::MAX)) / 4.0;
    let line = |value: fn(&(pumping::scenario::Tally, pumping::scenario::Tally)) -> u32| {
        report.curve.iter().enumerate().map(move |(index, point)| (hours(index + 1), f64::from(value(point).max(1))))
    };

    let area = SVGBackend::new(path, (760, 380)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption("Cumulative sends over a day of pumping", ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..24.0, (1.0..20_000.0).log_scale())?;
    chart.configure_mesh().x_desc("hour").y_label_formatter(&|value| format!("{value:.0}")).draw()?;
    let asked = LineSeries::new(line(|(_, fraud)| fraud.asked), BLACK.mix(0.5).stroke_width(2));
    let newcomers = LineSeries::new(line(|(newcomers, _)| newcomers.sent), BLUE.stroke_width(2));
    let sent = LineSeries::new(line(|(_, fraud)| fraud.sent), RED.stroke_width(2));
    let swatch = |color: RGBAColor| move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2));
    chart.draw_series(asked)?.label("fraudulent, requested").legend(swatch(BLACK.mix(0.5)));
    chart.draw_series(newcomers)?.label("honest newcomers, sent").legend(swatch(BLUE.mix(1.0)));
    chart.draw_series(sent)?.label("fraudulent, sent").legend(swatch(RED.mix(1.0)));
    chart.configure_series_labels().position(SeriesLabelPosition::LowerRight).border_style(BLACK.mix(0.3)).draw()?;
    area.present()?;
    Ok(())
}
