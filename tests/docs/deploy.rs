//! The files to copy: settings that they name exist, images are fixed by digest, and secrets stay where they belong.

use super::{Folder, read};

/// The settings, as they are written as flags and in the environment.
fn is_setting(name: &str) -> bool {
    pointsman::cli::settings_reference().contains(&format!("`{name}`")) || name == "POINTSMAN_DEMO_KEY"
}

/// The words of a text that begin like that.
fn words<'t>(text: &'t str, begin: &str) -> Vec<&'t str> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    text.split(|letter| !is_part(letter)).filter(|word| word.starts_with(begin) && word.len() > begin.len()).collect()
}

#[test]
fn settings_in_the_files_to_copy_exist() {
    let unit = read(".deploy/pointsman.service");
    let command = unit.lines().find(|line| line.starts_with("ExecStart=")).unwrap();
    assert!(command.contains("--start-with-last-good"), "broken rules at a start must not end the service");
    let flags = words(command, "--");
    assert!(flags.len() > 3, "{command}");
    for setting in flags {
        assert!(is_setting(setting), "{setting}");
    }
    for file in [".deploy/Dockerfile", ".deploy/kubernetes.yaml"] {
        let text = read(file);
        let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        for setting in lines.flat_map(|line| words(line, "POINTSMAN_")) {
            assert!(is_setting(setting), "{file}: {setting}");
        }
    }
}

#[test]
fn images_are_fixed_by_digest_and_built_from_the_sources() {
    let file = read(".deploy/Dockerfile");
    let bases: Vec<&str> = file.lines().filter(|line| line.starts_with("FROM ")).collect();
    assert_eq!(bases.len(), 2);
    for base in bases {
        let (_, digest) = base.split_once("@sha256:").unwrap_or_else(|| panic!("{base}"));
        let digest = digest.split(' ').next().unwrap();
        assert!(digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{base}");
    }
    let ignored = read(".dockerignore");
    assert!(ignored.lines().any(|line| line == "*"), "only what is named is sent to the build");
}

#[test]
fn the_examples_keep_cores_and_secrets_back() {
    assert!(read(".deploy/pointsman.service").contains("\nLimitCORE=0\n"));
    let example = read(".deploy/kubernetes.yaml");
    assert!(!example.contains("envFrom"), "the rules would get every secret");
    assert!(!example.contains("POINTSMAN_ADMIN_TOKEN,"), "the rules can read the environment");
    let state = "{ name: POINTSMAN_STATE, value: /var/lib/pointsman/state }";
    assert!(example.contains(state), "the gateway refuses a volume that everybody may write to, so it makes a folder");
    assert!(example.contains("kind: NetworkPolicy"), "everybody in the cluster would reach the admin port");
}

/// The rules of the Kubernetes example, with the variables that it sets.
#[test]
fn the_rules_of_the_kubernetes_example_can_be_served() {
    let example = read(".deploy/kubernetes.yaml");
    let (_, rest) = example.split_once("  team.rules: |\n").unwrap();
    let (rules, _) = rest.split_once("---\n").unwrap();
    let rules: String =
        rules.lines().map(|line| line.strip_prefix("    ").unwrap_or_default().to_owned() + "\n").collect();
    let folder = Folder::new().file("rules/team.rules", rules);
    let mut serve = folder.pointsman(["serve", "--rules", "rules", "--check"]);
    for name in ["TEAM_KEY", "FLASHDUTY_KEY"] {
        assert!(example.contains(&format!("- {{ name: {name}, valueFrom")), "{name} is not set");
        serve = serve.env(name, format!("{name}-0123456789-0123456789"));
    }
    serve.code(0).run();
}
