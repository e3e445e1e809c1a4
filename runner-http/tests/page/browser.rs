//! A headless Chromium, driven over the [WebDriver protocol](https://www.w3.org/TR/webdriver2/) by ChromeDriver.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Time in which everything here happens, if it happens at all.
const LONG: Duration = Duration::from_secs(120);

const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// The key under which WebDriver hands out elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one window, which is closed at the end of the test.
pub(crate) struct Browser {
    driver: Child,
    port: u16,
    session: String,
    _profile: TempDir,
}

impl Browser {
    /// A window on a screen of this size; a narrow one is a phone's.
    pub(crate) fn start(width: u32, height: u32) -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("`chromedriver` is not there; `./test.sh` installs it");
        let port = port(&mut driver);
        let profile = TempDir::new().unwrap();
        let mut args: Vec<String> = FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
        args.push(format!("--user-data-dir={}", profile.path().display()));
        args.push(format!("--window-size={width},{height}"));
        let mut options = json!({"args": args});
        if width < 600 {
            options["mobileEmulation"] =
                json!({"deviceMetrics": {"width": width, "height": height, "pixelRatio": 1}});
        }
        let wanted = json!({"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}});
        let mut browser = Self { driver, port, session: String::new(), _profile: profile };
        let made = browser.ask("POST", "/session", &json!({"capabilities": {"alwaysMatch": wanted}}));
        browser.session =
            made["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {made}")).to_owned();
        browser
    }

    /// Shows a page.
    pub(crate) fn open(&self, url: &str) {
        self.post("url", &json!({"url": url}));
    }

    /// Makes pages dark, as their style has it.
    pub(crate) fn darken(&self) {
        let params = json!({"features": [{"name": "prefers-color-scheme", "value": "dark"}]});
        self.post("goog/cdp/execute", &json!({"cmd": "Emulation.setEmulatedMedia", "params": params}));
    }

    /// What a script returns.
    pub(crate) fn eval(&self, script: &str) -> Value {
        self.post("execute/sync", &json!({"script": script, "args": []}))
    }

    /// Waits until an element that can be seen has a text with these words in it.
    #[track_caller]
    pub(crate) fn sees(&self, element: &str, words: &str) {
        let script = format!("return document.querySelector({element:?})?.innerText ?? ''");
        let (start, mut seen) = (Instant::now(), Value::Null);
        while start.elapsed() < LONG {
            seen = self.eval(&script);
            if seen.as_str().is_some_and(|text| text.contains(words)) && self.shows(element) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("{element} never says `{words}`, but {seen}");
    }

    /// Whether an element can be seen.
    pub(crate) fn shows(&self, element: &str) -> bool {
        let script = format!(
            "const box = document.querySelector({element:?})?.getBoundingClientRect(); return box?.width > 8 && box.height > 8"
        );
        self.eval(&script) == json!(true)
    }

    /// Clicks on what is in the middle of an element, as a person does.
    pub(crate) fn click(&self, element: &str) {
        self.element(element, "click", &json!({}));
    }

    /// Replaces what is written in a field, key by key.
    pub(crate) fn write(&self, element: &str, text: &str) {
        self.element(element, "clear", &json!({}));
        if !text.is_empty() {
            self.keys(element, text);
        }
    }

    /// Presses keys in a field.
    pub(crate) fn keys(&self, element: &str, keys: &str) {
        self.element(element, "value", &json!({"text": keys}));
    }

    /// The names that a screen reader has for all elements that can be used.
    pub(crate) fn labels(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll('input, textarea, select, button')]\
                      .filter((element) => element.getBoundingClientRect().width > 0)";
        let elements = self.eval(script);
        let label = |element: &Value| {
            let path = format!("element/{}/computedlabel", element[ELEMENT].as_str().unwrap());
            self.get(&path).as_str().unwrap_or_default().to_owned()
        };
        elements.as_array().unwrap().iter().map(label).collect()
    }

    /// A picture of the window, as PNG in base64.
    pub(crate) fn picture(&self) -> String {
        self.get("screenshot").as_str().unwrap().to_owned()
    }

    /// What went to the console, but for answers of the server that say that a request failed.
    pub(crate) fn console(&self) -> Vec<String> {
        let entries = self.post("se/log", &json!({"type": "browser"}));
        let entries = entries.as_array().unwrap().iter().filter(|entry| entry["source"] != "network");
        entries.map(Value::to_string).collect()
    }

    fn element(&self, selector: &str, action: &str, body: &Value) {
        let found = self.post("element", &json!({"using": "css selector", "value": selector}));
        let id = found[ELEMENT].as_str().unwrap_or_else(|| panic!("there is no {selector}: {found}"));
        let done = self.post(&format!("element/{id}/{action}"), body);
        assert!(done.is_null(), "{action} {selector}: {done}");
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.ask("POST", &format!("/session/{}/{path}", self.session), body)
    }

    fn get(&self, path: &str) -> Value {
        self.ask("GET", &format!("/session/{}/{path}", self.session), &Value::Null)
    }

    /// The `value` of an answer, which also tells of errors.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let answer = self.answer(method, path, &body).expect("the driver answers");
        let answer: Value = serde_json::from_slice(&answer).expect("the driver answers in JSON");
        answer["value"].clone()
    }

    /// The body of an answer. The driver does not close the connection behind it.
    fn answer(&self, method: &str, path: &str, body: &str) -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(LONG))?;
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}"
        )?;
        let mut stream = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            stream.read_line(&mut line)?;
            match line.trim_end().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse().map_err(std::io::Error::other)?;
                }
                None if line.trim_end().is_empty() => break,
                _ => {}
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        Ok(body)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser ends with its session, also after a test that failed.
        let _ = self.answer("DELETE", &format!("/session/{}", self.session), "");
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The port that the driver says it has.
fn port(driver: &mut Child) -> u16 {
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let said = lines.find_map(|line| {
        let line = line.unwrap();
        line.strip_suffix('.')?.rsplit_once("successfully on port ")?.1.parse().ok()
    });
    // It says more, and must not be kept from it.
    thread::spawn(move || lines.for_each(drop));
    said.expect("the driver starts")
}
