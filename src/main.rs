//! The `mailseal` program: parses its arguments, runs, exits. All else is in [`cli`].

mod cli;

use std::process::ExitCode;

// musl's own allocator is several times slower than this one on what CMS does.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    cli::main()
}
