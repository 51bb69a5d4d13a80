// Package wire writes JSON by appending to a buffer and reads just enough of it back: a member by its name, the members of an object
// in turn, whether bytes from outside are JSON at all.
//
// Messages are encoded once, on the caller's goroutine, into a buffer that is then queued, stored and sent as it is. encoding/json
// would build that buffer through reflection and copy it twice; it still does so here for a caller's own structs, which it knows best.
//
// Text that is not valid UTF-8 is written as the escape \ufffd, as encoding/json writes it, while a genuine U+FFFD is written as its
// own three bytes. So the escape marks, in finished bytes, that something was lost on the way in: InvalidText finds it.
package wire
