//! The page, in a browser, as people use it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod browser;

use std::sync::Arc;

use runner_core::{Error, Program, Result, adapt::Pooled};
use runner_http::{Function, Param, Server, ServerOptions, Token};
use runner_interpreter::Interpreter;
use runner_lang::{Project, compile, render};
use serde_json::json;
use tokio::{net::TcpListener, runtime::Runtime};

use browser::Browser;

/// Control and Enter, as WebDriver has them.
const CONTROL_ENTER: &str = "\u{e009}\u{e007}";

fn compiled(source: &str, program: &str) -> Result<Program> {
    let project = Project::from_source("program.lt", source);
    compile(&project, program).map(|compiled| compiled.program).map_err(|diagnostics| {
        let project = project.with_program(program);
        let texts = diagnostics.iter().map(|diagnostic| render(&project, diagnostic, false));
        Error::prepare(texts.collect::<Vec<_>>().join("\n"))
    })
}

/// What is served, and where.
struct Served {
    _runtime: Runtime,
    url: String,
}

fn serve(options: ServerOptions) -> Served {
    let runtime = Runtime::new().unwrap();
    let runner = Interpreter::builder().function("tick(x)", |x: i64| -> i64 { x }).build();
    let server = Server::new(Arc::new(Pooled::new(runner, 2).unwrap()), options);
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    runtime.spawn(async move { server.listen_tcp(listener).await });
    Served { _runtime: runtime, url }
}

/// A server of two functions.
fn functions() -> ServerOptions {
    let source = "
        func totals(orders: [{customer: Text, amount: Float64}], least: Float64): [{customer: Text, total: Float64}] ->
          orders | group(o -> o.customer) | map(g -> {customer = g.key, total = g.values | map(o -> o.amount) | sum})
            | filter(c -> c.total >= least)
        func later(start: Date, days: Int32, note: Text?): {on: Date, note: Text?} ->
          {on = start, note = note}";
    let totals = vec![Param::new("orders"), Param::new("least").with_default("100.0")];
    let totals = Function::new("totals", compiled(source, "totals").unwrap(), totals).unwrap();
    let later = ["start", "days", "note"].map(Param::new).to_vec();
    let later = Function::new("shop::later", compiled(source, "later").unwrap(), later).unwrap();
    ServerOptions::new()
        .with_title("shop")
        .with_function(totals.with_doc("What each customer ordered."))
        .with_function(later)
}

/// Nothing is on the console, and there is something to be seen.
#[track_caller]
fn is_fine(browser: &Browser) {
    assert_eq!(browser.console(), Vec::<String>::new());
    assert_eq!(
        browser.labels().iter().filter(|label| label.trim().is_empty()).count(),
        0,
        "{:?}",
        browser.labels()
    );
    let fits = "return document.documentElement.scrollWidth <= window.innerWidth";
    assert_eq!(browser.eval(fits), json!(true), "it is wider than the window");
    let page = browser.picture();
    browser.open("about:blank");
    assert!(page.len() > 2 * browser.picture().len(), "it is blank");
}

