// Package needs64 keeps what imports it from being built for systems of 32 bits, where its tests do not run. docs/platforms.md says what does.
package needs64
