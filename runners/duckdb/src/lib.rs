//! Executes programs on DuckDB.
