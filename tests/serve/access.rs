//! What rules cannot read: the settings and files of the gateway itself, and what the operator does not allow.

use super::Place;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

/// Whether rules with this secret can be served with these options, and what is said about it.
fn said(place: &Place, secret: &str, options: &[&str]) -> (Option<i32>, String) {
    let rules = format!("edition 1\nchannel c = webhook(url = {secret})\n");
    fs::write(place.rules().join("c.rules"), rules).unwrap();
    let run = place.serve(options).args(["--check"]).env("HOOK_URL", "https://hooks.example.com/x");
    let finished = run.env("POINTSMAN_ADMIN_TOKEN", "canary-token-0123456789").finish();
    (finished.code, finished.stdout + &finished.stderr)
}

fn refused(place: &Place, secret: &str, options: &[&str], words: &str) {
    let (code, text) = said(place, secret, options);
    assert!(code == Some(1) && text.contains(words), "{secret}: {code:?} {text}");
    assert!(!text.contains("canary"), "{text}");
}

fn served(place: &Place, secret: &str, options: &[&str]) {
    let (code, text) = said(place, secret, options);
    assert_eq!(code, Some(0), "{secret}: {text}");
}

#[test]
fn settings_of_the_program_are_not_for_rules() {
    let place = Place::new();
    for name in ["POINTSMAN_ADMIN_TOKEN", "POINTSMAN_PROXY", "POINTSMAN_CONFIG"] {
        refused(&place, &format!("env(\"{name}\")"), &[], "it is a setting of pointsman itself");
    }
    let text = said(&place, "env(\"POINTSMAN_PROXY\")", &[]).1;
    assert!(
        text.contains("help: give the secret a variable of its own") && !text.contains("set the variable"),
        "{text}"
    );
    served(&place, "env(\"HOOK_URL\")", &[]);
    let prefix = ["--env-prefix", "HOOK_", "--env-prefix", "POINTSMAN_DEMO_"];
    served(&place, "env(\"HOOK_URL\")", &prefix);
    refused(&place, "env(\"HOME\")", &prefix, "help: start the gateway with `--env-prefix HOME` too");
    refused(&place, "env(\"POINTSMAN_ADMIN_TOKEN\")", &["--env-prefix", "POINTSMAN_"], "setting of pointsman");
}

/// A name that cannot be meant is refused: it would have no effect, or an empty prefix would open every variable.
#[test]
fn names_that_cannot_be_meant_are_refused() {
    let place = Place::new();
    fs::write(place.rules().join("c.rules"), "edition 1\n").unwrap();
    let wrong = |options: &[&str], words: &str| {
        let text = place.serve(options).args(["--check"]).code(2).run().stderr;
        assert!(text.contains(words), "{options:?}: {text}");
    };
    for prefix in ["", "HOOK_*", "A B", "A=", "HOOK_,"] {
        wrong(&["--env-prefix", prefix], "is not the beginning of a variable's name");
    }
    for host in ["", "*", "a b", "http://metrics.example.com/", "metrics.example.com:8481"] {
        wrong(&["--admin-host", host], "is not the name of a host");
    }
    let missing = place.0.join("nowhere").display().to_string();
    wrong(&["--secrets", &missing], "there is no folder");
}

