//! The program `pointsman`: everything is in [`pointsman::cli`].

#![expect(clippy::disallowed_methods, reason = "arguments come in here")]

fn main() -> std::process::ExitCode {
    pointsman::cli::main(std::env::args_os())
}
