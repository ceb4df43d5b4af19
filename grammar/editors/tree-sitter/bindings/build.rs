//! Compiles the generated parser.

fn main() {
    println!("cargo::rerun-if-changed=src/parser.c");
    // Generated code names parameters that it does not use.
    cc::Build::new().std("c11").include("src").file("src/parser.c").warnings(false).compile("tree-sitter-pointsman");
}
