//! Tests across the crates: conformance, contract, layering
