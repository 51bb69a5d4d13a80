// Package wire writes JSON by appending to a buffer. It also reads back just enough: a member by its name, the members of an object in
// turn, and whether bytes from outside are JSON at all.
//
// A message is encoded once, on the caller's goroutine, into a buffer that is then queued, stored and sent unchanged. encoding/json would
// build that buffer through reflection and copy it twice. It still does so here for a caller's own structs, which it knows best.
//
// Text that is not valid UTF-8 is written as the escape \ufffd, as encoding/json writes it. A real U+FFFD is written as its own three
// bytes. So in finished bytes the escape marks that something was lost, and InvalidText finds it.
package wire
