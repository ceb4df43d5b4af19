//! Signatures: published test vectors, and requests that must be refused.

use super::RULES;
use super::host::{keys, secret, start, text, version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use pointsman::channel::Setting;
use pointsman::gateway::config::ListenerLimits;
use sha2::Sha256;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const BODY: &[u8] = br#"{"title": "t"}"#;

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn mac(secret: &[u8], signed: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(signed);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// The statuses of requests with these headers, with the right key.
async fn statuses(settings: &[(&str, Setting)], body: &[u8], requests: &[Vec<(&str, String)>]) -> Vec<u16> {
    let mut all = vec![("keys", keys(&["k"]))];
    all.extend(settings.iter().cloned());
    let running = start(version(1, RULES, &[("plain", &all)]), ListenerLimits::default()).await;
    let mut statuses = Vec::new();
    for headers in requests {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        statuses.push(running.post("/push/plain?integration_key=k", &headers, body).await.status);
        let keyless = running.post("/push/plain", &headers, body).await.status;
        assert_eq!(keyless, if *statuses.last().unwrap() == 401 { 404 } else { *statuses.last().unwrap() });
    }
    statuses
}

#[tokio::test]
async fn github_signs_as_its_documentation_shows() {
    // docs.github.com, "Validating webhook deliveries": this secret, this body, this signature.
    let settings = [("signature", text("github")), ("secret", secret("It's a Secret to Everybody"))];
    let right = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let sign = |value: &str| vec![("X-Hub-Signature-256", value.to_owned())];
    let requests = [
        sign(right),
        sign(&right.to_uppercase()),
        sign(&right.replace('7', "8")),
        sign(&right[..right.len() - 2]),
        sign("sha256="),
        sign(""),
        vec![],
        [sign(right), sign(right)].concat(),
        vec![("X-Hub-Signature", right.to_owned())],
    ];
    // The body is not JSON: after the signature it is refused with 400.
    let expected = [400, 401, 401, 401, 401, 401, 401, 401, 401];
    assert_eq!(statuses(&settings, b"Hello, World!", &requests).await, expected);
}

#[tokio::test]
async fn standard_webhooks_sign_id_time_and_body() {
    // The example secret of the specification.
    let written = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let key = STANDARD.decode(&written[6..]).unwrap();
    let settings = [("signature", text("standard_webhooks")), ("secret", secret(written))];
    let headers = |time: u64, signed_time: u64, prefix: &str, body: &[u8]| {
        let signed = [format!("msg_1.{signed_time}.").as_bytes(), body].concat();
        let signature = format!("{prefix}v1,{}", STANDARD.encode(mac(&key, &signed)));
        vec![
            ("webhook-id", "msg_1".to_owned()),
            ("webhook-timestamp", time.to_string()),
            ("webhook-signature", signature),
        ]
    };
    let now = now();
    let requests = [
        headers(now, now, "", BODY),
        headers(now, now, "v1,AAAA v1a,AAAA ", BODY),
        headers(now - 200, now - 200, "", BODY),
        headers(now - 400, now - 400, "", BODY),
        headers(now + 400, now + 400, "", BODY),
        headers(now, now - 1, "", BODY),
        headers(now, now, "", b"{}"),
        headers(now, now, "v2", BODY),
        headers(now, now, "", BODY)[1..].to_vec(),
    ];
    assert_eq!(statuses(&settings, BODY, &requests).await, [202, 202, 202, 401, 401, 401, 401, 401, 401]);
}

#[tokio::test]
async fn stripe_and_grafana_sign_a_time() {
    let now = now();
    let stripe = |time: u64, body: &[u8]| {
        let signed = [format!("{time}.").as_bytes(), body].concat();
        let signature = hex(&mac(b"s", &signed));
        vec![("Stripe-Signature", format!("t={time},v1={},v1={signature},v0=00", hex(&[0; 32])))]
    };
    let settings = [
        ("signature", text("stripe")),
        ("secret", secret("s")),
        ("tolerance", Setting::Duration(Duration::from_mins(1))),
    ];
    let requests = [stripe(now, BODY), stripe(now - 90, BODY), stripe(now, b"")];
    assert_eq!(statuses(&settings, BODY, &requests).await, [202, 401, 401]);

    let settings = [("signature", text("grafana")), ("secret", secret("s"))];
    let timed = |time: u64, said: u64| {
        let signed = [format!("{time}:").as_bytes(), BODY].concat();
        vec![
            ("X-Grafana-Alerting-Signature", hex(&mac(b"s", &signed))),
            ("X-Grafana-Alerting-Timestamp", said.to_string()),
        ]
    };
    let plain = vec![("X-Grafana-Alerting-Signature", hex(&mac(b"s", BODY)))];
    let requests = [plain, timed(now, now), timed(now, now - 1), timed(now - 400, now - 400)];
    assert_eq!(statuses(&settings, BODY, &requests).await, [202, 202, 401, 401]);

    // The time and the body of one push are not the body of another one.
    let other = [format!("{now}:").as_bytes(), BODY].concat();
    let untimed = vec![("X-Grafana-Alerting-Signature", hex(&mac(b"s", &other)))];
    assert_eq!(statuses(&settings, &other, &[untimed]).await, [401]);
}

#[tokio::test]
async fn tokens_and_generic_signatures() {
    let settings = [("signature", text("gitlab")), ("secret", secret("token"))];
    let token = |token: &str| vec![("X-Gitlab-Token", token.to_owned())];
    assert_eq!(statuses(&settings, BODY, &[token("token"), token("tokem"), token("")]).await, [202, 401, 401]);

    // RFC 2202, HMAC-SHA-1, case 2.
    let settings = [
        ("signature", text("generic")),
        ("secret", secret("Jefe")),
        ("header", text("X-Signed")),
        ("algorithm", text("sha1")),
        ("prefix", text("v0=")),
    ];
    let sign = |value: &str| vec![("X-Signed", value.to_owned())];
    let right = "v0=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79";
    let requests = [sign(right), sign(&right[3..]), sign("v0=é")];
    assert_eq!(statuses(&settings, b"what do ya want for nothing?", &requests).await, [400, 401, 401]);

    let settings = [
        ("signature", text("generic")),
        ("secret", secret("s")),
        ("header", text("X-S")),
        ("encoding", text("base64")),
    ];
    let requests = [vec![("X-S", STANDARD.encode(mac(b"s", BODY)))], vec![("X-S", hex(&mac(b"s", BODY)))]];
    assert_eq!(statuses(&settings, BODY, &requests).await, [202, 401]);
}

/// A signature leaves out the headers that say what a body is. Whoever replays a push cannot change what it means.
#[tokio::test]
async fn a_signed_body_is_read_as_what_it_is() {
    let settings = [("keys", keys(&["k"])), ("signature", text("github")), ("secret", secret("s"))];
    let running = start(version(1, RULES, &[("plain", &settings)]), ListenerLimits::default()).await;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, BODY).unwrap();
    let packed = encoder.finish().unwrap();
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    for (body, headers) in [(BODY, vec![form]), (&packed, vec![("Content-Encoding", "gzip"), form]), (&packed, vec![])]
    {
        let signature = format!("sha256={}", hex(&mac(b"s", body)));
        let headers = [headers, vec![("X-Hub-Signature-256", signature.as_str())]].concat();
        let answer = running.post("/push/plain?integration_key=k", &headers, body).await;
        assert_eq!(answer.status, 202, "{headers:?}: {answer:?}");
        assert_eq!(running.pushes().last().unwrap().payload, BODY, "{headers:?}");
    }
    let signature = format!("sha256={}", hex(&mac(b"s", b"alertName=cpu")));
    let headers = [form, ("X-Hub-Signature-256", signature.as_str())];
    assert_eq!(running.post("/push/plain?integration_key=k", &headers, b"alertName=cpu").await.status, 202);
}

#[tokio::test]
async fn what_cannot_be_verified_is_refused() {
    let empty = hex(&mac(b"", BODY));
    let requests = [vec![("X-Hub-Signature-256", format!("sha256={empty}")), ("X-Gitlab-Token", String::new())]];
    for settings in [
        vec![("signature", text("github"))],
        vec![("signature", text("github")), ("secret", secret(""))],
        vec![("signature", text("gitlab")), ("secret", secret(""))],
        vec![("signature", text("unheard of")), ("secret", secret("s"))],
        vec![("signature", text("generic")), ("secret", secret("s"))],
        vec![("signature", text("standard_webhooks")), ("secret", secret("whsec_?"))],
    ] {
        assert_eq!(statuses(&settings, BODY, &requests).await, [401], "{settings:?}");
    }
}
