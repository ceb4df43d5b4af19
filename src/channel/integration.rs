//! What an integration takes: the keys of its push URL, and what verifies that a push comes from where it should.

use super::{ParameterKind, ParameterSpec};

/// The parameters, in the order of the reference.
pub(super) const PARAMETERS: &[ParameterSpec] = &[
    ParameterSpec {
        name: "keys",
        takes: ParameterKind::Secrets,
        required: true,
        documentation: "The keys that open the push URL, one or two: two while one is rotated; each of at least 16 characters, and better of 128 random bits.",
    },
    ParameterSpec {
        name: "signature",
        takes: ParameterKind::OneOf(&[
            "standard_webhooks",
            "github",
            "gitlab",
            "grafana",
            "stripe",
            "generic",
        ]),
        required: false,
        documentation: "How pushes are signed, besides the key; an unsigned or wrongly signed one is refused with 401. A signed push to `/push/{integration}` may leave out the key; a wrong signature is then answered like an unknown integration, with 404. `generic` is an HMAC of the body in a header of your choice; `gitlab` compares a token. None by default.",
    },
    ParameterSpec {
        name: "secret",
        takes: ParameterKind::Secret,
        required: false,
        documentation: "The secret that signatures are made with; required where `signature` is given.",
    },
    ParameterSpec {
        name: "header",
        takes: ParameterKind::Text,
        required: false,
        documentation: "The header that holds the signature; required for `generic`, otherwise the scheme's own.",
    },
    ParameterSpec {
        name: "algorithm",
        takes: ParameterKind::OneOf(&["sha256", "sha512", "sha1"]),
        required: false,
        documentation: "The hash of a `generic` signature; `\"sha256\"` by default.",
    },
    ParameterSpec {
        name: "encoding",
        takes: ParameterKind::OneOf(&["hex", "base64"]),
        required: false,
        documentation: "How a `generic` signature is written; `\"hex\"` by default.",
    },
    ParameterSpec {
        name: "prefix",
        takes: ParameterKind::Text,
        required: false,
        documentation: "What stands before a `generic` signature in its header, such as `\"sha256=\"`; nothing by default.",
    },
    ParameterSpec {
        name: "tolerance",
        takes: ParameterKind::Duration(1, 60 * 60),
        required: false,
        documentation: "How far the time in a signature may be from now, where the scheme signs one; `\"5m\"` by default, at most an hour.",
    },
    ParameterSpec {
        name: "max_body",
        takes: ParameterKind::Integer(1, 16_384),
        required: false,
        documentation: "The largest body in KiB, unpacked, from 1 to 16,384; 1,024 by default. A larger one is refused with 413.",
    },
    ParameterSpec {
        name: "rate",
        takes: ParameterKind::Integer(1, 6_000_000),
        required: false,
        documentation: "The most pushes a minute, from 1 to 6,000,000; without it there is no limit of its own. What exceeds it is answered with 503 and a time to wait.",
    },
    ParameterSpec {
        name: "deduplicate_for",
        takes: ParameterKind::Duration(0, 7 * 24 * 60 * 60),
        required: false,
        documentation: "How long a body that was accepted once is taken for a repetition and not read again; `\"0s\"`, which is never, by default, at most seven days.",
    },
];
