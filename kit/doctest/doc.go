// Package doctest holds nothing but tests: they run the code in README.md and docs/*.md and look for what those texts promise, so that
// no document says what does not hold.
//
// # Blocks of Go
//
// Every fenced block whose language is go is formatted as gofmt does it, compiled, and run:
//
//   - A block that begins with "package main" is a program.
//   - A block with any other package clause is a file. Those of one document with the same package are compiled together; their tests are run.
//   - A block of declarations is a file without its first line.
//   - Any other block is the body of a function with the variables ctx, t (a *testing.T), key, client (a *cio.Client of a fresh emulated
//     workspace) and srv (its *emulator.Server). It may return an error, which fails the test; so does a last assignment to err. What it
//     imports is found out.
//
// A line that holds nothing but "..." stands for code left out. A block of the language output right behind one of Go is what that prints.
//
// Nothing leaves the machine: requests to anything but a server of the block's own, Customer.io's hosts included, arrive in the emulator.
//
// A comment in front of a block changes what is done with it:
//
//	<!-- doctest: segment -->  is compiled with Segment's Go client, where that is in the module cache, and not run
//	<!-- doctest: parse -->    is only parsed: it needs a module that cannot be fetched
//
// CIOKIT_DOCTEST_DIR names a directory to write the generated module to, for other tools to check it too; by default it is a temporary one.
//
// # Everything else
//
// Relative links lead somewhere, and to a heading where they name one. Lines that begin with ciokit name commands and flags that there are.
// Blocks of YAML that map rows parse. Tables of rules, limits and references are complete.
package doctest
