//! A workload of our own, in the form in which the generator writes one: for where the generator is not there.

use serde_json::{Value, json};

/// How many label sets hit a route, and how many hit none.
const SETS: usize = 64;

/// Routes, the first that holds wins. The mix `hard-` makes one of twenty impossible to index.
pub(crate) fn routes(mix: &str, routes: usize) -> Value {
    let route = |position: usize| {
        let is_hard = mix == "hard-" && position % 20 == 7;
        let conditions = if is_hard { json!([hard(position)]) } else { conditions(position) };
        json!({ "conds": conditions, "receiver": format!("ch-{}", position % 97) })
    };
    json!({ "routes": (0..routes).map(route).collect::<Vec<_>>() })
}

fn conditions(position: usize) -> Value {
    let is = |label: &str, value: &str| json!({ "op": "eq", "label": label, "value": value });
    let three = json!({ "op": "ge", "label": "tier", "num": 3 });
    match position % 5 {
        0 => json!([is("service", &format!("svc-{position}"))]),
        1 => json!([is("team", &format!("team-{position}")), is("env", "prod")]),
        2 => json!([{ "op": "re", "label": "pod", "value": format!(".*-node{position}-.*") }]),
        3 => {
            let clusters = [format!("clu-{position}"), format!("clu-{position}-b")];
            json!([{ "op": "in", "label": "cluster", "values": clusters }])
        }
        _ => json!([three, is("namespace", &format!("ns-{position}"))]),
    }
}

/// A regex of which no text is known that has to be there; it fits none of the label sets.
fn hard(position: usize) -> Value {
    json!({ "op": "re", "label": "job", "value": format!("[a-z]+[^a-z]{{{}}}", 1 + position / 20 % 50) })
}

/// Sets of twelve labels: those of the first list hit routes at all positions, those of the second none.
pub(crate) fn label_sets(routes: usize) -> Value {
    let hits: Vec<_> = (0..SETS).map(|number| labels(Some(number * routes / SETS), number)).collect();
    let misses: Vec<_> = (0..SETS).map(|number| labels(None, number)).collect();
    json!({ "match": hits, "nomatch": misses })
}

/// Labels that fit the route at a position, if any is to be hit.
fn labels(position: Option<usize>, number: usize) -> Value {
    let mut labels = json!({
        "alertname": "HighCPU", "severity": "P2", "service": format!("other-{number}"), "team": "core", "env": "prod",
        "namespace": "shop", "cluster": "eu-1", "region": "eu-west-1", "instance": format!("10.0.0.{number}:9100"),
        "pod": format!("web-{number}"), "job": "node", "tier": "4",
    });
    if let Some(position) = position {
        let (label, value) = match position % 5 {
            0 => ("service", format!("svc-{position}")),
            1 => ("team", format!("team-{position}")),
            2 => ("pod", format!("web-node{position}-x")),
            3 => ("cluster", format!("clu-{position}-b")),
            _ => ("namespace", format!("ns-{position}")),
        };
        labels[label] = value.into();
    }
    json!({ "labels": labels })
}

/// A payload of that many alerts.
pub(crate) fn payload(alerts: usize) -> String {
    let alerts: Vec<Value> = (0..alerts).map(alert).collect();
    json!({ "version": "4", "status": "firing", "commonLabels": {}, "alerts": alerts }).to_string()
}

/// One alert.
pub(crate) fn alert(position: usize) -> Value {
    json!({
        "status": if position.is_multiple_of(3) { "resolved" } else { "firing" },
        "labels": labels(Some(position % 20), position)["labels"],
        "annotations": { "summary": "CPU is high", "description": "The processor has been busy for ten minutes." },
        "startsAt": "2026-11-20T08:00:00.000Z", "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example.com/graph?g0.expr=up", "fingerprint": format!("{position:016x}"),
    })
}
