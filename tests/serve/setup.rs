//! What an operator sets up before a gateway runs: keys, and the configuration file.

use super::Place;

#[test]
fn a_key_is_made_for_where_it_belongs() {
    let place = Place::new();
    let key = place.pointsman(&["keys", "new"]).run().stdout;
    assert_eq!(key.trim().len(), 43, "{key}");
    let words = ["keys", "new", "--integration", "demo", "--rules", "rules", "--public-url", "https://a.example/"];
    let shown = place.pointsman(&words).run().stdout;
    let key = shown.lines().next().unwrap().split_whitespace().nth(1).unwrap();
    assert_eq!(key.len(), 43, "{shown}");
    assert!(shown.contains(&format!("POINTSMAN_DEMO_KEY={key}")), "{shown}");
    assert!(shown.contains(&format!("https://a.example/push/demo?integration_key={key}")), "{shown}");
    let words = ["keys", "new", "--integration", "dmo", "--rules", "rules"];
    let told = place.pointsman(&words).code(2).run().stderr;
    assert!(told.contains("did you mean `demo`?"), "{told}");
}

#[test]
fn a_configuration_file_is_read_and_its_mistakes_have_places() {
    let place = Place::new();
    place.0.write("p.toml", "rules = [\"rules\"]\nkeep_four = \"7d\"\n");
    let check = || place.pointsman(&["serve", "--config", "p.toml", "--check"]);
    let told = check().code(2).run().stderr;
    assert!(told.contains("p.toml:2:1: ") && told.contains("did you mean `keep_for`?"), "{told}");
    place.0.write("p.toml", "rules = [\"rules\"]\nlisten = \"127.0.0.1:7001\"\n");
    let plan = check().run().stdout;
    assert!(plan.contains("127.0.0.1:7001"), "{plan}");
    let plan = check().env("POINTSMAN_LISTEN", "127.0.0.1:7002").run().stdout;
    assert!(plan.contains("127.0.0.1:7002"), "{plan}");
}
