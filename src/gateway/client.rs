//! Speaking to the admin listener of a gateway that runs, for the command line.
//!
//! Requests wait for their answer. The token is sent and never shown.

#![expect(clippy::disallowed_methods, reason = "where a gateway listens is said in its state directory")]

use super::admin::token;
use crate::channel::Secret;
use serde_json::Value;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

/// How long an answer may take: a reload waits for its files to hold still.
const PATIENCE: Duration = Duration::from_mins(1);

/// A gateway that runs.
pub struct Client {
    base: String,
    token: Secret,
    runtime: tokio::runtime::Runtime,
    http: reqwest::Client,
}

impl Client {
    /// The gateway of a state directory; nothing where none runs there.
    ///
    /// # Errors
    /// In words, where its token cannot be read.
    pub fn find(state: &Path) -> Result<Option<Self>, String> {
        let path = token::address_path(state);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("cannot read `{}`: {error}", path.display())),
        };
        let said: Value = serde_json::from_str(&text).unwrap_or_default();
        let Some(url) = said.get("url").and_then(Value::as_str) else { return Ok(None) };
        let path = token::token_path(state);
        let secret =
            token::read(&path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
        let client = Self::at(url, secret.expose().to_owned())?;
        Ok(client.answers().then_some(client))
    }

    /// The gateway whose admin listener has that address.
    ///
    /// # Errors
    /// In words, where no request can be made at all.
    pub fn at(url: &str, token: String) -> Result<Self, String> {
        // Another part of the program may have chosen the provider, which is the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| format!("no request can be made: {error}"))?;
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .build()
            .map_err(|error| format!("no request can be made: {}", error.without_url()))?;
        Ok(Self { base: url.trim_end_matches('/').to_owned(), token: Secret::new(token), runtime, http })
    }

    /// Whether anybody is there.
    fn answers(&self) -> bool {
        let request = self.http.get(format!("{}/-/healthy", self.base)).timeout(Duration::from_secs(5));
        self.runtime.block_on(request.send()).is_ok_and(|response| response.status().is_success())
    }

    /// Asks.
    ///
    /// # Errors
    /// In words, where there is no answer, or one that refuses.
    pub fn get(&self, path_and_query: &str) -> Result<Value, String> {
        self.send(self.http.get(format!("{}{path_and_query}", self.base)))
    }

    /// Tells.
    ///
    /// # Errors
    /// As for [`Client::get`].
    pub fn post(&self, path_and_query: &str, body: &Value) -> Result<Value, String> {
        let request = self.http.post(format!("{}{path_and_query}", self.base));
        self.send(request.header("content-type", "application/json").body(body.to_string()))
    }

    fn send(&self, request: reqwest::RequestBuilder) -> Result<Value, String> {
        let answer = async {
            let response = request.bearer_auth(self.token.expose()).send().await?;
            let status = response.status();
            Ok::<_, reqwest::Error>((status, response.bytes().await?))
        };
        let (status, bytes) = self.runtime.block_on(answer).map_err(|error| {
            format!("the gateway at {} does not answer: {}", self.base, error.without_url())
        })?;
        let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if status.is_success() {
            return Ok(body);
        }
        let detail = ["detail", "message"].iter().find_map(|name| body.get(name).and_then(Value::as_str));
        Err(format!("the gateway answers {}: {}", status.as_u16(), detail.unwrap_or("it does not say why")))
    }
}
