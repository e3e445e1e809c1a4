//! The table that is printed.

use std::time::Duration;

use crate::{
    compare::{Compared, Ours},
    options::Options,
};

pub fn head(title: &str, options: &Options) {
    println!("\n{title}, scale {}", options.scale);
    println!("  {:<6} {:>12} {:>12} {:>8}", "query", "official ms", "ours ms", "ratio");
}

pub fn line(query: &str, compared: &Compared) {
    let official = milliseconds(compared.official);
    let memory = compared.peaks.map_or_else(String::new, |(official, ours)| {
        let ratio = ours as f64 / official as f64;
        format!("   peak {:>5} MB beside {:>5} MB {ratio:>6.2}", ours >> 20, official >> 20)
    });
    match &compared.ours {
        Ours::Took { time, ratio } => {
            println!("  {query:<6} {official:>12.1} {:>12.1} {ratio:>8.2}{memory}", milliseconds(*time));
        }
        Ours::TimedOut(limit) => {
            let least = limit.as_secs_f64() * 1e3 / official;
            println!(
                "  {query:<6} {official:>12.1} {:>12} {:>8}",
                format!("> {} s", limit.as_secs()),
                format!("> {least:.0}")
            );
        }
        Ours::Failed(message) => {
            let line = message.lines().next().unwrap_or_default();
            println!("  {query:<6} {official:>12.1} failed: {}", line.chars().take(200).collect::<String>());
        }
    }
}

/// Geometric means and maxima of those that gave a time.
pub fn summary(compared: &[(&String, Compared)]) {
    let ratios: Vec<(&String, f64)> = compared
        .iter()
        .filter_map(|(query, compared)| match compared.ours {
            Ours::Took { ratio, .. } => Some((*query, ratio)),
            _ => None,
        })
        .collect();
    let without = compared.len() - ratios.len();
    print("time", &ratios, without);
    let peaks = compared.iter().filter_map(|(query, compared)| {
        let (official, ours) = compared.peaks?;
        Some((*query, ours as f64 / official as f64))
    });
    let peaks: Vec<_> = peaks.collect();
    if !peaks.is_empty() {
        print("peak memory", &peaks, compared.len() - peaks.len());
    }
}

fn print(what: &str, ratios: &[(&String, f64)], without: usize) {
    let Some((query, most)) = ratios.iter().max_by(|a, b| a.1.total_cmp(&b.1)) else {
        println!("  {what}: no query ended");
        return;
    };
    let mean = (ratios.iter().map(|(_, ratio)| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp();
    let count = ratios.len();
    println!(
        "  {what}: geometric mean {mean:.2} of {count} queries, maximum {most:.2} ({query}), without an answer {without}"
    );
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
