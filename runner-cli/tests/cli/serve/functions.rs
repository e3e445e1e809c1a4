//! Functions of a project as endpoints.

use super::{Server, folder, post};

/// What a default can't be computed from at the start has to be given; everything else is served.
#[test]
fn a_default_that_needs_the_runner_has_to_be_given() {
    let folder = folder();
    folder.write(
        "project.lt",
        "const known: [{name: Text}] = std::fs::read_parquet(\"names.parquet\")\n\
         func twice(x: Int64 = 3): Int64 -> 2 * x\n\
         func size(names: [{name: Text}] = known): Int64 -> names | count\n",
    );
    let server =
        Server::start(&folder, &["project.lt", "--http", "127.0.0.1:0", "--runner", "interpreter:data"]);
    let call = |name: &str, body: &str| {
        post(server.url(), &format!("/v1/functions/{name}"), "application/json", body)
    };
    assert!(call("twice", "{}").ends_with("\r\n\r\n6"), "{}", call("twice", "{}"));
    let given = call("size", "{\"names\": [{\"name\": \"anna\"}]}");
    assert!(given.ends_with("\r\n\r\n1"), "{given}");
    let missing = call("size", "{}");
    assert!(missing.starts_with("HTTP/1.1 400 ") && missing.contains("names"), "{missing}");
    let log = server.stop();
    assert!(log.contains("std::fs::read_parquet") && log.contains("has to be given"), "{log}");
}
