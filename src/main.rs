//! The program `pointsman`: everything is in [`pointsman::cli`].

#![expect(clippy::disallowed_methods, reason = "arguments come in here")]

/// glibc's allocator keeps what each of its arenas once took: sixteen large requests at once took 500 MiB, and 220 MiB with a
/// single arena. With musl's own allocator, static binaries delivered a third less.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    pointsman::cli::main(std::env::args_os())
}
