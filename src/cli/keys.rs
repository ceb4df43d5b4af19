//! `pointsman keys`: makes keys for push URLs.

use super::exit::Exit;
use super::load;
use super::terminal::Terminal;
use crate::channel::integration::KEYS;
use crate::diagnostic::nearest;
use crate::gateway::keys::new_key;
use crate::model::{Integration, ParameterValue, SecretReference};
use crate::ruleset::RuleSet;
use clap::{Args, Subcommand};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Make keys for push URLs
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: KeysAction,
}

#[derive(Debug, Subcommand)]
enum KeysAction {
    New(NewKeyArguments),
}

/// Make a key of 256 random bits, and show where to write it and the push URL
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
struct NewKeyArguments {
    /// The integration that the key is for
    #[arg(long, value_name = "NAME")]
    integration: Option<String>,
    /// Rule files and folders that declare the integration
    #[arg(long, env = "POINTSMAN_RULES", value_name = "PATH", num_args = 1.., value_delimiter = ':')]
    rules: Vec<PathBuf>,
    /// The address at which senders reach the gateway
    #[arg(long, env = "POINTSMAN_PUBLIC_URL", value_name = "URL", default_value = "http://127.0.0.1:8480")]
    public_url: String,
}

const EXAMPLES: &str = "\
Examples:
  pointsman keys new                                    only a key
  pointsman keys new --integration shop_arms --rules rules \\
      --public-url https://alerts.example.com

To rotate a key: make a new one, put it first (`keys = [env(\"NEW\"), env(\"OLD\")]`), give senders the new URL, \
and remove the old one once no sender uses it.

Nothing is stored: if you lose a key, make another.

Exit codes:
  0  made
  1  the rules contain an error
  2  the command line is wrong, or the rules have no such integration
  3  the rules could not be read, or the system has no random numbers";

/// Makes a key.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let KeysAction::New(new) = &arguments.action;
    let rules = match (&new.integration, new.rules.is_empty()) {
        (Some(_), false) => Some(load::usable(&new.rules, None, terminal)?),
        (_, _) => None,
    };
    let key = new_key().map_err(|message| terminal.fail(&message))?;
    let Some(name) = &new.integration else {
        terminal.out.print(&format!("{key}\n"));
        return Ok(Exit::Success);
    };
    match places(name, rules.as_ref()) {
        Ok(places) => {
            terminal.out.print(&show(name, &key, &places, &new.public_url));
            Ok(Exit::Success)
        }
        Err(near) => {
            terminal.error(&format!("there is no integration named `{name}`"));
            if let Some(near) = near {
                terminal.help(&format!("did you mean `{near}`?"));
            }
            Err(Exit::Usage)
        }
    }
}

/// Where a key may be written.
enum KeyLocation {
    /// An environment variable of the gateway.
    Variable(String),
    /// A file.
    File(PathBuf),
    /// Unknown, because no rules are named.
    Unknown,
}

/// The places that the rules name for the keys of an integration; unknown without rules.
fn places(name: &str, rules: Option<&RuleSet>) -> Result<Vec<KeyLocation>, Option<String>> {
    let Some(rules) = rules else {
        return Ok(vec![KeyLocation::Unknown]);
    };
    let integrations = &rules.model.integrations;
    let Some(integration) = integrations.iter().find(|integration| &*integration.name == name) else {
        return Err(nearest(name, integrations.iter().map(|integration| &*integration.name)).map(str::to_owned));
    };
    let folder = Path::new(rules.sources.name(integration.span)).parent().unwrap_or(Path::new(""));
    Ok(secrets(integration).map(|secret| place(secret, folder)).collect())
}

fn secrets(integration: &Integration) -> impl Iterator<Item = &SecretReference> {
    let given = integration.parameters.iter().filter(|(name, _)| &**name == KEYS.spec.name);
    let items =
        given.filter_map(|(_, argument)| if let ParameterValue::List(items) = argument { Some(items) } else { None });
    items.flatten().filter_map(|item| if let ParameterValue::Secret(secret) = item { Some(secret) } else { None })
}

fn place(secret: &SecretReference, folder: &Path) -> KeyLocation {
    match secret {
        SecretReference::Environment(name) => KeyLocation::Variable(name.to_string()),
        SecretReference::File(path) => KeyLocation::File(folder.join(&**path)),
    }
}

fn show(name: &str, key: &str, places: &[KeyLocation], public_url: &str) -> String {
    let mut text = format!("key       {key}\n");
    let mut heading = "write     ";
    for place in places {
        // Writing to a string does not fail.
        let _ = match place {
            KeyLocation::Variable(variable) => {
                writeln!(text, "{heading}{variable}={key}    (in the gateway's environment)")
            }
            KeyLocation::File(path) => writeln!(text, "{heading}the key to `{}`", path.display()),
            KeyLocation::Unknown => {
                writeln!(text, "{heading}it to the variable that `keys` of `{name}` names; `--rules PATH` shows which")
            }
        };
        heading = "or        ";
    }
    let base = public_url.trim_end_matches('/');
    let _ = writeln!(text, "push URL  {base}/push/{name}?integration_key={key}");
    text
}
