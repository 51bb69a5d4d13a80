package cio

// Version is the version of this library. It is sent as the User-Agent and in every message's context.library.
const Version = "0.1.0"

const (
	libraryName = "ciokit-go"
	userAgent   = libraryName + "/" + Version
)
