//! What the lint cannot be faster than: reads and parses every Rust file below the given folders on all cores, visits
//! each node of the trees, asks each identifier and literal for its place, and lets the spans go.
//!
//! Prints the processor time beside that of the lint with all rules over the same files, each in this process, and
//! their ratio. `floor FOLDER…`

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use netns_lint::{Config, check};
use rayon::prelude::*;
use syn::visit::Visit;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const STACK_BYTES: usize = 256 * 1024 * 1024;

/// Adds up places, so that nothing of the walk can be left out.
#[derive(Default)]
struct Places {
    sum: usize,
}

impl Visit<'_> for Places {
    fn visit_ident(&mut self, name: &proc_macro2::Ident) {
        self.sum = self.sum.wrapping_add(name.span().byte_range().start);
    }

    fn visit_lit(&mut self, literal: &syn::Lit) {
        self.sum = self.sum.wrapping_add(literal.span().byte_range().start);
    }
}

fn main() -> ExitCode {
    let folders: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if folders.is_empty() {
        eprintln!("usage: floor FOLDER…");
        return ExitCode::from(2);
    }
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in &folders {
        let walk = ignore::WalkBuilder::new(folder).require_git(false).build().flatten();
        files.extend(walk.map(ignore::DirEntry::into_path).filter(|path| path.extension().is_some_and(|e| e == "rs")));
    }
    let pool = rayon::ThreadPoolBuilder::new().stack_size(STACK_BYTES).build().expect("threads start");
    let (lines, floor, floor_wall) = timed(|| pool.install(|| files.par_iter().map(walk).sum::<usize>()));
    let floor_memory = peak_megabytes();
    let config = Config { all_code: true, ..Config::default() };
    let (report, lint, lint_wall) = timed(|| check(&folders, &config));
    let report = match report {
        Ok(report) => report,
        Err(error) => {
            eprintln!("error: failed to {error}");
            return ExitCode::from(2);
        }
    };
    println!("{} files, {lines} lines, {} findings", files.len(), report.findings.len());
    println!("floor_syn_walk  {:>7.2} s CPU  {:>7.2} s", floor.as_secs_f64(), floor_wall.as_secs_f64());
    println!("all_rules       {:>7.2} s CPU  {:>7.2} s", lint.as_secs_f64(), lint_wall.as_secs_f64());
    println!("ratio           {:>7.2}", lint.as_secs_f64() / floor.as_secs_f64());
    println!("peak memory     {:>7} MB, {floor_memory} MB after the floor", peak_megabytes());
    ExitCode::SUCCESS
}

/// Lines of the file, having parsed and visited it.
fn walk(path: &PathBuf) -> usize {
    let Ok(text) = std::fs::read_to_string(path) else { return 0 };
    if let Ok(file) = syn::parse_file(&text) {
        let mut places = Places::default();
        places.visit_file(&file);
        std::hint::black_box(places.sum);
    }
    proc_macro2::extra::invalidate_current_thread_spans();
    text.lines().count()
}

/// The result with the processor time of all threads of this process, and the time on the wall.
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration, Duration) {
    let (before, start) = (processor_time(), Instant::now());
    let result = work();
    (result, processor_time().saturating_sub(before), start.elapsed())
}

/// `utime` and `stime` of proc_pid_stat(5), in hundredths of a second on every Linux.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("/proc is mounted");
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks: u64 = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// `VmHWM` of proc_pid_status(5).
fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc is mounted");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).expect("proc(5) has this line") / 1024
}
