//! The program `pointsman`: everything is in [`pointsman::cli`].

fn main() -> std::process::ExitCode {
    pointsman::cli::main(std::env::args_os())
}
