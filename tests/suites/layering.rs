//! The arrows of ARCHITECTURE.md, and the promise that the contract and the embedded client need no operating system.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{collections::BTreeMap, path::Path, process::Command};

/// Which members a member may depend on.
const ARROWS: &[(&str, &[&str])] = &[
    ("runner-core", &[]),
    ("runner-lang", &["runner-core"]),
    ("runner-json", &["runner-core"]),
    ("runner-spool", &["runner-core"]),
    ("runner-binary", &["runner-core", "runner-spool"]),
    ("runner-zones", &[]),
    ("runner-interpreter", &["runner-core", "runner-zones"]),
    ("runner-sql", &["runner-core"]),
    ("runner-postgres", &["runner-core", "runner-sql"]),
    ("runner-duckdb", &["runner-core", "runner-sql", "runner-zones"]),
    ("runner-posix", &["runner-core", "runner-binary"]),
    ("runner-http", &["runner-core", "runner-json", "runner-spool"]),
    ("runner-test-server", &[]),
];

#[test]
fn members_depend_only_downwards() {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let allowed: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        let Some(allowed) = allowed.get(name) else {
            assert!(["runner-cli", "runner-tests"].contains(&name), "{name} has no arrows in this test");
            continue;
        };
        for dependency in package["dependencies"].as_array().unwrap() {
            let to = dependency["name"].as_str().unwrap();
            let is_member = to.starts_with("runner-");
            let is_for_tests = dependency["kind"] == "dev";
            assert!(!is_member || is_for_tests || allowed.contains(&to), "{name} must not depend on {to}");
        }
    }
}

/// Links a program without `std` and with an allocator of its own against the contract, and against the codec and the
/// embedded client of the binary protocol. A crate that brings `std` in defines a second panic handler, and this fails.
#[test]
fn the_contract_and_the_embedded_client_link_without_std() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-std");
    let build = Command::new(env!("CARGO"))
        .args(["build", "--manifest-path"])
        .arg(root.join("no-std/Cargo.toml"))
        .env("CARGO_TARGET_DIR", &target)
        .output()
        .unwrap();
    assert!(build.status.success(), "{}", String::from_utf8_lossy(&build.stderr));
    let status = Command::new(target.join("debug/runner-no-std")).status().unwrap();
    assert_eq!(status.code(), Some(42), "it takes a value through a remote runner, and exits with it");
}
