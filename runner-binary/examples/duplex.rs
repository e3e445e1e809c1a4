//! A server and two clients in one process, with real streams between them.

use std::sync::Arc;

use runner_binary::{Client, ClientOptions, Server, ServerLimits, ServerOptions, Token};
use runner_core::{
    Cancel, Expr, INPUT, Kind, Parts, Prim, Program, Result, Run, RunSync, TypeTable, adapt::Pooled,
};

/// A runner that knows one answer: its input.
struct Echo;

impl RunSync for Echo {
    type Prepared = ();

    fn prepare(&self, _: &Program) -> Result<()> {
        Ok(())
    }

    fn execute_with(&self, (): &(), input: &[u8], cancel: &Cancel) -> Result<Vec<u8>> {
        cancel.check()?;
        Ok(input.to_vec())
    }

    fn get_interface(&self) -> Result<String> {
        Ok(String::new())
    }

    fn shutdown(&self) -> Result<()> {
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut types = TypeTable::new();
    let text = types.prim(Prim::Text);
    let body = vec![Expr { kind: Kind::Local(INPUT), ty: text }];
    let program = Program::new(Parts { types, input: text, output: text, body, ..Parts::default() })?;

    let options = ServerOptions::new()
        .with_token(Token::new("swordfish"))
        .with_limits(ServerLimits { requests: 64, ..ServerLimits::default() });
    let server = Server::new(Arc::new(Pooled::new(Echo, 2)?), options);

    for name in ["first", "second"] {
        let options = ClientOptions::new().with_token(Token::new("swordfish")).with_name(name);
        let client = Client::new(server.connect(), options).await?;
        let prepared = client.prepare(&program).await?;
        let output = client.execute(&prepared, "\x05hello".into()).await?;
        assert_eq!(output, "\x05hello");
        client.shutdown().await?;
    }
    assert_eq!(server.metrics().prepared_programs, 1);
    server.shutdown(std::time::Duration::from_secs(1)).await
}
