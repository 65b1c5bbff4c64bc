//! The house rules that a compiler does not check: which way the arrows go, what is pure, how long a file is.

use std::path::{Path, PathBuf};

const LINES: usize = 500;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every Rust file under `dir`, with its text.
fn sources(dir: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![workspace().join(dir)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the workspace") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("text");
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "nothing found under {dir}: the test looks in the wrong place");
    found
}

fn is_test(path: &Path) -> bool {
    let is_test = |name: &str| name == "tests" || name.ends_with("tests.rs") || name == "fixtures.rs";
    path.iter().any(|part| part.to_str().is_some_and(is_test))
}

/// Lines of `dir` that mention one of `words`, tests and comments apart.
fn mentions(dir: &str, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in sources(dir).into_iter().filter(|(path, _)| !is_test(path)) {
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let guilty = code.filter(|line| words.iter().any(|word| line.contains(word)));
        found.extend(guilty.map(|line| format!("{}: {}", path.display(), line.trim())));
    }
    found
}

const IMPURE: &[&str] = &[
    "std::time",
    "std::fs",
    "std::net",
    "std::thread",
    "std::env",
    "tokio",
    "rocksdb",
    "libp2p",
    "getrandom",
    "rayon",
];

#[test]
fn the_law_and_the_core_are_pure() {
    assert_eq!(mentions("proto/src", IMPURE), Vec::<String>::new());
    assert_eq!(mentions("node/src/core", IMPURE), Vec::<String>::new());
    assert_ne!(mentions("node/src/engine", IMPURE), Vec::<String>::new(), "the test can see impurity");
}

#[test]
fn arrows_go_one_way() {
    assert_eq!(mentions("node/src/core", &["crate::engine", "crate::store", "crate::net", "crate::api"]), [""; 0]);
    assert_eq!(mentions("node/src/store", &["crate::engine", "crate::net", "crate::api", "crate::verify"]), [""; 0]);
    assert_eq!(mentions("node/src/net", &["crate::engine", "crate::store", "crate::api", "crate::verify"]), [""; 0]);
    assert_eq!(mentions("node/src/engine", &["crate::api"]), [""; 0]);
    let cli = std::fs::read_to_string(workspace().join("cli/Cargo.toml")).expect("manifest");
    assert!(cli.contains("sampan-proto") && !cli.contains("sampan-node"), "the CLI never links the node");
}

#[test]
fn every_queue_of_a_node_is_bounded() {
    assert_eq!(mentions("node/src", &["unbounded", "mpsc::channel()"]), Vec::<String>::new());
}

#[test]
fn files_are_short_enough_to_read() {
    let crates = ["proto/src", "proto/tests", "node/src", "node/tests", "cli/src", "testnet/src", "testnet/tests"];
    let lines = |text: &String| text.lines().count();
    let files = crates.iter().flat_map(|dir| sources(dir)).filter(|(_, text)| lines(text) > LINES);
    let long: Vec<String> = files.map(|(path, text)| format!("{} {}", lines(&text), path.display())).collect();
    assert_eq!(long, Vec::<String>::new());
}

/// Words of a page that begin like our metrics.
fn metrics_named(page: &str) -> Vec<&str> {
    let words = page.split(|c: char| !(c.is_ascii_lowercase() || c == '_'));
    words.filter(|word| word.starts_with("sampan_")).collect()
}

#[test]
fn the_metrics_that_the_readme_names_are_there() {
    let page = std::fs::read_to_string(workspace().join("README.md")).expect("the page");
    let scrape = sampan_node::metrics::Metrics::new(4).encode();
    let named = metrics_named(&page);
    assert!(named.len() > 8, "{named:?}");
    let missing: Vec<_> = named.iter().filter(|name| !scrape.contains(&format!("\n{name} "))).collect();
    assert_eq!(missing, Vec::<&&str>::new());
}

/// What stands in backticks in the last column of the tables of a page.
fn named_in_the_last_column(page: &str) -> Vec<String> {
    let rows = page.lines().filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'));
    let last = rows.filter_map(|row| row.rsplit('|').next());
    last.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

#[test]
fn the_tests_that_the_page_of_threats_names_are_there() {
    let page = std::fs::read_to_string(workspace().join("THREATS.md")).expect("the page");
    let crates =
        ["proto/src", "proto/tests", "node/src", "node/tests", "cli/src", "cli/tests", "testnet/src", "testnet/tests"];
    let code: String = crates.iter().flat_map(|dir| sources(dir)).map(|(_, text)| text).collect();
    let named = named_in_the_last_column(&page);
    assert!(named.len() > 80, "{} names found", named.len());
    let missing: Vec<&String> = named.iter().filter(|name| !code.contains(&format!("fn {name}("))).collect();
    assert_eq!(missing, Vec::<&String>::new());
}
