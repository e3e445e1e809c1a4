//! Long calls of one client beside short ones of another.

use super::{ENDLESS, Server, folder, in_thread, until};

/// Programs that end only when they are cancelled, so that whoever waits for one of them waits for ever.
const LONG_CALLS: usize = 8;

#[test]
fn short_calls_do_not_wait_for_long_ones() {
    let folder = folder();
    folder.write("endless.lt", ENDLESS);
    let mut listens = vec![["--listen", "tcp://127.0.0.1:0"]];
    if cfg!(feature = "http") {
        listens.push(["--http", "127.0.0.1:0"]);
    }
    for listen in listens {
        let more = ["--workers", "2", "--limit-request-time", "1h", "--grace", "100ms"];
        let server = Server::start(&folder, &[&listen[..], &more].concat());
        let run = |file| ["run", file, "--runner", server.url()];
        let long: Vec<_> = (0..LONG_CALLS).map(|_| in_thread(&folder, &run("endless.lt"))).collect();
        until("all long calls run", || server.threads("runner-") >= LONG_CALLS);
        for _ in 0..20 {
            let short = [&run("double.lt")[..], &["--arg", "xs=[1, 2]"]].concat();
            assert_eq!(folder.run(&short).fine(), "[\n  2,\n  4,\n]\n");
        }
        assert!(long.iter().all(|call| !call.is_finished()), "{listen:?}");
        server.stop();
        for call in long {
            call.join().unwrap().failed(3, &["UNAVAILABLE"]);
        }
    }
}