#[test]
fn programs_are_written_and_run() {
    let served = serve(functions().with_compile(|source, program, _| compiled(source, program)));
    let browser = Browser::start(1280, 900);
    browser.open(&served.url);
    browser.sees("h1", "shop");

    // What a first visitor finds runs as it stands, and so do all examples.
    browser.click("#run");
    browser.sees("#table", "Cleo");
    browser.sees("#status", "items");
    browser.click("#as-json");
    browser.sees("#json", "\"customer\": \"Ada\"");
    browser.click("#as-table");
    browser.sees("#table thead", "customer");
    let examples =
        browser.eval("return document.querySelectorAll('#example option').length").as_u64().unwrap();
    assert!(examples >= 2);
    for example in 1..examples {
        browser.eval("document.getElementById('status').textContent = ''");
        browser.click(&format!("#example option:nth-child({})", example + 1));
        browser.click("#run");
        browser.sees("#status", "Done.");
    }

    // A program of one's own; the digits of large numbers stay.
    browser.write(
        "#source",
        "func main(x: Int64) -> [{twice = 2 * x, name = \"<b>\", none = [x] | find(y -> y < 0)}]",
    );
    browser.write("#input", "3074457345618258602");
    browser.keys("#input", CONTROL_ENTER);
    browser.sees("#table", "6148914691236517204");
    browser.sees("#table", "<b>");
    browser.sees("#table .none", "none");
    browser.click("#as-json");
    browser.sees("#json", "\"twice\": 6148914691236517204");

    // What is wrong is said, and where.
    browser.write("#source", "func main(x: Int64) ->\n  x | wrong");
    browser.keys("#source", CONTROL_ENTER);
    browser.sees("#problem-title", "errors");
    browser.sees("#problem-text", "wrong");
    browser.sees("#problem-code", "PREPARE_ERROR");
    assert!(!browser.shows("#json") && !browser.shows("#table"));
    browser.click("#problem-text button");
    let selected = "const source = document.activeElement; \
                    return [source.id, source.value.slice(source.selectionStart).split(' ')[0]]";
    assert_eq!(browser.eval(selected), json!(["source", "wrong"]));
    browser.write("#source", "func main(x: Int64) ->\n  1 / (x - x)");
    browser.keys("#source", CONTROL_ENTER);
    browser.sees("#problem-title", "failed");
    browser.sees("#problem-text", "at program.lt:2:");
    browser.write("#input", "\"seven\"");
    browser.keys("#input", CONTROL_ENTER);
    browser.sees("#problem-title", "input");
    browser.sees("#problem-text", "expected Int64");

    // Work can be stopped.
    browser.write("#source", "func main(): [Int64] -> loop_until_empty([1], xs -> xs)");
    browser.write("#input", "");
    browser.click("#run");
    browser.sees("#stop", "Stop");
    browser.click("#stop");
    browser.sees("#problem-title", "Stopped");

    browser.click("#interface summary");
    browser.sees("#offered", "external func tick");

    // A function of the project; what was written is there again later.
    browser.click("[data-name=totals]");
    browser.sees("#doc", "What each customer ordered.");
    browser.sees("#signature", "func totals(orders: [{customer: Text, amount: Float64}], least: Float64)");
    assert!(!browser.shows("#source"));
    browser.write("#input", "{\"orders\": [{\"customer\": \"Zoe\", \"amount\": 150}]}");
    browser.click("#run");
    browser.sees("#json", "Zoe");
    browser.click("#as-table");
    browser.sees("#table", "Zoe");
    browser.click("[data-name='']");
    assert!(browser.shows("#source"));
    is_fine(&browser);
}

#[test]
fn without_source_functions_are_called() {
    let served = serve(functions().without_programs());
    let browser = Browser::start(1280, 900);
    browser.open(&format!("{}#shop%3A%3Alater", served.url));
    browser.sees("#chosen", "shop::later");
    browser.sees("#no-source", "--allow-source");
    assert!(!browser.shows("#source"));
    let input = browser.eval("return document.getElementById('input').value");
    let input = input.as_str().unwrap();
    let parts = ["{", "\"start\": \"2025-11-14\",", "\"days\": 1,", "\"note\": \"text\"", "}"];
    assert_eq!(input.lines().map(str::trim).collect::<Vec<_>>(), parts);
    browser.click("#run");
    browser.sees("#json", "{\"on\": \"2025-11-14\"");
    browser.write("#input", "{}");
    browser.click("#run");
    browser.sees("#problem-text", "missing field `start`");
    is_fine(&browser);

    // There may be nothing to do here at all.
    let served = serve(ServerOptions::new());
    browser.open(&served.url);
    browser.sees("#choices", "--allow-source");
    assert!(!browser.shows("#run"));
    is_fine(&browser);
}

#[test]
fn a_token_is_asked_for_on_a_phone_in_the_dark() {
    let served = serve(
        functions()
            .with_compile(|source, program, _| compiled(source, program))
            .with_token(Token::new("swordfish")),
    );
    let browser = Browser::start(390, 844);
    browser.darken();
    browser.open(&served.url);
    browser.sees("#access", "token");
    assert!(!browser.shows("#main"));
    browser.write("#token", "salmon");
    browser.click("#access button");
    browser.sees("#access", "not known");
    browser.write("#token", "swordfish");
    browser.keys("#token", "\u{e007}");
    browser.sees("h1", "shop");
    browser.click("#run");
    browser.sees("#table", "Cleo");
    let colour = browser.eval("return getComputedStyle(document.body).backgroundColor");
    let shades =
        colour.as_str().unwrap().split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse::<u32>().ok());
    assert!(shades.sum::<u32>() < 150, "{colour}");
    is_fine(&browser);
}