/// Every path to a file of the state directory: direct, by links of files and folders, and by another name of the file.
#[test]
fn files_of_the_state_directory_are_not_for_rules() {
    let place = Place::new();
    fs::create_dir(place.state()).unwrap();
    fs::create_dir(place.0.join("secrets")).unwrap();
    fs::write(place.state().join("admin.token"), "https://canary.example.com/0123456789\n").unwrap();
    let token = place.state().join("admin.token");
    symlink(&token, place.rules().join("link")).unwrap();
    symlink(place.state(), place.rules().join("folder")).unwrap();
    fs::hard_link(&token, place.rules().join("hard")).unwrap();
    fs::hard_link(&token, place.0.join("secrets/hard")).unwrap();
    let beside = place.state().display().to_string();
    for path in ["../state/admin.token", "link", "folder/admin.token", "hard", "../secrets/hard"] {
        let secret = format!("secret_file(\"{path}\")");
        refused(&place, &secret, &["--secrets", &beside], "it is a file of the gateway itself");
        let text = said(&place, &secret, &[]).1;
        assert!(text.contains("put the secret into a file of its own") && !text.contains("--secrets"), "{text}");
        assert!(!text.contains("keys new"), "a new key would not help: {text}");
    }
    // A table and a rule file show their text, too.
    fs::write(place.rules().join("c.rules"), "edition 1\ntable t(a) -> b from \"hard\"\n").unwrap();
    let text = place.serve(&["--check"]).code(1).run().stderr;
    assert!(text.contains("it is a file of the gateway itself"), "{text}");
    for link in ["hard", "soft"] {
        let rules = place.rules().join("x.rules");
        let _ = fs::remove_file(&rules);
        if link == "hard" {
            fs::hard_link(&token, &rules).unwrap();
        } else {
            symlink(&token, &rules).unwrap();
        }
        let text = place.serve(&["--check"]).code(1).run().stderr;
        assert!(text.contains("it is a file of the gateway itself") && !text.contains("canary"), "{text}");
    }
    fs::remove_file(place.rules().join("x.rules")).unwrap();
    // What payloads may write into the state directory is not read as rules.
    fs::write(place.state().join("page.rules"), "nonsense").unwrap();
    fs::write(place.rules().join("c.rules"), "edition 1\n").unwrap();
    place.pointsman(&["serve", "--rules", ".", "--state", "state", "--check"]).run();
    let text = place.pointsman(&["serve", "--rules", "rules", "--state", "rules", "--check"]).code(1).run().stderr;
    assert!(text.contains("`rules`: it is the state directory: put the rules into a folder of their own"), "{text}");
}

#[test]
fn secret_files_have_their_places() {
    let place = Place::new();
    let url = "https://hooks.example.com/x\n";
    for path in ["rules/below/url", "secrets/url", "keys/url", "token"] {
        let path = place.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, url).unwrap();
    }
    symlink("../keys/url", place.rules().join("link")).unwrap();
    served(&place, "secret_file(\"below/url\")", &[]);
    served(&place, "secret_file(\"../secrets/url\")", &[]);
    let keys = place.0.join("keys");
    let option = format!("help: start the gateway with `--secrets {}`", keys.display());
    for path in ["../keys/url", "link"] {
        refused(&place, &format!("secret_file(\"{path}\")"), &[], &option);
        served(&place, &format!("secret_file(\"{path}\")"), &["--secrets", &keys.display().to_string()]);
    }
    // The token of the admin listener is the gateway's wherever it lies.
    let token = place.0.join("secrets/url");
    let options = ["--admin-token-file", Path::new(&token).to_str().unwrap()];
    fs::write(&token, "canary-token-0123456789\n").unwrap();
    fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
    refused(&place, "secret_file(\"../secrets/url\")", &options, "it is a file of the gateway itself");
    // The configuration can hold the password of a proxy.
    fs::write(&token, "poll = true # canary\n").unwrap();
    let options = ["--config", token.to_str().unwrap()];
    refused(&place, "secret_file(\"../secrets/url\")", &options, "it is a file of the gateway itself");
}

#[test]
fn the_file_of_the_admin_token_can_be_set_in_the_configuration() {
    let place = Place::new();
    place.0.write("p.toml", "rules = [\"rules\"]\nadmin_token_file = \"nowhere\"\n");
    let told = place.pointsman(&["serve", "--config", "p.toml", "--check"]).code(3).run().stderr;
    assert!(told.contains("the admin token in `nowhere` cannot be used"), "{told}");
}

/// A rule set that could not be loaded beside the one in force is refused before it is read.
#[test]
fn rules_of_many_bytes_are_refused() {
    let place = Place::new();
    fs::write(place.rules().join("c.rules"), format!("edition 1\n#{}\n", "x".repeat(5 << 20))).unwrap();
    let text = place.serve(&["--check"]).code(1).run().stderr;
    assert!(text.contains("the rule files have more than 4 MiB in all; to allow more"), "{text}");
    fs::write(place.rules().join("c.rules"), "edition 1\n").unwrap();
    let text = place.serve(&["--check", "--most-rule-bytes", "1KiB"]).code(1).run().stderr;
    assert!(text.contains("more than 1 KiB in all"), "{text}");
}
