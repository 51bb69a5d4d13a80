// Package doctest contains only tests: they run the code in README.md and docs/*.md and check what those texts promise, so that no document says
// something that is not true.
//
// # Blocks of Go
//
// Every fenced block whose language is go must be formatted as gofmt formats it. It is compiled and run:
//
//   - A block that begins with "package main" is a program.
//   - A block with any other package clause is a file. Those of one document with the same package are compiled together; their tests are run.
//   - A block of declarations is a file without its first line.
//   - Any other block is the body of a function with the variables ctx, t (a *testing.T), key, client (a *cio.Client of a fresh emulated
//     workspace) and srv (its *emulator.Server). It may return an error, which fails the test; so does a last assignment to err. What it
//     imports is found out.
//
// A line with only "..." stands for omitted code. A block of the language output directly after a block of Go is what that block prints.
//
// Nothing leaves the machine: requests to any address except a server of the block itself arrive in the emulator. That includes requests to
// Customer.io's hosts.
//
// A comment before a block changes how it is tested:
//
//	<!-- doctest: segment -->  is compiled with Segment's Go client if the module cache has it, and not run
//	<!-- doctest: parse -->    is only parsed: it needs a module that cannot be fetched
//
// CIOKIT_DOCTEST_DIR names a directory for the generated module, so that other tools can check it too; the default is a temporary one.
//
// # Everything else
//
// Relative links lead to existing files and headings. Lines that begin with ciokit name existing commands and flags. Blocks of YAML that map rows
// parse. Tables of rules, limits and references are complete. No line of a comment in a Go file is too wide.
package doctest
