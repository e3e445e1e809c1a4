//! What the server answers when all is well.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use runner_core::{Code, Run, TypedProgram};
use runner_http::{Function, Param, ServerOptions, Token};
use tokio::time::timeout;

use crate::{
    robot::Robot,
    support::{LONG, compile, compiled, program, serve, serve_runner},
};

const DOUBLE: &str = "func main(x: Int64): Int64 -> 2 * x";

#[tokio::test(flavor = "multi_thread")]
async fn a_client_runs_programs() {
    let served = serve(ServerOptions::new()).await;
    let client = served.client();
    let typed = TypedProgram::<i64, i64>::new(program(DOUBLE)).unwrap();
    assert_eq!(client.run(&typed, &21).await.unwrap(), 42);
    let prepared = client.prepare(typed.program()).await.unwrap();
    for x in 0..100 {
        let output = client.execute(&prepared, typed.encode(&x).unwrap().into()).await.unwrap();
        assert_eq!(typed.decode(&output).unwrap(), 2 * x);
    }
    assert!(client.get_interface().await.unwrap().contains("external func tick(x: Int64): Int64"));
    let description = client.describe().await.unwrap();
    assert_eq!(description.name, "interpreter");
    assert!(description.cancels);
    client.shutdown().await.unwrap();
    client.shutdown().await.unwrap();
    let error = client.describe().await.unwrap_err();
    assert_eq!(error.code(), runner_core::Code::Unavailable);
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_are_sent_once_and_executed_in_both_encodings() {
    let served = serve(ServerOptions::new()).await;
    let program = program(DOUBLE);
    let path = format!("/v1/programs/{}", program.id());
    let head = "POST /v1/programs HTTP/1.1\nContent-Type: application/vnd.runner.program";
    for status in [201, 200] {
        let answer = served.ask(head, program.bytes()).await;
        assert_eq!(answer.status, status, "{}", answer.text());
        assert_eq!(answer.header("location"), Some(&*path));
        assert_eq!(answer.json()["signature"], "func (Int64): Int64");
        assert_eq!(answer.json()["input"]["type"], "integer");
    }
    assert_eq!(served.ask(&format!("GET {path} HTTP/1.1"), b"").await.json()["id"], program.id().to_string());

    let cases = [
        ("application/json", "", &b"21"[..], "application/json", &b"42"[..]),
        ("application/json", "*/*", b"21", "application/json", b"42"),
        ("application/json", "application/vnd.postcard", b"21", "application/vnd.postcard", b"\x54"),
        ("application/vnd.postcard", "", b"\x2a", "application/vnd.postcard", b"\x54"),
        ("application/octet-stream", "application/json, */*;q=0.1", b"\x2a", "application/json", b"42"),
    ];
    for (sent, accepted, input, media, output) in cases {
        let mut head = format!("POST {path}/execute HTTP/1.1\nContent-Type: {sent}");
        if !accepted.is_empty() {
            head.push_str(&format!("\nAccept: {accepted}"));
        }
        let answer = served.ask(&head, input).await;
        assert_eq!((answer.status, &*answer.body), (200, output), "{head} {answer:?}");
        assert_eq!(answer.header("content-type"), Some(media));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_carries_a_program_and_its_input() {
    let served = serve(ServerOptions::new().with_compile(compile)).await;
    let program = program(DOUBLE);
    let json = "POST /v1/run HTTP/1.1\nContent-Type: application/json";
    let body = serde_json::json!({"source": DOUBLE, "input": 21});
    assert_eq!(served.ask(json, body.to_string().as_bytes()).await.text(), "42");
    let body = serde_json::json!({"source": DOUBLE, "program": "main(4)"});
    assert_eq!(served.ask(json, body.to_string().as_bytes()).await.text(), "8");

    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.encode(program.bytes());
    let body = serde_json::json!({"bytes": bytes, "input": 21});
    assert_eq!(served.ask(json, body.to_string().as_bytes()).await.text(), "42");

    let body = postcard::to_allocvec(&(program.bytes(), &[0x2a_u8][..])).unwrap();
    let postcard = "POST /v1/run HTTP/1.1\nContent-Type: application/vnd.postcard";
    assert_eq!(served.ask(postcard, &body).await.body, b"\x54");

    let source = "POST /v1/run?program=main(5)%2B1 HTTP/1.1\nContent-Type: text/x-lutra";
    assert_eq!(served.ask(source, DOUBLE.as_bytes()).await.text(), "11");

    let wrong = served.ask(source, b"func main() -> 1 +").await;
    assert!(wrong.problem(422, "PREPARE_ERROR").contains("program.lt:1:19"), "{}", wrong.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_take_an_object_of_their_parameters() {
    let source = "func greet(name: Text, times: Int8): [Text] -> sequence(0, times) | map(x -> name)";
    let params = vec![Param::new("name"), Param::new("times").with_default("2")];
    let greet = Function::new("greet", compiled(source, "greet").unwrap(), params).unwrap();
    let answer = Function::new("shop::answer", compiled("const x = 42", "x").unwrap(), vec![]).unwrap();
    let served = serve(ServerOptions::new().with_function(greet).with_function(answer)).await;
    served.server.prepare_functions().await.unwrap();
    let head = "POST /v1/functions/greet HTTP/1.1\nContent-Type: application/json";
    assert_eq!(served.ask(head, br#"{"times": 1, "name": "Ada"}"#).await.text(), r#"["Ada"]"#);
    assert_eq!(served.ask(head, br#"{"name": "Ada"}"#).await.text(), r#"["Ada","Ada"]"#);
    let detail = served.ask(head, b"{}").await.problem(400, "DECODE_ERROR");
    assert!(detail.contains("missing field `name`"), "{detail}");
    let postcard = "POST /v1/functions/greet HTTP/1.1\nContent-Type: application/vnd.postcard";
    assert_eq!(served.ask(postcard, b"\x01x\x01").await.body, b"\x01\x01x");
    assert_eq!(served.ask("POST /v1/functions/shop::answer HTTP/1.1", b"").await.text(), "42");
    assert_eq!(served.ask("POST /v1/functions/shop%3A%3Aanswer HTTP/1.1", b"").await.text(), "42");
    served.ask("POST /v1/functions/none HTTP/1.1", b"").await.problem(404, "PROGRAM_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_tells_of_itself() {
    let served = serve(ServerOptions::new().with_compile(compile)).await;
    let get = async |path: &str| served.ask(&format!("GET {path} HTTP/1.1"), b"").await;
    assert_eq!(get("/healthz").await.text(), "ok\n");
    assert_eq!(get("/readyz").await.text(), "ready\n");
    assert!(get("/v1/interface").await.text().contains("external func tick"));
    assert_eq!(get("/v1/describe").await.json()["name"], "interpreter");
    let page = get("/").await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.contains("default-src 'none'; script-src 'sha256-") && !policy.contains("unsafe"),
        "{policy}"
    );
    for elsewhere in ["https://", "src=\"", "@import"] {
        let text = page.text().replace("http://www.w3.org", "");
        assert!(
            !text.contains(elsewhere) && !text.contains("http://"),
            "the page needs something else: {elsewhere}"
        );
    }
    let metrics = get("/metrics").await;
    let line = "runner_http_requests_total{route=\"/healthz\",status=\"200\"} 1";
    assert!(metrics.text().lines().any(|known| known == line), "{}", metrics.text());
    assert_eq!(get("/openapi.json").await.json()["openapi"], "3.1.0");
    get("/nothing").await.problem(404, "UNSUPPORTED");
    let wrong = get("/v1/run").await;
    wrong.problem(405, "UNSUPPORTED");
    assert_eq!(wrong.header("allow"), Some("post"));

    served.server.shutdown(std::time::Duration::from_secs(5)).await.unwrap();
    served.server.shutdown(std::time::Duration::from_secs(5)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn ready_is_what_the_runner_is() {
    let robot = Arc::new(Robot::default());
    let served = serve_runner(Arc::clone(&robot), ServerOptions::new().with_token(Token::new("x"))).await;
    let client = served.client();
    let becomes = async |is_ready: bool| {
        while client.ready().await.is_ok() != is_ready {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    for _ in 0..2 {
        timeout(LONG, becomes(true)).await.unwrap();
        robot.is_down.store(true, Ordering::SeqCst);
        timeout(LONG, becomes(false)).await.unwrap();
        let detail = served.ask("GET /readyz HTTP/1.1", b"").await.problem(503, "UNAVAILABLE");
        assert!(!detail.contains("secret"), "{detail}");
        assert_eq!(served.ask("GET /healthz HTTP/1.1", b"").await.status, 200);
        robot.is_down.store(false, Ordering::SeqCst);
    }
    // Strangers can't keep the runner busy by asking.
    let (start, before) = (Instant::now(), robot.asked.load(Ordering::SeqCst));
    for _ in 0..200 {
        let _ = client.ready().await;
    }
    let most = 2 + start.elapsed().as_millis() / 200;
    assert!((robot.asked.load(Ordering::SeqCst) - before) as u128 <= most);
    client.shutdown().await.unwrap();
    assert_eq!(client.ready().await.unwrap_err().code(), Code::Unavailable);
}
