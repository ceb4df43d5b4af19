//! What the command line says of a request besides its body: `--header`, `--path-suffix`.

use super::exit::Exit;
use super::terminal::Terminal;
use crate::channel::request_header::{HeaderRefusal, LONGEST_HEADER, LONGEST_PATH_SUFFIX, header_refusal};
#[cfg(feature = "gateway")]
use crate::diagnostic::visible_line;
#[cfg(feature = "gateway")]
use crate::evaluate::HeaderText;
use crate::evaluate::RequestMetadata;
use crate::program::RequestReads;
use crate::text::backticked_list;
#[cfg(feature = "gateway")]
use crate::text::quoted;
use clap::Args;

/// What a payload came with.
#[derive(Debug, Args)]
pub(super) struct RequestArguments {
    /// A header that the payloads came with, which `header("…")` reads; may be repeated
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header, conflicts_with = "events")]
    headers: Vec<HeaderArgument>,
    /// The path behind the integration's name that the payloads came to, decoded, which `path_suffix()` reads
    #[arg(long, value_name = "PATH", value_parser = path_suffix, conflicts_with = "events")]
    path_suffix: Option<String>,
}

/// A header of the command line.
#[derive(Debug, Clone)]
struct HeaderArgument {
    name: String,
    value: String,
}

fn header(text: &str) -> Result<HeaderArgument, String> {
    let (name, value) = text.split_once(':').ok_or("write a name, a colon and a value: `X-GitHub-Event: push`")?;
    let (name, value) = (name.trim(), value.trim());
    match header_refusal(name) {
        Some(HeaderRefusal::NotAName) => return Err(format!("`{name}` is not the name of a header")),
        Some(HeaderRefusal::Credential(word)) => {
            return Err(format!("rules cannot read a header with `{word}` in its name"));
        }
        None => {}
    }
    if value.len() > LONGEST_HEADER {
        return Err(format!("rules read at most {LONGEST_HEADER} bytes of a header"));
    }
    Ok(HeaderArgument { name: name.to_owned(), value: value.to_owned() })
}

fn path_suffix(text: &str) -> Result<String, String> {
    let suffix = text.trim_start_matches('/');
    if suffix.len() > LONGEST_PATH_SUFFIX {
        return Err(format!("a path suffix has at most {LONGEST_PATH_SUFFIX} bytes"));
    }
    Ok(suffix.to_owned())
}

impl RequestArguments {
    /// What the request said, given what mappings read of it. A header that no mapping reads is likely misspelt.
    ///
    /// # Errors
    /// Where no mapping reads the path suffix.
    pub(super) fn request(&self, reads: &RequestReads, terminal: &mut Terminal) -> Result<RequestMetadata, Exit> {
        let mut request = RequestMetadata::default();
        for HeaderArgument { name, value } in &self.headers {
            if !reads.headers.contains(name.to_ascii_lowercase().as_str()) {
                terminal.warning(&format!("no mapping that is asked reads the header `{name}`"));
                let names: Vec<&str> = reads.headers.iter().map(|name| &**name).collect();
                if !names.is_empty() {
                    terminal.help(&format!("they read {}", backticked_list(names)));
                }
            }
            request.set_header(name, Some(value.clone()));
        }
        if let Some(suffix) = &self.path_suffix {
            if !reads.path_suffix {
                terminal
                    .error("no mapping that is asked reads the path suffix; a gateway answers such a push with 404");
                return Err(Exit::Usage);
            }
            request.set_path_suffix(suffix.clone());
        }
        Ok(request)
    }
}

/// What a request said, in lines as tests write it.
#[cfg(feature = "gateway")]
pub(super) fn lines(request: &RequestMetadata) -> Vec<String> {
    let header = |(name, text): (&str, &HeaderText)| match text {
        HeaderText::Text(text) => format!("header {}: {}", quoted(name), quoted(text)),
        HeaderText::Unreadable => format!("# the header {name} cannot be read"),
    };
    let suffix = request.path_suffix().map(|suffix| format!("path_suffix {}", quoted(suffix)));
    request.headers().map(header).chain(suffix).map(|line| visible_line(&line)).collect()
}
