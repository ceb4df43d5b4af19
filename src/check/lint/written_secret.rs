//! A secret in clear text in a channel: the URL of a chat robot, a token in a query, a header that authenticates.

use super::LintInput;
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::syntax::tree::{Channel, Declaration, Expression, ExpressionKind, Template, TemplatePart};

pub(crate) const CODE: DiagnosticCode = crate::code!("W0040", "secret in clear text");

/// What the addresses of chat robots and other services hold before their secret part.
const SECRET_ADDRESSES: [&str; 18] = [
    "hooks.slack.com/services/",
    "hooks.slack.com/triggers/",
    "hooks.slack.com/workflows/",
    "oapi.dingtalk.com/robot/send?access_token=",
    "qyapi.weixin.qq.com/cgi-bin/webhook/send?key=",
    "open.feishu.cn/open-apis/bot/",
    "open.larksuite.com/open-apis/bot/",
    ".webhook.office.com/",
    "outlook.office.com/webhook/",
    "discord.com/api/webhooks/",
    "discordapp.com/api/webhooks/",
    "api.telegram.org/bot",
    "chat.googleapis.com/v1/spaces/",
    "hooks.zapier.com/hooks/catch/",
    "events.pagerduty.com/integration/",
    "sctapi.ftqq.com/",
    "api.day.app/",
    "hooks.chime.aws/incomingwebhooks/",
];

/// Members of a query that hold secrets.
const SECRET_MEMBERS: [&str; 12] = [
    "access_token",
    "api_key",
    "apikey",
    "api-key",
    "integration_key",
    "key",
    "password",
    "secret",
    "sig",
    "sign",
    "signature",
    "token",
];

/// Parts of the names of headers that hold secrets.
const SECRET_HEADERS: [&str; 6] = ["authorization", "token", "secret", "api-key", "apikey", "password"];

/// A shorter value of a query is likely a word.
const MIN_LENGTH: usize = 8;

pub(crate) fn run(input: &LintInput<'_>, diagnostics: &mut Findings) {
    for item in input.items() {
        let Declaration::Channel(channel) = &item.kind else { continue };
        for given in &channel.parameters {
            look(channel, &given.value, &given.name.text, diagnostics);
        }
    }
}

/// `name` is that of the parameter or of the header.
fn look(channel: &Channel, value: &Expression, name: &str, diagnostics: &mut Findings) {
    if let ExpressionKind::Template(template) = &value.kind {
        diagnostics.extend(secret(template).map(|found| report(channel, template, name, found)));
    }
    if let ExpressionKind::Object(members) = &value.kind
        && name == "headers"
    {
        for (header, value) in members {
            look(channel, value, &header.value, diagnostics);
            if let ExpressionKind::Template(template) = &value.kind
                && is_secret_header(&header.value, template)
            {
                diagnostics.push(report(channel, template, &header.value, "this header authenticates"));
            }
        }
    } else {
        value.each_part(&mut |part| look(channel, part, name, diagnostics));
    }
}

fn report(channel: &Channel, template: &Template, name: &str, found: &'static str) -> Diagnostic {
    let message = format!("a secret of the channel `{}` stands in the rules", channel.name.text);
    let finding = Diagnostic::new(&CODE, template.span, message).label(found);
    if name == "body" {
        return finding.help("leave it out of the body: a receiver that needs it takes it in the URL or in a header");
    }
    let letters = format!("{}_{name}", channel.name.text).to_ascii_uppercase();
    let variable: String =
        letters.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    finding
        .suggest("read it from the environment", template.span, format!("env(\"{variable}\")"))
        .note("whoever reads the rules or their history can use it: replace it at the receiver")
}

/// Why a string is a secret, if it is one.
fn secret(template: &Template) -> Option<&'static str> {
    let [TemplatePart::Text(text), ..] = template.parts.as_slice() else { return None };
    let (_, address) = text.split_once("://")?;
    let is_robot = |known: &&str| {
        let rest = address.find(*known).and_then(|at| address.get(at + known.len()..));
        let before = address.find(['/', '?']).unwrap_or(address.len());
        let in_host = address.find(*known).is_some_and(|at| at < before);
        in_host && rest.is_some_and(|rest| rest.len() >= MIN_LENGTH)
    };
    if SECRET_ADDRESSES.iter().any(is_robot) {
        return Some("whoever has this address can send to it");
    }
    let host = address.split(['/', '?', '#']).next().unwrap_or_default();
    if host.split_once('@').is_some_and(|(user, _)| user.contains(':')) {
        return Some("holds a password");
    }
    let (_, query) = address.split_once('?')?;
    let query = query.split('#').next().unwrap_or_default();
    let is_secret = |member: &str| {
        let Some((name, value)) = member.split_once('=') else { return false };
        SECRET_MEMBERS.contains(&&*name.to_ascii_lowercase()) && value.len() >= MIN_LENGTH
    };
    query.split('&').any(is_secret).then_some("holds a token")
}

fn is_secret_header(name: &str, template: &Template) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_HEADERS.iter().any(|part| name.contains(part))
        && template.plain().is_some_and(|text| text.len() >= MIN_LENGTH)
}
